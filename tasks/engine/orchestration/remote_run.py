"""Run a flow at a deployment, and bring home what it gave."""

import time
from collections.abc import Callable
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
from tasks.engine.runs.run_needs import note_artifacts
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import StudyError
from tasks.schemas.messages import build_message
from tasks.store import remote_store
from tasks.store.paths import get_runs_dir, write_atomically
from tasks.store.progress import print_status

P = ParamSpec("P")
T = TypeVar("T")
PICKUP_SECONDS = 120.0  # a worker polls every few seconds; past this there is none
POLL_SECONDS = 2.0


def bind_to_deployment(flow: Flow[..., T], deployment: str) -> Callable[..., T]:
    """A call of a flow's deployment that returns the same type; raises PlanError where there is no
    such deployment.
    """
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
                build_message(
                    "run-ended",
                    deployment=deployment,
                    state=str(state.name),
                    why=str(state.message),
                    run=repr(run.name),
                )
            )
        result = kind.validate_json(_read_result(run, deployment))
        note_artifacts(result)
        return result

    return call_deployment


def persist_result(function: Callable[P, T]) -> Callable[P, T]:
    """Let a flow that another run asked for at its deployment leave its result in the store; who
    asked may be on another machine.
    """
    kind: TypeAdapter[T] = TypeAdapter(get_type_hints(function)["return"])

    @wraps(function)
    def run_and_persist(*args: P.args, **kwargs: P.kwargs) -> T:
        result, context = function(*args, **kwargs), FlowRunContext.get()
        run = context.flow_run if context else None
        if run and run.deployment_id and run.parent_task_run_id:
            write_atomically(_get_result_path(run.id), kind.dump_json(result))
            remote_store.push_path(_get_result_path(run.id))
        return result

    return run_and_persist


def _get_result_path(run_id: UUID) -> Path:
    return get_runs_dir() / "handed" / f"{run_id}.json"


def _read_result(run: FlowRun, deployment: str) -> bytes:
    place = _get_result_path(run.id)
    if not place.is_file() and not remote_store.pull_file(place):
        raise StudyError(build_message("result-not-here", deployment=deployment, path=str(place)))
    return place.read_bytes()


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
                    build_message("no-worker", deployment=deployment, seconds=round(PICKUP_SECONDS))
                )
            time.sleep(POLL_SECONDS)


def _has_worker(client: SyncPrefectClient, pool: str | None) -> bool:
    """Whether a pool has a worker, busy or not, and is not paused; a worker that is gone counts for
    another minute and a half.
    """
    return pool is not None and client.read_work_pool(pool).status == WorkPoolStatus.READY
