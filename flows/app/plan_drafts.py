"""Plans that are being chosen: plan files in the store, the same that the command takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tasks.schemas.digest import compute_digest
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan, parse_plan, read_plan_tree, set_plan_key
from tasks.schemas.plan_lineage import flat
from tasks.schemas.plan_sections import check_name
from tasks.store.paths import get_runs_dir, hold_lock, make_private_dir, write_atomically
from tasks.store.studies.study_records import number_names

LOCK = "app-plans"


class PlanDraft(NamedTuple):
    """A plan file of the page."""

    name: str
    path: Path
    plan: StudyPlan
    digest: str  # of the file


def get_drafts_dir() -> Path:
    """Where the plan files lie."""
    return get_runs_dir() / "app" / "plans"


def list_drafts() -> list[PlanDraft]:
    """All plans of the page, the newest first; what is no plan is none of ours."""
    files = sorted(get_drafts_dir().glob("*.yaml"), key=lambda p: (-p.stat().st_mtime, p.name))
    return [draft for file in files if (draft := _read_or_none(file))]


def find_draft(name: str) -> PlanDraft:
    """The plan of this name. Raises MissingArtifact where there is none, PlanError for a path."""
    check_name(name)
    path = get_drafts_dir() / f"{name}.yaml"
    if not path.is_file():
        raise MissingArtifact(build_message("no-such-draft", name=name))
    return _read_draft(path)


def create_draft(wanted: str, tree: Mapping[str, Any]) -> PlanDraft:
    """A plan under the first free name. Raises PlanError for choices that are none."""
    check_name(wanted)
    make_private_dir("app")
    with hold_lock(LOCK):
        taken = {file.stem for file in get_drafts_dir().glob("*.yaml")}
        taken |= {file.name for file in (get_runs_dir() / "studies").glob("*")}
        name = next(name for name in number_names(wanted) if name not in taken)
        path = get_drafts_dir() / f"{name}.yaml"
        return _write_draft(path, {**tree, "name": name})


def change_draft(name: str, changes: Mapping[str, Any], seen: str | None = None) -> PlanDraft:
    """The plan with choices changed by their dotted keys. Raises PlanError for a choice that is
    none, or where the plan is no longer the one that was seen.
    """
    with hold_lock(LOCK):
        before = find_draft(name)
        if seen is not None and seen != before.digest:
            raise PlanError(build_message("draft-changed-elsewhere", name=name))
        tree, known = read_plan_tree(before.path), flat(before.plan.model_dump(mode="json"))
        new = {key: value for key, value in changes.items() if known.get(key) != value}
        for key, value in new.items():
            set_plan_key(tree, key, value)
        return _write_draft(before.path, tree) if new else before


def remove_draft(name: str) -> None:
    """The plan file goes; studies that were run with it stay."""
    with hold_lock(LOCK):
        find_draft(name).path.unlink()


def _write_draft(path: Path, tree: dict[str, Any]) -> PlanDraft:
    parse_plan(yaml.safe_load(yaml.safe_dump(tree)), source=path.name)
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    write_atomically(path, text.encode())
    return _read_draft(path)


def _read_draft(path: Path) -> PlanDraft:
    return PlanDraft(path.stem, path, load_plan(path), compute_digest(path.read_bytes()))


def _read_or_none(path: Path) -> PlanDraft | None:
    """A file that somebody else broke must not hide the others; its own page tells the fault."""
    try:
        return _read_draft(path)
    except PlanError:
        return None
