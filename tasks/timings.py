"""How long each stage took and how much memory it needed, kept beside the results so that a cached stage still tells."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pydantic import ValidationError

from tasks import mirror
from tasks.plan import Aside
from tasks.records import Row
from tasks.store import runs_dir, write_whole


class Timing(Row):
    """One stage of this run."""

    stage: str
    seconds: float
    memory_mb: float
    cached: bool = False


class Timings(Aside):
    """The stages so far; told to the report, never part of a cache key."""

    stages: tuple[Timing, ...] = ()


_told: ContextVar[list[Timing]] = ContextVar("told")


def start() -> None:
    """Forget the stages of an earlier run."""
    _told.set([])


def so_far() -> Timings:
    return Timings(stages=tuple(_told.get([])))


def tell(key: str, cached: bool) -> Timing:
    """Add a stage to this run, with the figures of when it was really done."""
    if not _place(key).is_file():
        mirror.pull(_place(key))
    try:
        timing = Timing.model_validate_json(_place(key).read_bytes()).model_copy(update={"cached": cached})
    except (FileNotFoundError, ValidationError):  # done on a machine that does not share this store
        timing = Timing(stage=key.partition("/")[0], seconds=0.0, memory_mb=0.0, cached=cached)
    _told.get([]).append(timing)  # one list for all threads of a run
    return timing


@contextmanager
def measured(key: str) -> Iterator[None]:
    """Time the block and note it under its stage's key."""
    begin = time.perf_counter()
    yield
    timing = Timing(stage=key.partition("/")[0], seconds=round(time.perf_counter() - begin, 3), memory_mb=round(peak_memory_mb(), 1))
    write_whole(_place(key), timing.model_dump_json().encode())
    mirror.push(_place(key))


def peak_memory_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _place(key: str) -> Path:
    return runs_dir() / "timings" / f"{key}.json"
