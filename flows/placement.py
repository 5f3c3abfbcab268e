"""Run a flow here, or at a deployment; begin a run and publish what it made."""

import os
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints
from uuid import UUID

from prefect import Flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, WorkPoolStatus
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.states import Cancelled
from pydantic import TypeAdapter

from flows.presence import attend
from flows.reaching import deployed
from flows.showing import show
from flows.stopping import cancellable_elsewhere
from tasks import mirror, timings
from tasks.errors import StudyError
from tasks.folders import StudyFolder
from tasks.progress import say
from tasks.staging import to_redo
from tasks.store import private, runs_dir, write_whole

P = ParamSpec("P")
T = TypeVar("T")
PICKUP_SECONDS = 120.0  # a worker polls every few seconds; past this there is none
POLL_SECONDS = 2.0


def begin(redo: list[str], keep_timings: bool = False, tags: Sequence[str] = ()) -> None:
    """Start a run: note which stages are to be redone and what to find it by; a worker's store may be new, so keep its records private."""
    private("results")
    attend(tags)
    to_redo.set(frozenset(redo))
    if not keep_timings:
        timings.start()


def placed(flow: Flow[..., T], deployment: str | None) -> Callable[..., T]:
    """The flow itself, or a call of its deployment that returns the same type; raises PlanError where there is no such deployment."""
    if deployment is None:
        return flow
    deployed(deployment)
    kind: TypeAdapter[T] = TypeAdapter(get_type_hints(flow.fn)["return"])

    def elsewhere(*args: Any) -> T:
        names = list(flow.parameters.properties)
        parameters = TypeAdapter(dict[str, Any]).dump_python(dict(zip(names, args, strict=False)), mode="json")
        say(f"  → {deployment}: waiting for a worker")
        run: FlowRun = run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=True)  # type: ignore[assignment]
        with cancellable_elsewhere(run.id):
            state = _finished(run, deployment)
        if not state.is_completed():
            raise StudyError(
                f"{deployment} ended {state.name}: {state.message}. Look at its run {run.name!r} on the dashboard, then run the same command again."
            )
        return kind.validate_json(_handed_over(run, deployment))

    return elsewhere


def handing_over(function: Callable[P, T]) -> Callable[P, T]:
    """Let a flow that was asked for at its deployment leave its result in the store; who asked may be on another machine."""
    kind: TypeAdapter[T] = TypeAdapter(get_type_hints(function)["return"])

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        result, context = function(*args, **kwargs), FlowRunContext.get()
        if context and context.flow_run and context.flow_run.deployment_id:
            write_whole(_handed(context.flow_run.id), kind.dump_json(result))
            mirror.push(_handed(context.flow_run.id))
        return result

    return run


def _handed(run_id: UUID) -> Path:
    return runs_dir() / "handed" / f"{run_id}.json"


def _handed_over(run: FlowRun, deployment: str) -> bytes:
    place = _handed(run.id)
    if not place.is_file() and not mirror.pull(place):
        raise StudyError(f"{deployment} is done, but {place} is not there: give both machines the same store (RUNS_DIR).")
    return place.read_bytes()


def publish(folder: StudyFolder) -> str:
    """Point runs/latest to the study, and show its report on the dashboard."""
    link, part = runs_dir() / "latest", runs_dir() / f".latest-{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(Path("studies") / folder.name)
    part.replace(link)
    show((folder.path / "report.md").read_text("utf-8"), "report", f"study {folder.name}")
    return str(folder.path)


def _finished(run: FlowRun, deployment: str) -> Any:
    """The last state of a deployment's run; raises StudyError where no worker is there to take it up. Busy ones are waited for."""
    begun = time.monotonic()
    with get_client(sync_client=True) as client:
        while True:
            now = client.read_flow_run(run.id)
            if now.state is not None and now.state.is_final():
                return now.state
            is_waiting = now.state is None or now.state.is_scheduled()
            if is_waiting and time.monotonic() - begun > PICKUP_SECONDS and not _is_served(client, now.work_pool_name):
                client.set_flow_run_state(run.id, Cancelled(message="no worker took it up"), force=True)
                raise StudyError(
                    f"no worker took up {deployment} within {PICKUP_SECONDS:.0f} s. Start one (`book2lora-worker gpu`), or run without --gpu."
                )
            time.sleep(POLL_SECONDS)


def _is_served(client: SyncPrefectClient, pool: str | None) -> bool:
    """Whether a pool has a worker, busy or not, and is not paused; a worker that is gone counts for another minute and a half."""
    return pool is not None and client.read_work_pool(pool).status == WorkPoolStatus.READY
