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

from tasks.engine.orchestration.cancellation import cancellable_elsewhere
from tasks.engine.orchestration.prefect_api import get_deployment
from tasks.engine.orchestration.prefect_artifacts import publish_markdown
from tasks.engine.orchestration.stale_runs import register_run
from tasks.engine.run_timings import reset_timings
from tasks.engine.stage import forced_stages
from tasks.language.catalogue import tell_reader
from tasks.language.reader_language import get_reader_language
from tasks.schemas.errors import StudyError
from tasks.store import remote_store
from tasks.store.artifact_folders import StudyFolder
from tasks.store.paths import get_runs_dir, make_private_dir, write_atomically
from tasks.store.progress import print_status

P = ParamSpec("P")
T = TypeVar("T")
PICKUP_SECONDS = 120.0  # a worker polls every few seconds; past this there is none
POLL_SECONDS = 2.0


def start_run(redo: list[str], keep_timings: bool = False, tags: Sequence[str] = ()) -> None:
    """Start a run: note which stages are to be redone and what to find it by; a worker's store may
    be new, so keep its records private. Raises PlanError for a reader's language that is none.
    """
    get_reader_language()
    make_private_dir("results")
    register_run(tags)
    forced_stages.set(frozenset(redo))
    if not keep_timings:
        reset_timings()


def bind_to_deployment(flow: Flow[..., T], deployment: str | None) -> Callable[..., T]:
    """The flow itself, or a call of its deployment that returns the same type; raises PlanError
    where there is no such deployment.
    """
    if deployment is None:
        return flow
    get_deployment(deployment)
    kind: TypeAdapter[T] = TypeAdapter(get_type_hints(flow.fn)["return"])

    def call_deployment(*args: Any, **kwargs: Any) -> T:
        names = list(flow.parameters.properties)
        parameters = TypeAdapter(dict[str, Any]).dump_python(
            dict(zip(names, args, strict=False)) | kwargs, mode="json"
        )
        print_status("  → " + tell_reader("waiting-for-worker", deployment=deployment))
        run: FlowRun = run_deployment(  # type: ignore[assignment]
            deployment, parameters=parameters, timeout=0, as_subflow=True
        )
        with cancellable_elsewhere(run.id):
            state = _wait_for_run(run, deployment)
        if not state.is_completed():
            raise StudyError(
                f"{deployment} ended {state.name}: {state.message}. Look at its run {run.name!r} on"
                " the dashboard, then run the same command again."
            )
        return kind.validate_json(_read_result(run, deployment))

    return call_deployment


def persist_result(function: Callable[P, T]) -> Callable[P, T]:
    """Let a flow that was asked for at its deployment leave its result in the store; who asked may
    be on another machine.
    """
    kind: TypeAdapter[T] = TypeAdapter(get_type_hints(function)["return"])

    @wraps(function)
    def run_and_persist(*args: P.args, **kwargs: P.kwargs) -> T:
        result, context = function(*args, **kwargs), FlowRunContext.get()
        if context and context.flow_run and context.flow_run.deployment_id:
            write_atomically(_get_result_path(context.flow_run.id), kind.dump_json(result))
            remote_store.push_path(_get_result_path(context.flow_run.id))
        return result

    return run_and_persist


def _get_result_path(run_id: UUID) -> Path:
    return get_runs_dir() / "handed" / f"{run_id}.json"


def _read_result(run: FlowRun, deployment: str) -> bytes:
    place = _get_result_path(run.id)
    if not place.is_file() and not remote_store.pull_file(place):
        raise StudyError(
            f"{deployment} is done, but {place} is not there: give both machines the same store"
            " (RUNS_DIR)."
        )
    return place.read_bytes()


def publish_study(folder: StudyFolder) -> str:
    """Point runs/latest to the study, and show its report on the dashboard."""
    link, part = get_runs_dir() / "latest", get_runs_dir() / f".latest-{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(Path("studies") / folder.name)
    part.replace(link)
    publish_markdown(
        (folder.path / "report.md").read_text("utf-8"), "report", f"study {folder.name}"
    )
    return str(folder.path)


def _wait_for_run(run: FlowRun, deployment: str) -> Any:
    """The last state of a deployment's run; raises StudyError where no worker is there to take it
    up. Busy ones are waited for.
    """
    begun = time.monotonic()
    with get_client(sync_client=True) as client:
        while True:
            now = client.read_flow_run(run.id)
            if now.state is not None and now.state.is_final():
                return now.state
            is_waiting = now.state is None or now.state.is_scheduled()
            if (
                is_waiting
                and time.monotonic() - begun > PICKUP_SECONDS
                and not _has_worker(client, now.work_pool_name)
            ):
                client.set_flow_run_state(
                    run.id, Cancelled(message="no worker took it up"), force=True
                )
                raise StudyError(
                    f"no worker took up {deployment} within {PICKUP_SECONDS:.0f} s. Start one"
                    " (`book2lora-worker gpu`), or run without --gpu."
                )
            time.sleep(POLL_SECONDS)


def _has_worker(client: SyncPrefectClient, pool: str | None) -> bool:
    """Whether a pool has a worker, busy or not, and is not paused; a worker that is gone counts for
    another minute and a half.
    """
    return pool is not None and client.read_work_pool(pool).status == WorkPoolStatus.READY
