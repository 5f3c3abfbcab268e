"""One model at a time on a card, whoever sends it there: two workers on one machine, a worker and a
command, two runs of one worker.

A limit on Prefect's server could not do this. That of a deployment counts runs wherever they are
and tries again only every 30 s;
that of a pool must be told each time a machine comes or goes; that of a worker ends with the
worker. The card belongs to the
machine, so its lock does, too: whoever comes next waits for a stage, not for a study, and the
kernel frees a killed one's lock.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.language.catalogue import tell_reader
from tasks.store.lock_files import lock_file, try_lock_file
from tasks.store.paths import get_runs_dir
from tasks.store.progress import print_status


@contextmanager
def lock_device(device: str) -> Iterator[None]:
    """Hold the card (`cuda`, `cuda:1`, `mps`) while the block runs; a CPU is shared."""
    if device == "cpu":
        yield
        return
    cards = os.environ.get(
        "CUDA_VISIBLE_DEVICES", ""
    )  # two workers with a card each do not wait for one another
    card = "cuda:0" if device == "cuda" else device
    place = (
        get_runs_dir()
        / "locks"
        / f"card-{socket.gethostname()}-{card.replace(':', '-')}-{cards.replace('/', '-')}"
    )
    if (free := try_lock_file(place)) is None:
        print_status("  " + tell_reader("waiting-for-card", device=device))
    else:
        os.close(free)
    with lock_file(place):
        yield
