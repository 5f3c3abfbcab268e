"""Which runs are alive: whoever dies without a word (kill -9, power) is told to Prefect by the next
run.

Prefect leaves such a run of the command on Running for ever, and a run that is running cannot be
retried. So each run holds a
lock on a file of its own; the kernel frees it with the process, and a file of this machine that
nobody holds is a dead run.
"""

import fcntl
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from tasks.store.paths import get_runs_dir

CLOCK_SKEW_SECONDS = 1.0  # seconds by which the clocks of the server and of the store may differ
_locked_files: dict[str, int] = {}  # descriptors, open as long as this process lives


def register_run(tags: Sequence[str] = ()) -> None:
    """Hold this run's lock, bury the dead, and tag the run."""
    folder = get_runs_dir() / "alive" / socket.gethostname()
    folder.mkdir(parents=True, exist_ok=True)
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    mark = folder / str(context.flow_run.id)
    lock_run_file(
        mark
    )  # before the dead are looked for: a retried run has a mark of its former life
    os.utime(mark)
    mark_stale_runs(folder)
    if tags:
        with get_client(sync_client=True) as client:
            client.update_flow_run(context.flow_run.id, tags={*context.flow_run.tags, *tags})


def lock_run_file(mark: Path) -> bool:
    """Lock a run's file for the life of this process; false where another process has it."""
    file = os.open(mark, os.O_WRONLY | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _locked_files[mark.name] = file
    return True


def mark_stale_runs(folder: Path) -> None:
    """Tell Prefect of each run whose process is gone; one that had ended anyway is forgotten."""
    dead = [
        mark for mark in folder.iterdir() if mark.name not in _locked_files and lock_run_file(mark)
    ]
    if not dead:
        return
    with get_client(sync_client=True) as client:
        for mark in dead:
            _mark_crashed(client, UUID(mark.name), mark.stat().st_mtime)
            mark.unlink()
            os.close(_locked_files.pop(mark.name))


def _mark_crashed(client: SyncPrefectClient, run_id: UUID, alive_until: float) -> None:
    """A run that began to run after its mark was made is being retried just now, and about to make
    a new one.
    """
    try:
        state = client.read_flow_run(run_id).state
    except ObjectNotFound:  # another server's
        return
    if (
        state is not None
        and state.is_running()
        and state.timestamp.timestamp() < alive_until + CLOCK_SKEW_SECONDS
    ):
        message = (
            "Its process was killed. Retry it, or run the same command again: what was finished is"
            " kept."
        )
        client.set_flow_run_state(run_id, Crashed(message=message), force=True)
