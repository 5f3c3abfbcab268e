"""Studies and sweeps as records: one plan, one folder; another plan under the same name gets the
next number.

<parent>/<name>/run.json    who made the folder: the plan, how it differs from the first of that
                            name, and what became of the run

A run that is killed cannot say so. While it lives it shares a lock, and a record that says
"running" whose lock nobody holds is of a run that was stopped.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from tasks.schemas.item_rows import StoredRow
from tasks.schemas.messages import Message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_lineage import flat
from tasks.schemas.plan_sections import NAME_LENGTH
from tasks.schemas.sweep_plan import SweepPlan
from tasks.store import remote_store
from tasks.store.lock_files import is_locked, share_lock
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically
from tasks.store.study_folder import RECORD_NAME, finish_swaps

Parent = Literal["studies", "sweeps"]
State = Literal["running", "done", "failed", "stopped"]
RESULT_FILES: Mapping[Parent, str] = {"studies": "verdict.json", "sweeps": "sweep.json"}
PLAN_FILES: Mapping[Parent, str] = {"studies": "study.json", "sweeps": "sweep.json"}

PLANS: Mapping[Parent, type[StudyPlan] | type[SweepPlan]] = {
    "studies": StudyPlan,
    "sweeps": SweepPlan,
}


class RunRecord(StoredRow):
    """What is known of the run that makes a study's or a sweep's folder."""

    name: str = Field(description="of the folder: the name asked for, or that with a number")
    asked: str = Field(description="the name that was asked for")
    state: State = "running"
    started: str = Field(default="", description="ISO 8601 in UTC; of the last run")
    ended: str = ""
    plan: dict[str, Any] = Field(description="every choice")
    book: str = Field(default="", description="digest of the book")
    writer: str = Field(default="", description="server that writes the items; none for rules")
    ledger: str = Field(default="", description="name under which its paid answers are kept")
    beside: str = Field(default="", description="first folder of that name")
    differences: dict[str, tuple[Any, Any]] = Field(
        default={}, description="choices by dotted key: there, here"
    )
    stage: str = Field(default="", description="stage that was begun last")
    failure: tuple[Message | str, ...] = Field(
        default=(), description="why it failed and what to do"
    )
    needs: tuple[str, ...] | None = Field(
        default=None,
        description=(
            "keys of the stages' results and digests of the artifacts that it rests on; none: not"
            " known, from before they were noted"
        ),
    )

    def list_choices(self) -> dict[str, Any]:
        """What makes it this study and no other, by dotted key: not its name, nor what it may cost,
        so that after a larger budget it goes on where it is.
        """
        beside = ("name", "generation.budget_usd", "study.generation.budget_usd")
        plan = {key: value for key, value in flat(self.plan).items() if key not in beside}
        return plan | {"book.digest": self.book, "writer.server": self.writer}


class ListedRun(NamedTuple):
    """A folder of the store."""

    parent: Parent
    folder: Path
    record: RunRecord | None  # none: of a version that wrote none, or not readable
    state: State


def compare_choices(there: RunRecord, here: RunRecord) -> dict[str, tuple[Any, Any]]:
    """The choices that differ; what one of the two does not know (digest of the book, server) is no
    difference.
    """
    before, after = there.list_choices(), here.list_choices()
    keys = dict.fromkeys((*before, *after))
    unknown = {key for key in ("book.digest", "writer.server") if not (before[key] and after[key])}
    return {
        key: (before.get(key), after.get(key))
        for key in keys
        if before.get(key) != after.get(key) and key not in unknown
    }


def find_folder(parent: Parent, wanted: RunRecord) -> RunRecord | None:
    """The record of the folder that holds this plan."""
    with hold_lock(parent):
        _prepare_parent(parent)
        found = _place_record(parent, wanted)
    return found if _is_taken(parent, found.name) else None


def claim_folder(parent: Parent, wanted: RunRecord) -> tuple[RunRecord, int]:
    """The folder of this plan, or a new one with the next free number, marked as running; with a
    handle that says so as long as it is open.
    """
    with hold_lock(parent):
        _prepare_parent(parent)
        found = _place_record(parent, wanted)
        record = found.model_copy(
            update={"state": "running", "started": wanted.started, "ended": "", "failure": ()}
        )
        _write_record(parent, record)
        handle = share_lock(_get_lock(parent, record.name))
    remote_store.push_path(get_record_path(parent, record.name))
    return record, handle


def save_record(parent: Parent, record: RunRecord, *, is_shared: bool = False) -> None:
    """Write what became of a run; `is_shared`: tell the far side of the store, too."""
    with hold_lock(parent):
        _write_record(parent, record)
    if is_shared:
        remote_store.push_path(get_record_path(parent, record.name))


def list_runs(parents: tuple[Parent, ...] = ("studies", "sweeps")) -> list[ListedRun]:
    """Every folder of ours in the store, the oldest first; those of a person are left out."""
    found = []
    for parent in parents:
        if not (get_runs_dir() / parent).is_dir():
            continue
        with hold_lock(parent):
            finish_swaps(get_runs_dir() / parent)
            folders = [p for p in _list_folders(parent) if _is_ours(parent, p)]
            records = [(folder, _read_known(parent, folder)) for folder in folders]
        found += [
            ListedRun(parent, folder, record, get_state(parent, folder, record))
            for folder, record in records
        ]
    return sorted(found, key=lambda run: (get_start(run), run.folder.name))


def get_state(parent: Parent, folder: Path, record: RunRecord | None) -> State:
    """Done where the folder holds a result, since that is of this very plan; stopped where the run
    cannot tell any more what became of it.
    """
    if is_locked(_get_lock(parent, folder.name)):
        return "running"
    if (folder / RESULT_FILES[parent]).is_file() or record is None:
        return "done"
    return "stopped" if record.state == "running" else record.state


def get_start(run: ListedRun) -> str:
    """When the run was begun; of a folder that does not say it, when it was written."""
    if run.record and run.record.started:
        return run.record.started
    place = run.folder / RESULT_FILES[run.parent]
    changed = (place if place.is_file() else run.folder).stat().st_mtime
    return datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")


def tell_time() -> str:
    """Now, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_record(folder: Path) -> RunRecord | None:
    """What the run of a folder said of itself; none where it said nothing that can be read."""
    try:
        return RunRecord.model_validate_json((folder / RECORD_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def get_record_path(parent: Parent, name: str) -> Path:
    return get_runs_dir() / parent / name / RECORD_NAME


def number_names(asked: str) -> Iterator[str]:
    """laptop, laptop-2, laptop-3, …; as long as a name may be."""
    yield asked
    number = 2
    while True:
        suffix = f"-{number}"
        yield asked[: NAME_LENGTH - len(suffix)] + suffix
        number += 1


def _prepare_parent(parent: Parent) -> None:
    folder = get_runs_dir() / parent
    folder.mkdir(parents=True, exist_ok=True)
    finish_swaps(folder)


def _place_record(parent: Parent, wanted: RunRecord) -> RunRecord:
    """The record of the folder that holds this plan, else that of the first free name, with what
    differs from the first folder of the name. What lies under a name and is not ours is passed by.
    """
    first: tuple[str, dict[str, tuple[Any, Any]]] | None = None
    for name in number_names(wanted.asked):
        if not _is_taken(parent, name):
            beside, differences = first or ("", {})
            update = {"name": name, "beside": beside, "differences": differences}
            return wanted.model_copy(update=update)
        known = _read_known(parent, get_runs_dir() / parent / name)
        if known is None:
            continue
        differences = compare_choices(known, wanted)
        if not differences:
            return known.model_copy(update={"plan": wanted.plan})
        first = first or (name, differences)
    raise AssertionError("the numbers have no end")


def _is_taken(parent: Parent, name: str) -> bool:
    """By whatever lies there, here or on the far side."""
    folder = get_runs_dir() / parent / name
    return (
        folder.exists()
        or folder.is_symlink()
        or remote_store.pull_file(folder / RECORD_NAME)
        or remote_store.pull_file(folder / PLAN_FILES[parent])
    )


def _list_folders(parent: Parent) -> list[Path]:
    places = (get_runs_dir() / parent).iterdir()
    return [place for place in places if place.is_dir() and not place.name.startswith(".")]


def _is_ours(parent: Parent, folder: Path) -> bool:
    """Whether a run of some version wrote something there."""
    names = (RECORD_NAME, PLAN_FILES[parent], RESULT_FILES[parent])
    return any((folder / name).is_file() for name in names)


def _read_known(parent: Parent, folder: Path) -> RunRecord | None:
    """The folder's record; of an earlier version's folder what its files tell of the plan.
    Choices that an earlier version did not have are there.
    """
    known = read_record(folder) or _read_plan_file(parent, folder)
    return known and known.model_copy(update={"plan": _fill_defaults(parent, known.plan)})


def _read_plan_file(parent: Parent, folder: Path) -> RunRecord | None:
    try:
        told = json.loads((folder / PLAN_FILES[parent]).read_text("utf-8"))
        plan = told["plan"]
        writers = told.get("writing", {}).get("servers", ())
        return RunRecord(
            name=folder.name,
            asked=folder.name,
            state="done",
            plan=plan,
            book=told.get("book", {}).get("digest", ""),
            writer=writers[0] if writers else "",
            ledger=folder.name,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _fill_defaults(parent: Parent, plan: dict[str, Any]) -> dict[str, Any]:
    """Choices that an earlier version did not have were what they are by default now."""
    try:
        return PLANS[parent].model_validate(plan).model_dump(mode="json")
    except ValidationError:
        return plan


def _write_record(parent: Parent, record: RunRecord) -> None:
    write_atomically(
        get_record_path(parent, record.name), record.model_dump_json(indent=1).encode()
    )


def _get_lock(parent: Parent, name: str) -> Path:
    return get_runs_dir() / "locks" / f"{parent}-{name}"
