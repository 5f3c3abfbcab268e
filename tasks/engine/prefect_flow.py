"""A function that puts stages in order, as a Prefect flow run: its failure told with cause and
remedy, here or at a deployment.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from tasks.engine.replay import replaying
from tasks.engine.run_timings import reset_timings
from tasks.engine.stage import forced_stages
from tasks.engine.store_notes import tell_older_store
from tasks.language.reader_language import get_reader_language
from tasks.store.paths import hold_store, make_private_dir

if TYPE_CHECKING:
    from prefect import Flow

P = ParamSpec("P")
T = TypeVar("T")


class PrefectFlow(Generic[P, T]):
    """A flow whose every call is a flow run, except in a replay. Prefect is imported at the first
    run.
    """

    def __init__(self, function: Callable[P, T], name: str, run_name: str) -> None:
        self._function, self._name, self._run_name = use_store(function), name, run_name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """A flow run, inside another one its subflow."""
        if replaying.get():
            return self._function(*args, **kwargs)
        return self.as_prefect_flow(*args, **kwargs)

    @cached_property
    def as_prefect_flow(self) -> "Flow[P, T]":
        """As Prefect knows it; flows/entrypoints.py shows it to deployments."""
        from prefect import flow as make_flow

        from tasks.engine.orchestration.prefect_artifacts import publish_failure
        from tasks.engine.orchestration.remote_run import persist_result

        function = publish_failure(persist_result(self._function))
        return make_flow(name=self._name, flow_run_name=self._run_name)(function)

    def at(self, deployment: str | None) -> Callable[P, T]:
        """The flow itself, or a call of its deployment that returns the same type; raises PlanError
        where there is no such deployment.
        """
        if deployment is None:
            return self
        from tasks.engine.orchestration.remote_run import bind_to_deployment

        return bind_to_deployment(self.as_prefect_flow, deployment)


def use_store(function: Callable[P, T]) -> Callable[P, T]:
    """Let nothing of the store be removed while the function runs."""

    @wraps(function)
    def run_with_store(*args: P.args, **kwargs: P.kwargs) -> T:
        with hold_store():
            return function(*args, **kwargs)

    return run_with_store


def flow(name: str, run_name: str) -> Callable[[Callable[P, T]], PrefectFlow[P, T]]:
    """Make a function a flow; `run_name` is what people see on the dashboard."""
    return lambda function: PrefectFlow(function, name, run_name)


def start_run(redo: list[str], keep_timings: bool = False, tags: Sequence[str] = ()) -> None:
    """Start a run: note which stages are to be redone and what to find it by; a worker's store may
    be new, so keep its records private. Raises PlanError for a reader's language that is none.
    """
    get_reader_language()
    make_private_dir("results")
    tell_older_store()
    if not replaying.get():
        from tasks.engine.orchestration.stale_runs import register_run

        register_run(tags)
    forced_stages.set(frozenset(redo))
    if not keep_timings:
        reset_timings()
