"""Tell Prefect that a run was cancelled by its user when this process is stopped by a signal."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from tasks.language.catalogue import tell_reader
from tasks.store import stop_signals
from tasks.store.lock_files import open_log
from tasks.store.paths import get_runs_dir

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, TaskRun

_here: list[UUID] = []  # runs of this process that have not ended, the outermost first
_elsewhere: list[UUID] = []  # runs of workers that this process waits for


def stop_on_signals(name: str) -> None:
    """Let SIGINT, SIGTERM and SIGHUP end this process within 5 s, with Prefect told."""
    stop_signals.stop_on_signals(lambda: tell_reader("stopped", name=name), cancel_runs)


@contextmanager
def cancellable_here() -> Iterator[None]:
    """The flow run of this context, for as long as the block runs.

    Prefect's flow engine has just installed a SIGTERM handler of its own, so ours are installed
    again.
    """
    from prefect.context import FlowRunContext

    if (
        not stop_signals.is_installed()
        and "PREFECT__FLOW_RUN_ID" in os.environ
        and _is_main_thread()
    ):
        # a worker started this process
        _log_to_own_file(os.environ["PREFECT__FLOW_RUN_ID"])
        stop_on_signals("flow run")
    stop_signals.keep_handlers()
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
    set_cancelled(list(_here), list(_elsewhere))


def set_cancelled(run_ids: Sequence[UUID], elsewhere: Sequence[UUID] = ()) -> None:
    """Set runs with their subflows to Cancelled, and to Cancelling those that a worker must end.

    A server that is away is told in a line; the next run of the command then marks the run as
    crashed.
    """
    if not (run_ids or elsewhere):
        return
    import httpx
    from prefect import get_client
    from prefect.states import Cancelled, Cancelling

    told = tell_reader("cancelled")
    try:
        with get_client(sync_client=True) as client:
            for run_id in elsewhere:
                client.set_flow_run_state(run_id, Cancelling(message=told))
            for run_id in run_ids:
                client.set_flow_run_state(run_id, Cancelled(message=told), force=True)
            for subflow in _unfinished_subflows(client, run_ids):
                if subflow.deployment_id:
                    client.set_flow_run_state(subflow.id, Cancelling(message=told))
                else:
                    client.set_flow_run_state(subflow.id, Cancelled(message=told), force=True)
            for task in _unfinished_tasks(client, run_ids):
                client.set_task_run_state(task.id, Cancelled(message=told), force=True)
    except httpx.HTTPError as error:
        sys.stderr.write(tell_reader("prefect-not-told", why=type(error).__name__) + "\n")


def _unfinished_subflows(client: "SyncPrefectClient", run_ids: Sequence[UUID]) -> "list[FlowRun]":
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId

    of_these = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=list(run_ids)))
    found = client.read_flow_runs(flow_run_filter=of_these) if run_ids else []
    return [
        run
        for run in found
        if run.state is None or not (run.state.is_final() or run.state.is_cancelling())
    ]


def _unfinished_tasks(client: "SyncPrefectClient", run_ids: Sequence[UUID]) -> "list[TaskRun]":
    """The stages that were under way, and the stand-ins for subflows."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    of_these = FlowRunFilter(id=FlowRunFilterId(any_=list(run_ids)))
    found = client.read_task_runs(flow_run_filter=of_these) if run_ids else []
    return [run for run in found if run.state is None or not run.state.is_final()]


@contextmanager
def _listed(runs: list[UUID], run_id: UUID) -> Iterator[None]:
    runs.append(run_id)
    try:
        yield
    finally:
        runs.remove(run_id)


def _log_to_own_file(run_id: str) -> None:
    """The output goes to a pipe of the worker, which breaks when the worker dies; a file
    does not.
    """
    with os.fdopen(open_log(get_runs_dir() / "logs" / f"flow-run-{run_id}.log"), "ab") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
