"""Tell Prefect that a run was cancelled by its user when this process is stopped by a signal."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from tasks import stopping

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

MESSAGE = "Cancelled by its user. What was finished is kept; the same command goes on from there."
STOPPED = "stopped. What was finished is kept; the same command goes on from there."
_here: list[UUID] = []  # runs of this process that have not ended, the outermost first
_elsewhere: list[UUID] = []  # runs of workers that this process waits for


def stop_on_signals(name: str) -> None:
    """Let SIGINT, SIGTERM and SIGHUP end this process within 5 s, with Prefect told."""
    stopping.stop_on_signals(f"{name}: {STOPPED}", cancel_runs)


@contextmanager
def cancellable_here() -> Iterator[None]:
    """The flow run of this context, for as long as the block runs.

    Prefect's flow engine has just installed a SIGTERM handler of its own, so ours are installed again.
    """
    from prefect.context import FlowRunContext

    if "PREFECT__FLOW_RUN_ID" in os.environ and _is_main_thread():  # a worker started this process
        stop_on_signals("flow run")
    stopping.keep_handlers()
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        yield
        return
    with _listed(_here, context.flow_run.id):
        yield


def cancellable_elsewhere(run_id: UUID) -> AbstractContextManager[None]:
    """A worker's run, for as long as this process waits for it."""
    return _listed(_elsewhere, run_id)


def cancel_runs() -> None:
    """Set every unfinished run of this process to Cancelled, and ask workers to cancel theirs."""
    if not (_here or _elsewhere):
        return
    import httpx
    from prefect import get_client

    try:
        with get_client(sync_client=True) as client:
            _cancel(client)
    except httpx.HTTPError as error:  # the next run of the command tells Prefect that it crashed
        sys.stderr.write(f"Prefect could not be told: {type(error).__name__}\n")


def _cancel(client: "SyncPrefectClient") -> None:
    from prefect.states import Cancelled, Cancelling

    for run_id in list(_elsewhere):
        client.set_flow_run_state(run_id, Cancelling(message=MESSAGE))
    for run_id in list(_here):
        client.set_flow_run_state(run_id, Cancelled(message=MESSAGE), force=True)


@contextmanager
def _listed(runs: list[UUID], run_id: UUID) -> Iterator[None]:
    runs.append(run_id)
    try:
        yield
    finally:
        runs.remove(run_id)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
