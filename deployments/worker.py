"""A worker for one pool, with our settings: `book2lora-worker cpu` or `book2lora-worker gpu`;
`--limit N` for more runs at once.
"""

import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deployments.register import POOLS, ensure_server_reachable, exit_with_error
from tasks.engine.orchestration.cancellation import set_cancelled
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.messages import build_message
from tasks.store.stop_signals import kill_children, stop_on_signals

if TYPE_CHECKING:
    from prefect.client.schemas.responses import WorkerFlowRunResponse
    from prefect.workers.base import BaseWorker

HELP = ("-h", "--help")
NAME = "book2lora-worker"
LAST_WORDS_SECONDS = 2.5  # less than the dashboard waits for it
_workers: list["BaseWorker[Any, Any, Any]"] = []  # of this process, one


def main() -> None:
    """Be Prefect's process worker. Exit codes: 1 the server is away or refuses, 2 no server or no
    such pool is named.

    129, 130, 143: stopped by SIGHUP, SIGINT, SIGTERM; its runs are ended and Cancelled.
    """
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    configure_prefect(verbose=True)
    try:
        pool, options = parse_arguments(sys.argv[1:])
        if not {*HELP} & {*options}:
            ensure_server_reachable()
    except StudyError as error:
        exit_with_error(NAME, error)
    from prefect.cli import app
    from prefect.utilities import processutils
    from prefect.workers.process import ProcessWorker

    skip_running_flow_runs(ProcessWorker)
    processutils.setup_signal_handlers_worker = lambda *_: (
        None
    )  # a worker of Prefect would wait for its runs
    stop_on_signals(
        lambda: tell_reader("worker-stopped", name=NAME), end_runs, seconds=LAST_WORDS_SECONDS
    )
    sys.argv = ["prefect", *build_worker_arguments(pool, *options)]
    app()


def parse_arguments(arguments: list[str]) -> tuple[str, list[str]]:
    """The pool and what else Prefect is to be told; raises PlanError for a pool that nobody sends
    runs to.
    """
    pool, *options = arguments or ["cpu"]
    if pool in HELP:
        return "cpu", arguments
    if pool not in POOLS:
        raise PlanError(build_message("no-such-pool", pool=repr(pool), known=tuple(POOLS)))
    return pool, options


def build_worker_arguments(pool: str, *options: str) -> list[str]:
    """Prefect's arguments, with the limit of POOLS where none is told.

    The limit is the worker's: what it has no room for waits in the queue, goes to another worker,
    and is begun as soon as there is
    room. One of the deployment would try again every 30 s only; one of the pool would let the first
    worker take what the second
    could do. That two workers of one machine do not put two models on one card is
    tasks/engine/gpu_lock.py's business.
    """
    is_told = any(option.startswith(("--limit", "-l")) for option in options)
    limit = [] if is_told else ["--limit", str(POOLS[pool])]
    return ["worker", "start", "--pool", pool, *limit, *options]


def skip_running_flow_runs(worker: "type[BaseWorker[Any, Any, Any]]") -> None:
    """A run that is retried while its process still holds a place waits until that has ended;
    Prefect 3.8.8 would end the worker.
    """
    submit = worker._submit_scheduled_flow_runs

    async def submit_not_running(
        self: "BaseWorker[Any, Any, Any]", flow_run_response: "list[WorkerFlowRunResponse]"
    ) -> object:
        _workers[:] = [self]
        held = held_runs(self)
        return await submit(self, [one for one in flow_run_response if one.flow_run.id not in held])

    patched: Any = worker
    patched._submit_scheduled_flow_runs = submit_not_running


def held_runs(worker: "BaseWorker[Any, Any, Any]") -> set[UUID]:
    """The flow runs whose processes hold a place of the worker."""
    borrowers = worker._limiter.statistics().borrowers if worker._limiter else ()
    return {run_id for run_id in borrowers if isinstance(run_id, UUID)}


def end_runs() -> None:
    """Kill the processes of all runs, so that nothing more is paid for, then tell Prefect."""
    kill_children()
    set_cancelled([run for worker in _workers for run in held_runs(worker)])


if __name__ == "__main__":
    main()
