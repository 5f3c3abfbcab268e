"""Run a stage once for the same inputs and the same code: its record is found by key, checked, or
made anew.

Nothing in here knows an orchestrator. A record is plain JSON at
results/<stage>/v<version>-<digest>: what the stage returned
(handles, never data), the seconds and the memory that it took. One key, one check, one lock a call.
"""

import inspect
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import cached_property
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from rich.markup import escape

from tasks.engine.cache_key import compute_stage_key
from tasks.engine.gpu_lock import lock_device
from tasks.engine.run_timings import add_timing, peak_memory_mb
from tasks.engine.runs.run_needs import note_begun, note_result
from tasks.engine.source_digest import digest_function, digest_modules
from tasks.engine.stage_outcomes import describe_outcome
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.item_rows import StoredRow
from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.result_rows import Timing
from tasks.store import remote_store
from tasks.store.artifacts import Handle
from tasks.store.paths import hold_lock, make_private_dir, translate_disk_errors, write_atomically
from tasks.store.progress import print_status
from tasks.store.redaction import redact_raised_errors

P = ParamSpec("P")
T = TypeVar("T")

forced_stages: ContextVar[frozenset[str]] = ContextVar("forced_stages", default=frozenset())
shown_keys: ContextVar[set[str]] = ContextVar("shown_keys")  # of stages that a replay has told
is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)  # no lines of stages
_running_key: ContextVar[str] = ContextVar("running_key")


class NotCached(Exception):
    """A stage has no kept result where only kept ones were asked for."""


class StageRecord(StoredRow):
    """What is kept of a stage that was done."""

    stage: str
    seconds: float
    memory_mb: float
    result: Any


class StageCall(NamedTuple):
    """A stage with its inputs, and the key of both."""

    key: str
    arguments: Mapping[str, Any]


class Stage(Generic[P, T]):
    """A function whose result is kept under a key made of its inputs and of the code that makes it.

    `sources` says which code that is. None: the function and all that it imports, for stages that
    cost seconds. A tuple of modules: these alone, and `followed` ones with all that they import;
    then `version` stands for the rest and is raised by hand, since doing such a stage again costs
    money or hours (tests hold a digest of its output against its version). `content` gives from the
    arguments what else the result depends on, such as the texts of a language's prompts.
    """

    def __init__(
        self,
        function: Callable[P, T],
        *,
        version: int = 1,
        sources: tuple[str, ...] | None = None,
        followed: tuple[str, ...] = (),
        content: Callable[[Mapping[str, Any]], Any] | None = None,
        needs_gpu: bool = False,
    ) -> None:
        self.name = function.__name__
        self.version = version
        self._function = function
        self._sources, self._followed = sources, followed
        self._content = content
        self._needs_gpu = needs_gpu
        self._signature = inspect.signature(function)
        self._type: TypeAdapter[T] = TypeAdapter(get_type_hints(function)["return"])

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the stage, or find what it gave before."""
        return self.run(self.bind(*args, **kwargs))[0]

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> StageCall:
        """The call with its key; defaults are filled in."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        content = self._content(bound.arguments) if self._content else None
        inputs = {**bound.arguments, "code": self.code_digest, "content": content}
        return StageCall(compute_stage_key(self.name, self.version, inputs), bound.arguments)

    @cached_property
    def code_digest(self) -> str:
        """Digest of the code that a kept result must not be older than."""
        if self._sources is None:
            return digest_function(self._function)
        alone = digest_modules(self._sources, follow=False) if self._sources else ""
        return alone + (digest_modules(self._followed, follow=True) if self._followed else "")

    def run(self, call: StageCall) -> tuple[T, bool]:
        """The result, and whether it was found rather than made. Raises what the stage raises."""
        with hold_lock(call.key):
            found = None if self.name in forced_stages.get() else self._find(call)
            record, result = found or self._make(call)
        self._tell(call, record, result, is_cached=found is not None)
        return result, found is not None

    def find(self, call: StageCall) -> T:
        """The kept result, told in a line; raises NotCached where there is none, or where it stands
        for something that is gone.
        """
        found = None if self.name in forced_stages.get() else self._find(call, is_told=False)
        if found is None:
            raise NotCached(f"{self.name} has no kept result for these inputs.")
        self._tell(call, *found, is_cached=True)
        shown_keys.get(set()).add(call.key)
        return found[1]

    def is_kept(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Whether the call would be found, with no line told."""
        is_forced = self.name in forced_stages.get()
        return not is_forced and self._find(self.bind(*args, **kwargs), is_told=False) is not None

    def _tell(self, call: StageCall, record: StageRecord, result: T, *, is_cached: bool) -> None:
        """Add the stage to this run's timings and needs, and print its line unless a replay has
        done so.
        """
        note_result(call.key)
        add_timing(
            Timing(
                stage=self.name,
                seconds=record.seconds,
                memory_mb=record.memory_mb,
                cached=is_cached,
            )
        )
        if not (is_quiet.get() or (is_cached and call.key in shown_keys.get(set()))):
            took = (
                tell_reader("stage-cached")
                if is_cached
                else tell_reader("stage-seconds", seconds=Figure(record.seconds, 1))
            )
            outcome = escape(describe_outcome(self.name, call.arguments, result))
            print_status(f"  [green]✓[/] {self.name:<18} {took:<8} {outcome}".rstrip())

    def _find(self, call: StageCall, is_told: bool = True) -> tuple[StageRecord, T] | None:
        """A record that is whole and stands for artifacts that are there; one that is not
        is told.
        """
        path = make_private_dir("results") / call.key
        if not path.is_file() and not remote_store.pull_file(path):
            return None
        try:
            record = StageRecord.model_validate_json(path.read_bytes())
            result = self._type.validate_python(record.result)
            check_handles(result)
        except (MissingArtifact, ValidationError) as error:
            if is_told:
                again = tell_reader("stage-again", why=_describe_damage(error))
                print_status(f"  [yellow]{self.name}[/]: {escape(again)}")
            return None
        return record, result

    def _make(self, call: StageCall) -> tuple[StageRecord, T]:
        check_handles(
            list(call.arguments.values())
        )  # on another machine than the one that made them, this fetches them
        note_result(call.key)
        note_begun(self.name)
        with self._exclusive_device(call), translate_disk_errors(), redact_raised_errors():
            token = _running_key.set(call.key)
            begin = time.perf_counter()
            try:
                result = self._function(**call.arguments)  # type: ignore[call-arg]
            finally:
                _running_key.reset(token)
        seconds = round(time.perf_counter() - begin, 3)
        record = StageRecord(
            stage=self.name,
            seconds=seconds,
            memory_mb=round(peak_memory_mb(), 1),
            result=self._type.dump_python(result, mode="json"),
        )
        path = make_private_dir("results") / call.key
        write_atomically(path, json.dumps(record.model_dump(), ensure_ascii=False).encode())
        remote_store.push_path(path)
        return record, result

    def _exclusive_device(self, call: StageCall) -> AbstractContextManager[None]:
        """A stage that holds a model has the GPU for itself; the wait is not counted as its
        time.
        """
        if not self._needs_gpu:
            return nullcontext()
        from tasks.models.device import choose_device

        return lock_device(choose_device(call.arguments["machine"]))


def running_key() -> str:
    """The key of the stage that is being done; a name for its scratch files that another run of it
    finds again.
    """
    return _running_key.get()


def check_handles(value: Any) -> None:
    """Raise MissingArtifact where a handle inside a value stands for nothing any more."""
    if isinstance(value, Handle):
        value.verify_content()
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            check_handles(getattr(value, name))
    if isinstance(value, list | tuple):
        for item in value:
            check_handles(item)


def _describe_damage(error: MissingArtifact | ValidationError) -> Message:
    if isinstance(error, MissingArtifact):
        return build_message("record-without-artifact", why=str(error))
    return build_message("record-of-another-form")
