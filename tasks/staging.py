"""How Prefect runs a stage: found again by its key, checked before it is believed, one at a time, timed, retried."""

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

import httpx
from prefect import Task, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import CachePolicy
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff
from pydantic import BaseModel, TypeAdapter, ValidationError
from rich.markup import escape

from tasks import mirror, timings
from tasks.artifacts import Handle
from tasks.card import alone_on
from tasks.errors import MissingArtifact, WriterUnavailable
from tasks.identity import stage_key
from tasks.plain_json import PlainJson
from tasks.progress import Progress, bar, say
from tasks.scrubbing import scrubbed
from tasks.store import one_at_a_time, private, writable

P = ParamSpec("P")
T = TypeVar("T")
RunName = str | Callable[[dict[str, Any]], str]  # a template, or a function of the stage's parameters

to_redo: ContextVar[frozenset[str]] = ContextVar("to_redo", default=frozenset())
ARTIFACT_SECONDS = 5.0  # how often the dashboard's progress moves; work shorter than that has none


@dataclass
class StageKey(CachePolicy):
    """The stage's name, its version and the identity of its inputs; never the run, the machine or a path."""

    version: int = 1

    def compute_key(self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any) -> str:
        return stage_key(task_ctx.task.name, self.version, inputs)


class Stage(Generic[P, T]):
    """A Prefect task that hands over handles; its record holds plain JSON, made into the declared type on return."""

    def __init__(self, function: Callable[P, T], version: int, run_name: RunName, on_card: bool = False) -> None:
        self.name = function.__name__
        self.version = version
        self._on_card = on_card
        self._signature = inspect.signature(function)
        self._type: TypeAdapter[T] = TypeAdapter(get_type_hints(function)["return"])
        self.task: Task[..., Any] = task(
            name=self.name,
            description=inspect.getdoc(function),
            task_run_name=run_name if isinstance(run_name, str) else _named(run_name),
            cache_policy=StageKey(version=version),
            persist_result=True,
            result_serializer=PlainJson(),
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=5),
            retry_jitter_factor=0.5,
            retry_condition_fn=_is_worth_retrying,
        )(self._recorded(function))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the stage, or find what it gave before; what was found is checked, and made again where it is gone."""
        key = self.key(*args, **kwargs)
        record = private("results") / key
        with one_at_a_time(key):
            _ = record.is_file() or mirror.pull(record)
            state = self._run(self.name in to_redo.get(), *args, **kwargs)
            try:
                result = self._sound(state)
            except (MissingArtifact, ValidationError) as unsound:
                say(f"  [yellow]{self.name}[/]: {escape(_reason(unsound))} Doing it again.")
                state = self._run(True, *args, **kwargs)
                result = self._sound(state)
            if not (cached := state.name == "Cached"):
                mirror.push(record)
        timing = timings.tell(key, cached)
        say(f"  [green]✓[/] {self.name:<18} {'cached' if cached else f'{timing.seconds:.1f} s'}")
        return result

    def together(self, calls: Sequence[tuple[Any, ...]], at_once: int) -> list[T]:
        """Do many, `at_once` at a time, each as a task run of its own; results in the order of the calls."""
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            futures = [pool.submit(copy_context().run, partial(self, *call)) for call in calls]
            return [future.result() for future in futures]

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The cache key of a call."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return stage_key(self.name, self.version, bound.arguments)

    def _sound(self, state: State[Any]) -> T:
        """The result in its declared type, with all that it stands for in place; raises what the stage raised."""
        result = self._type.validate_python(state.result())
        check(result)
        return result

    def _run(self, refresh: bool, *args: Any, **kwargs: Any) -> State[Any]:
        here = self.task.with_options(refresh_cache=refresh, result_storage=private("results"))
        state: State[Any] = here(*args, **kwargs, return_state=True)
        return state

    def _placed(self, *args: Any, **kwargs: Any) -> AbstractContextManager[None]:
        """A stage that holds a model has the card for itself; the wait is not counted as its time."""
        if not self._on_card:
            return nullcontext()
        from tasks.llama import device_of

        return alone_on(device_of(self._signature.bind(*args, **kwargs).arguments["machine"]))

    def _recorded(self, function: Callable[P, T]) -> Callable[P, Any]:
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            check([*args, *kwargs.values()])  # on another machine than the one that made it, this fetches it
            with self._placed(*args, **kwargs), timings.measured(self.key(*args, **kwargs)), writable(), scrubbed():
                return self._type.dump_python(function(*args, **kwargs), mode="json")

        run.__name__, run.__doc__ = function.__name__, function.__doc__
        run.__signature__ = self._signature  # type: ignore[attr-defined]
        return run


def stage(version: int, run_name: RunName, on_card: bool = False) -> Callable[[Callable[P, T]], Stage[P, T]]:
    """Make a function a stage; `run_name` is what people see on the dashboard; `on_card`: it wants the machine's GPU."""
    return lambda function: Stage(function, version, run_name, on_card)


def check(result: Any) -> None:
    """Raise MissingArtifact where a handle inside a result stands for nothing any more."""
    if isinstance(result, Handle):
        result.check()
    if isinstance(result, BaseModel):
        for name in type(result).model_fields:
            check(getattr(result, name))
    if isinstance(result, list | tuple):
        for item in result:
            check(item)


@contextmanager
def watched(label: str) -> Iterator[Progress]:
    """Progress on the terminal and, for work of more than a few seconds, on the dashboard."""
    with bar(label) as terminal:
        begun, artifact = time.monotonic(), ProgressArtifact(label)

        def tell(done: float, total: float, note: str = "") -> None:
            terminal(done, total, note)
            if time.monotonic() - max(begun, artifact.told) >= ARTIFACT_SECONDS:
                artifact.tell(100.0 * done / total if total else 0.0, note)

        yield tell
        if artifact.id is not None:
            artifact.tell(100.0, "")


class ProgressArtifact:
    """A bar on the dashboard, made when it is first needed."""

    def __init__(self, label: str) -> None:
        self.label, self.told = label, 0.0
        self.id: Any = None
        self._run = copy_context()  # the stage's own threads do not know which run they work for

    def tell(self, percent: float, note: str) -> None:
        """Move the bar; a server that is away does not stop the work."""
        self.told = time.monotonic()
        with suppress(httpx.HTTPError):
            self._run.copy().run(self._move, percent, note)

    def _move(self, percent: float, note: str) -> None:
        if self.id is None:
            self.id = create_progress_artifact(progress=percent, description=self.label)
        else:
            update_progress_artifact(artifact_id=self.id, progress=percent, description=f"{self.label} {note}".strip())


def _named(name: Callable[[dict[str, Any]], str]) -> Callable[..., str]:
    def run_name(parameters: dict[str, Any]) -> str:
        return name(parameters)

    return run_name


def _reason(unsound: MissingArtifact | ValidationError) -> str:
    return str(unsound) if isinstance(unsound, MissingArtifact) else "its kept record has another form than this version's."


def _is_worth_retrying(task: Task[..., Any], run: Any, state: State[Any]) -> bool:
    """Only a writer that was busy is asked again; any other failure would fail again."""
    return isinstance(state.result(raise_on_failure=False), WriterUnavailable)
