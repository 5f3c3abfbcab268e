"""A run of a study or a sweep as a record in the store: its folder is claimed when it begins, and
told what became of it when it ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape

from tasks.engine.replay import replaying
from tasks.engine.runs.run_needs import RunNotes, run_notes
from tasks.engine.stage import NotCached
from tasks.generation.openai.server_identity import configured_server
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.choices import describe_differences
from tasks.language.reader_language import get_reader_language
from tasks.schemas.errors import StudyError, quote_exception
from tasks.schemas.messages import Message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.sweep_plan import SweepPlan
from tasks.store.artifacts import Book
from tasks.store.progress import print_status
from tasks.store.redaction import redact_error
from tasks.store.studies.study_records import (
    Parent,
    RunRecord,
    claim_folder,
    find_folder,
    tell_time,
)


@contextmanager
def record_study(plan: StudyPlan, book: Book, name: str | None) -> Iterator[StudyPlan]:
    """The plan under the name of its folder, while its run is recorded. Raises NotCached in a
    replay of a plan that no folder holds.
    """
    asked = plan.copy_with_name(name)
    wanted = _build_record(asked, book, plan)
    with _record_run("studies", wanted) as own:
        yield asked.copy_with_name(own)


@contextmanager
def record_sweep(plan: SweepPlan) -> Iterator[SweepPlan]:
    """The same of a sweep."""
    wanted = _build_record(plan, Book.from_path(plan.study.book), plan.study)
    with _record_run("sweeps", wanted) as own:
        yield plan.model_copy(update={"name": own})


def _build_record(plan: StudyPlan | SweepPlan, book: Book, study: StudyPlan) -> RunRecord:
    return RunRecord(
        name=plan.name,
        asked=plan.name,
        started=tell_time(),
        plan=plan.model_dump(mode="json"),
        book=book.digest,
        ledger=study.name,
        writer=configured_server().address if study.generation.writer == "gpt" else "",
    )


@contextmanager
def _record_run(parent: Parent, wanted: RunRecord) -> Iterator[str]:
    if replaying.get():
        with _replay_run(parent, wanted) as name:
            yield name
        return
    record, handle = claim_folder(parent, wanted)
    if record.beside and not record.needs:
        _tell_number(record)
    notes = RunNotes(parent, record)
    token = run_notes.set(notes)
    try:
        yield record.name
        notes.save_end(state="done", failure=())
    except Exception as error:
        notes.save_end(state="failed", failure=_describe_failure(error))
        raise
    finally:
        run_notes.reset(token)
        os.close(handle)


@contextmanager
def _replay_run(parent: Parent, wanted: RunRecord) -> Iterator[str]:
    record = find_folder(parent, wanted)
    if record is None:
        raise NotCached(f"no folder holds this plan of {wanted.asked}.")
    notes = RunNotes(parent, record)
    token = run_notes.set(notes)
    try:
        yield record.name
        notes.save_replayed()
    finally:
        run_notes.reset(token)


def _tell_number(record: RunRecord) -> None:
    """That the plan is another than that of the name's first folder, and in what."""
    say = load_catalogue(get_reader_language())
    told = tell_reader(
        "study-numbered",
        name=record.name,
        beside=record.beside,
        differences=describe_differences(record.differences, say),
    )
    print_status(f"  {escape(told)}")


def _describe_failure(error: Exception) -> tuple[Message | str, ...]:
    """As it is told, without secrets; a fault of the program by its kind and words."""
    redact_error(error)
    if isinstance(error, StudyError):
        return tuple(part if isinstance(part, Message) else str(part) for part in error.args)
    return (quote_exception(error),)
