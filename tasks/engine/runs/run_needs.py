"""What a run needs of the store: the results of its stages and the artifacts in them, noted as it
goes, so that `book2lora store` knows what nobody needs.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from threading import Lock
from typing import Any

from pydantic import BaseModel

from tasks.store.studies.study_records import Parent, RunRecord, save_record, tell_time


class RunNotes:
    """The record of a run that is under way; safe for the threads of its stages."""

    def __init__(self, parent: Parent, record: RunRecord) -> None:
        self.parent, self.record = parent, record
        self._found: set[str] = set()
        self._lock = Lock()

    def add_needs(self, *names: str) -> None:
        """Keys of results, or digests of artifacts."""
        with self._lock:
            self._found.update(names)

    def save_begun(self, stage: str) -> None:
        """Write what is needed by now, so that a run that is killed has told it."""
        with self._lock:
            known = {*self._found, *(self.record.needs or ())}
            self._save(stage=stage, needs=tuple(sorted(known)))

    def save_end(self, **update: Any) -> None:
        """Write what became of the run. A finished one needs what it used this time."""
        with self._lock:
            known = set() if update["state"] == "done" else {*(self.record.needs or ())}
            needs = tuple(sorted(self._found | known))
            self._save(**update, ended=tell_time(), needs=needs, is_shared=True)

    def save_replayed(self) -> None:
        """Write what a finished run needs where its record does not say so; when it was run stays
        as it is.
        """
        with self._lock:
            needs = tuple(sorted(self._found))
            if (self.record.state, self.record.needs) != ("done", needs):
                self._save(state="done", failure=(), needs=needs, is_shared=True)

    def _save(self, *, is_shared: bool = False, **update: Any) -> None:
        self.record = self.record.model_copy(update=update)
        save_record(self.parent, self.record, is_shared=is_shared)


run_notes: ContextVar[RunNotes | None] = ContextVar("run_notes", default=None)


def note_result(key: str) -> None:
    """A stage's result that this run rests on."""
    if notes := run_notes.get():
        notes.add_needs(key)


def note_begun(stage: str) -> None:
    """A stage that is being done."""
    if notes := run_notes.get():
        notes.save_begun(stage)


def note_artifacts(value: Any) -> None:
    """The artifacts of a result that another machine's run handed over."""
    if notes := run_notes.get():
        notes.add_needs(*list_digests(value))


def list_digests(value: Any) -> Iterator[str]:
    """Those of all handles in a value."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            part = getattr(value, name)
            if name == "digest" and isinstance(part, str):
                yield part
            yield from list_digests(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from list_digests(part)
