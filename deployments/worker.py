"""A worker for one pool, with our settings: `book2lora-worker cpu` or `book2lora-worker gpu`; `--limit N` for more runs at once."""

import signal
import sys
from typing import TYPE_CHECKING, Any

from deployments.register import POOLS, ensure_server, say_and_leave
from tasks.errors import PlanError, StudyError

if TYPE_CHECKING:
    from prefect.client.schemas.responses import WorkerFlowRunResponse
    from prefect.workers.base import BaseWorker

HELP = ("-h", "--help")


def main() -> None:
    """Be Prefect's process worker. Exit codes: 1 the server is away or refuses, 2 no server or no such pool is named."""
    from flows.settings import settle

    settle(verbose=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's `&` lets it be ignored; Prefect ends a worker by it alone
    try:
        pool, options = asked(sys.argv[1:])
        if not {*HELP} & {*options}:
            ensure_server()
    except StudyError as error:
        say_and_leave("book2lora-worker", error)
    from prefect.cli import app
    from prefect.workers.process import ProcessWorker

    take_nothing_twice(ProcessWorker)
    sys.argv = ["prefect", *start(pool, *options)]
    app()


def asked(arguments: list[str]) -> tuple[str, list[str]]:
    """The pool and what else Prefect is to be told; raises PlanError for a pool that nobody sends runs to."""
    pool, *options = arguments or ["cpu"]
    if pool in HELP:
        return "cpu", arguments
    if pool not in POOLS:
        raise PlanError(f"{pool!r}: no such pool. Pools: {', '.join(POOLS)}; then Prefect's own options, e.g. --limit 2.")
    return pool, options


def start(pool: str, *options: str) -> list[str]:
    """Prefect's arguments, with the limit of POOLS where none is told.

    The limit is the worker's: what it has no room for waits in the queue, goes to another worker, and is begun as soon as there is
    room. One of the deployment would try again every 30 s only; one of the pool would let the first worker take what the second
    could do. That two workers of one machine do not put two models on one card is tasks/card.py's business.
    """
    is_told = any(option.startswith(("--limit", "-l")) for option in options)
    limit = [] if is_told else ["--limit", str(POOLS[pool])]
    return ["worker", "start", "--pool", pool, *limit, *options]


def take_nothing_twice(worker: "type[BaseWorker[Any, Any, Any]]") -> None:
    """A run that is retried while its process still holds a place waits until that has ended; Prefect 3.8.8 would end the worker."""
    submit = worker._submit_scheduled_flow_runs

    async def submit_others(self: "BaseWorker[Any, Any, Any]", flow_run_response: "list[WorkerFlowRunResponse]") -> object:
        held = set(self._limiter.statistics().borrowers) if self._limiter else set()
        return await submit(self, [one for one in flow_run_response if one.flow_run.id not in held])

    worker._submit_scheduled_flow_runs = submit_others  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    main()
