"""Which numbers a large model is computed in on a CPU: measured once for each model, kept in the
store, and followed from then on.

So base and tuned model, and a training before and after it was killed, are computed alike, also
where a busy core or another
machine with the same store would measure otherwise. `machine.dtype` sets it by hand; a record that
is deleted is measured anew.
"""

import functools
import time

import torch

from tasks.store import remote_store
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically

# times faster that bfloat16 must be: it rounds log-likelihoods by 0.1 to 0.2 nats, for a little
# speed it is not worth that
REQUIRED_SPEEDUP = 1.2
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def choose_cpu_dtype(digest: str) -> torch.dtype:
    """The kind of number for the model with this digest; outside of a store there is nothing to
    keep in step with.
    """
    if not get_runs_dir().is_dir():
        return DTYPES[_measure_faster_dtype()]
    place = get_runs_dir() / "precision" / f"{digest}.txt"
    with hold_lock(f"precision-{digest}"):
        kept = (
            place.read_text("utf-8").strip()
            if place.is_file() or remote_store.pull_file(place)
            else ""
        )
        if kept not in DTYPES:
            kept = _measure_faster_dtype()
            write_atomically(place, kept.encode())
            remote_store.push_path(place)
        return DTYPES[kept]


@functools.cache
def _measure_faster_dtype() -> str:
    """Measured, not assumed: on CPUs without bfloat16 instructions it is several times slower."""
    return (
        "bfloat16"
        if REQUIRED_SPEEDUP * measure_matmul_seconds(torch.bfloat16)
        < measure_matmul_seconds(torch.float32)
        else "float32"
    )


def measure_matmul_seconds(dtype: torch.dtype, size: int = 1024) -> float:
    """The fastest of five products of (128, size) and (size, size)."""
    a, b = torch.ones(128, size, dtype=dtype), torch.ones(size, size, dtype=dtype)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return min(times)
