"""`book2lora runs`: the studies and sweeps of a store as a table, or as JSON for programs."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli import summary
from tasks.generation.budget import list_charges
from tasks.language.catalogue import describe_error, load_catalogue, tell_reader
from tasks.language.choices import describe_differences
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.errors import StudyError
from tasks.store.paths import find_old_store, get_runs_dir
from tasks.store.studies.store_contents import measure_path
from tasks.store.studies.study_notes import list_tags, read_notes
from tasks.store.studies.study_records import (
    PLAN_FILES,
    RESULT_FILES,
    ListedRun,
    RunRecord,
    State,
    get_start,
    list_runs,
)

COLUMNS = (
    "name",
    "state",
    "date",
    "book",
    "base",
    "differences",
    "verdict",
    "cost",
    "size",
    "notes",
)
UNBOUNDED = 10_000  # columns, where the output is no terminal: a line a study


class RunRow(NamedTuple):
    """One study or sweep, as it is listed."""

    kind: str  # study, sweep
    name: str
    path: str
    state: State
    started: str
    ended: str
    book: str
    base: str
    beside: str
    differences: dict[str, Any]
    stage: str
    failure: list[str]
    result: dict[str, Any] | None  # verdict.json, or a sweep's
    unreadable: str
    size: int  # bytes
    tags: list[str]
    notes: list[str]
    cost_usd: float | None  # for answers of a paid writer
    lost_usd: float | None  # set aside beside it for answers that never arrived


def runs(
    *,
    tag: Annotated[
        str | None, Parameter(help="those only whose notes hold this word with a # before it")
    ] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", help="one JSON list, for programs", negative="")
    ] = False,
) -> int:
    """List the studies and sweeps so far, the failed and the stopped ones among them: state, date,
    book, base model, how the plan differs, verdict, size, notes.
    """
    rows = [build_row(run) for run in list_runs()]
    rows = [row for row in rows if tag is None or tag.lstrip("#") in row.tags]
    if as_json:
        sys.stdout.write(json.dumps([row._asdict() for row in rows], indent=1) + "\n")
        return 0
    say = load_catalogue(get_reader_language())
    if old := find_old_store():
        sys.stderr.write(tell_reader("old-store", old=str(old), store=str(get_runs_dir())) + "\n")
    if not rows:
        sys.stdout.write(summary.tell_no_runs(say) + "\n")
        return 0
    print_table(rows, say)
    return 0


def build_row(run: ListedRun) -> RunRow:
    """All that is known of a run."""
    record, notes = run.record, read_notes(run.folder)
    result, unreadable = _read_result(run)
    plan = (record and record.plan) or {}
    study = plan.get("study", plan)  # of a sweep's plan
    base = str(study.get("base", {}).get("model", "")) if isinstance(study, dict) else ""
    return RunRow(
        kind="study" if run.parent == "studies" else "sweep",
        name=run.folder.name,
        path=str(run.folder),
        state=run.state,
        started=get_start(run),
        ended=record.ended if record else "",
        book=str(study.get("book", "")) if isinstance(study, dict) else "",
        base=base,
        beside=record.beside if record else "",
        differences=dict(record.differences) if record else {},
        stage=record.stage if record and run.state != "done" else "",
        failure=_tell_failure(record) if record and run.state == "failed" else [],
        result=result,
        unreadable=unreadable,
        size=measure_path(run.folder)[0],
        tags=list_tags(notes),
        notes=notes,
        **_read_cost(run),
    )


def print_table(rows: Sequence[RunRow], say: Translator) -> None:
    """A line each where the output is no terminal; else as wide as that."""
    screen = Console(file=sys.stdout, highlight=False, markup=False)
    if not screen.is_terminal:
        screen.width = UNBOUNDED
    cells = [_format_cells(row, say) for row in rows]
    used = [i for i in range(len(COLUMNS)) if any(line[i] for line in cells)]
    table = Table(box=None, pad_edge=False, show_header=True, padding=(0, 2, 0, 0))
    for i in used:
        table.add_column(say.get_label("run_columns", COLUMNS[i]), overflow="fold", no_wrap=i < 3)
    for line in cells:
        table.add_row(*(Text(mark_control_characters(line[i])) for i in used))
    screen.print(table)


def _format_cells(row: RunRow, say: Translator) -> list[str]:
    return [
        row.name,
        say.get_label("states", row.state),
        say.format_digits(row.started[:16].replace("T", " ")),
        Path(row.book).name,
        Path(row.base).name,
        describe_differences(row.differences, say),
        _format_outcome(row, say),
        say.format_value(list_charges(row.cost_usd or 0.0, row.lost_usd or 0.0))
        if row.cost_usd is not None
        else "",
        format_size(row.size, say),
        " ".join(row.notes[-1:]),
    ]


def format_size(size: int, say: Translator) -> str:
    """In megabytes; below a tenth of one in kilobytes."""
    if size < 1e5:
        return say.fill_label(say["terminal"]["kilobytes"], n=say.format_number(size / 1e3, 1))
    return say.fill_label(say["terminal"]["megabytes"], n=say.format_number(size / 1e6, 1))


def _format_outcome(row: RunRow, say: Translator) -> str:
    """The verdict; of a run that has none where it ended, and why."""
    if row.unreadable:
        return summary.tell_unreadable(row.path, row.unreadable, say)
    if row.result:
        return summary.format_verdict_cell(row.result, say)
    return ": ".join([*[row.stage][: bool(row.stage)], *row.failure[:1]])


def _read_result(run: ListedRun) -> tuple[dict[str, Any] | None, str]:
    """The verdict of a folder that has one, or why it cannot be read."""
    file = run.folder / RESULT_FILES[run.parent]
    if not file.is_file():
        return None, ""
    try:
        told = json.loads(file.read_text("utf-8"))
        result = summary.pick_result(told, run.parent)
        summary.format_verdict_cell(result, load_catalogue("en"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return None, f"{type(error).__name__}: {error}"
    return result, ""


def _read_cost(run: ListedRun) -> dict[str, float | None]:
    """What a finished study's record tells of a paid writer; nothing of rules."""
    try:
        told = json.loads((run.folder / PLAN_FILES["studies"]).read_text("utf-8"))
        if told["plan"]["generation"]["writer"] == "gpt":
            return {name: float(told["writing"][name]) for name in ("cost_usd", "lost_usd")}
    except (OSError, ValueError, LookupError, TypeError):
        pass  # a run without a result, of a sweep, or of 0.1; a damaged one is named by its verdict
    return {"cost_usd": None, "lost_usd": None}


def _tell_failure(record: RunRecord) -> list[str]:
    say = load_catalogue(get_reader_language())
    return describe_error(StudyError(*record.failure), say).splitlines()
