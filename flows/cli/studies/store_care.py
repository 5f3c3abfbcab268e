"""`book2lora store`: what the store holds, what no study needs, and its removal."""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from flows.cli.studies.find_study import find_study
from flows.cli.studies.run_table import format_size
from flows.cli.summary import get_own_command
from tasks.engine.orchestration.database_folder import find_outer_database
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.store.paths import find_old_store, get_remote_url, get_runs_dir
from tasks.store.studies.store_contents import (
    StoreContents,
    StoreEntry,
    measure_path,
    remove_entries,
)

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def store(
    *studies: Annotated[
        str, Parameter(help="studies to give up: they and what only they need can be removed, too")
    ],
    remove: Annotated[
        bool, Parameter(help="list what can be removed; removes nothing without --yes", negative="")
    ] = False,
    yes: Annotated[bool, Parameter(help="with --remove: remove it", negative="")] = False,
    older: Annotated[
        str | None, Parameter(help="only what has not changed for so long: 12h, 30d, 8w")
    ] = None,
    paid: Annotated[
        bool,
        Parameter(help="answers that were paid for and that no study keeps, too", negative=""),
    ] = False,
    path: Annotated[bool, Parameter(help="print where the store lies, alone", negative="")] = False,
) -> int:
    """Tell what the store holds, by kind and by study, and what no study needs; remove that."""
    if path:
        sys.stdout.write(f"{get_runs_dir()}\n")
        return 0
    if yes and not remove:
        raise PlanError(build_message("yes-without-remove"))
    age = parse_age(older) if older else None
    given_up = [find_study(name) for name in studies]
    seconds = age.total_seconds() if age else 0.0
    say = load_catalogue(get_reader_language())
    if remove and yes:
        gone = remove_entries(lambda: StoreContents(given_up).list_removable(paid, seconds))
        print_lines(list_removal(gone, say))
        print_lines([tell_reader("store-removed", n=len(gone), size=_sum(gone, say))])
        print_lines(trim_prefect_history(age, say))
        return 0
    contents = StoreContents(given_up)
    entries = contents.list_removable(paid, seconds)
    print_lines(list_removal(entries, say) if remove else describe_store(contents, entries, say))
    old = [*_tell_old_history(age)]
    print_lines(old)
    if entries or old:
        command = _build_command(studies, older, paid)
        print_lines([tell_reader("store-dry-run", command=command)])
    return 0


def print_lines(lines: Iterable[str]) -> None:
    """On standard output; names of files are data."""
    for line in lines:
        sys.stdout.write(mark_control_characters(line) + "\n")


def parse_age(text: str) -> timedelta:
    """`30d` → 30 days. Raises PlanError."""
    found = re.fullmatch(r"(\d+)([hdw])", text.strip())
    if found is None:
        raise PlanError(build_message("no-age", text=repr(text)))
    return int(found[1]) * UNITS[found[2]]


def describe_store(
    contents: StoreContents, entries: Sequence[StoreEntry], say: Translator
) -> Iterable[str]:
    """Where it lies; bytes by kind, and of them what can go; bytes by study."""
    kinds = contents.measure_kinds() if contents.root.is_dir() else {}
    whole = format_size(sum(kinds.values()), say)
    yield tell_reader("store-is", store=str(contents.root), size=whole)
    if get_remote_url():
        yield tell_reader("store-is-mirror", url=str(get_remote_url()))
    if old := find_old_store():
        yield tell_reader("old-store", old=str(old), store=str(get_runs_dir()))
    if database := find_outer_database():
        size = format_size(measure_path(database)[0], say)
        yield tell_reader("store-database", data=str(database), size=size)
    for kind, taken in sorted(kinds.items(), key=lambda one: -one[1]):
        free = sum(entry.size for entry in entries if entry.kind == kind)
        told = tell_reader("store-free", size=format_size(free, say)) if free else ""
        yield f"  {kind:<14} {format_size(taken, say):>12}   {told}".rstrip()
    for one in contents.measure_studies() if kinds else ():
        alone = (
            say["terminal"]["unknown_size"] if one.alone is None else format_size(one.alone, say)
        )
        told = tell_reader("store-study", size=format_size(one.folder, say), alone=alone)
        yield f"  {one.run.folder.name:<24} {told}"
    yield from _tell_unknown(contents)
    yield tell_reader("store-unneeded", n=len(entries), size=_sum(entries, say))


def list_removal(entries: Sequence[StoreEntry], say: Translator) -> Iterable[str]:
    """Every file and folder that would go, with its size and why; locks, which are empty, by their
    number.
    """
    locks = [entry for entry in entries if entry.kind == "locks"]
    for entry in entries:
        if entry.kind != "locks":
            yield _format_entry(entry, str(entry.path), say)
    if locks:
        number = say.format_number(len(locks))
        yield _format_entry(locks[0], f"{locks[0].path.parent} ({number})", say)
    yield tell_reader("store-unneeded", n=len(entries), size=_sum(entries, say))


def _format_entry(entry: StoreEntry, place: str, say: Translator) -> str:
    reason = say.get_label("removal_reasons", entry.reason)
    return f"  {format_size(entry.size, say):>12}  {reason:<24} {place}"


def trim_prefect_history(older: timedelta | None, say: Translator) -> Iterable[str]:
    """Runs in Prefect's own history of this store that ended before the period that it keeps."""
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    configure_prefect()
    from tasks.engine.orchestration.history_retention import count_old_runs, trim_history

    if runs := count_old_runs(older):
        size = format_size(trim_history(older), say)
        yield tell_reader("history-trimmed", n=runs, size=size)


def _tell_old_history(older: timedelta | None) -> Iterable[str]:
    from tasks.engine.orchestration.history_retention import count_old_runs

    if runs := count_old_runs(older):
        yield tell_reader("history-old", n=runs)


def _tell_unknown(contents: StoreContents) -> Iterable[str]:
    if contents.unknown:
        names = tuple(run.folder.name for run in contents.unknown)
        yield tell_reader("store-needs-unknown", names=names)


def _sum(entries: Sequence[StoreEntry], say: Translator) -> str:
    return format_size(sum(entry.size for entry in entries), say)


def _build_command(studies: Sequence[str], older: str | None, paid: bool) -> str:
    options = [*studies, "--remove", "--yes"]
    options += ["--older", older] if older else []
    return " ".join([get_own_command(), "store", *options, *["--paid"] * paid])
