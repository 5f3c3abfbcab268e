"""A stage as a Prefect task run: its name and state on the dashboard, retries while a writer is
busy, progress.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import cached_property, partial
from inspect import getdoc
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tasks.engine.replay import making, replaying
from tasks.engine.stage import Stage
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import WriterUnavailable
from tasks.schemas.messages import Value
from tasks.store.progress import ProgressCallback, show_progress_bar

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State

P = ParamSpec("P")
T = TypeVar("T")
RunName = (
    str | Callable[[dict[str, Any]], str]
)  # a template, or a function of the stage's parameters

ARTIFACT_SECONDS = 5.0  # how often the dashboard's progress moves; work shorter than that has none
# the work waits for each move: so many times as long as one took there is none, or a server that
# is silent would hold up each page of a book until its time is over
ARTIFACT_REST = 20.0  # 5 % of the time at most


class PrefectStage(Stage[P, T]):
    """A stage whose every call is a task run, except in a replay; Prefect keeps nothing of its
    result. Prefect is imported at the first run.
    """

    def __init__(self, function: Callable[P, T], run_name: RunName, **options: Any) -> None:
        super().__init__(function, **options)
        self._run_name = run_name if isinstance(run_name, str) else _as_run_name(run_name)

    @cached_property
    def task(self) -> "Task[..., Any]":
        """As Prefect knows it."""
        from prefect import task
        from prefect.cache_policies import NO_CACHE
        from prefect.tasks import exponential_backoff

        return task(
            name=self.name,
            description=getdoc(self._function),
            task_run_name=self._run_name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=5),
            retry_jitter_factor=0.5,
            retry_condition_fn=_is_worth_retrying,
        )(self._as_task())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the stage as a task run, or find what it gave before: then the run's state is
        Cached.
        """
        if replaying.get():
            call = self.bind(*args, **kwargs)
            return self.run(call)[0] if making.get() else self.find(call)
        state: Any = self.task(*args, **kwargs, return_state=True)
        result: T = state.result()
        return result

    def map(self, calls: Sequence[dict[str, Any]], *, at_once: int) -> list[T]:
        """Do many by their arguments, `at_once` at a time, each as a task run of its own; results
        in the order of the calls.
        """
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            futures = [pool.submit(copy_context().run, partial(self, **call)) for call in calls]
            return [future.result() for future in futures]

    def _as_task(self) -> Callable[P, Any]:
        from prefect.states import Completed

        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            result, is_cached = self.run(self.bind(*args, **kwargs))
            return Completed(name="Cached", data=result) if is_cached else result

        run.__name__, run.__doc__ = self._function.__name__, self._function.__doc__
        run.__signature__ = self._signature  # type: ignore[attr-defined]
        return run


def stage(run_name: RunName, **options: Any) -> Callable[[Callable[P, T]], PrefectStage[P, T]]:
    """Make a function a stage; `run_name` is what people see on the dashboard; options are those of
    `Stage`.
    """
    return lambda function: PrefectStage(function, run_name, **options)


@contextmanager
def report_progress(code: str, /, **values: Value) -> Iterator[ProgressCallback]:
    """Progress on the terminal and, for recorded work of more than a few seconds, on the
    dashboard.
    """
    label, is_recorded = tell_reader(code, **values), not replaying.get()
    with show_progress_bar(label) as terminal:
        artifact = ProgressArtifact(label)

        def report(done: float, total: float, note: str = "") -> None:
            terminal(done, total, note)
            if is_recorded and artifact.is_due():
                artifact.update(100.0 * done / total if total else 0.0, note)

        yield report
        if artifact.id is not None:
            artifact.update(100.0, "")


class ProgressArtifact:
    """A bar on the dashboard, made when it is first needed."""

    def __init__(self, label: str) -> None:
        self.label, self._due = label, time.monotonic() + ARTIFACT_SECONDS
        self.id: Any = None
        self._run = copy_context()  # the stage's own threads do not know which run they work for

    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def update(self, percent: float, note: str) -> None:
        """Move the bar; a server that is away or slow does not stop the work."""
        import httpx

        begun = time.monotonic()
        with suppress(httpx.HTTPError):
            self._run.copy().run(self._send, percent, note)
        ended = time.monotonic()
        self._due = ended + max(ARTIFACT_SECONDS, ARTIFACT_REST * (ended - begun))

    def _send(self, percent: float, note: str) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        if self.id is None:
            self.id = create_progress_artifact(progress=percent, description=self.label)
        else:
            update_progress_artifact(
                artifact_id=self.id, progress=percent, description=f"{self.label} {note}".strip()
            )


def _as_run_name(name: Callable[[dict[str, Any]], str]) -> Callable[..., str]:
    def run_name(parameters: dict[str, Any]) -> str:
        return name(parameters)

    return run_name


def _is_worth_retrying(task: "Task[..., Any]", run: Any, state: "State[Any]") -> bool:
    """Only a writer that was busy is asked again; any other failure would fail again."""
    return isinstance(state.result(raise_on_failure=False), WriterUnavailable)
