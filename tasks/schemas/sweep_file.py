"""Sweeps as files: `study:` names a plan or holds one, `set:` changes it for every setting, `grid:`
and `arms:` say what is tried.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.schemas.errors import PlanError
from tasks.schemas.plan_file import find_plan_file, parse_plan, read_plan_tree, set_plan_key
from tasks.schemas.sweep_plan import SweepPlan, check_settings


def load_sweep(source: str | Path, changes: dict[str, Any] | None = None) -> SweepPlan:
    """Read a sweep from a YAML file, or from its name in plans/, and apply `changes` (dotted keys).

    `study.finetuning.rank` reaches into the study, `grid.finetuning.rank` into the grid. Raises
    PlanError.
    """
    path = find_plan_file(source)
    return parse_sweep(read_plan_tree(path), changes, str(path))


def parse_sweep(
    tree: dict[str, Any], changes: dict[str, Any] | None = None, source: str = "sweep"
) -> SweepPlan:
    """Check a tree of choices with `changes` applied, and every setting of it."""
    if not tree.get("grid") and not tree.get("arms"):
        raise PlanError(
            f"{source}: nothing to try; give `grid:` (keys with their values) or `arms:` (settings"
            " by name)."
        )
    if not isinstance(tree.get("grid", {}), dict):
        raise PlanError(
            f"{source}: grid: {tree['grid']!r} must hold keys, each with a list of values."
        )
    tree = {
        **tree,
        "study": _read_study_tree(tree.get("study") or {}, tree),
        "grid": dict(tree.get("grid") or {}),
    }
    wanted = {f"study.{key}": value for key, value in (tree.pop("set", None) or {}).items()} | (
        changes or {}
    )
    for key, value in wanted.items():
        if key.startswith("grid."):
            tree["grid"][key.removeprefix("grid.")] = value
        else:
            set_plan_key(tree, key, value)
    tree["study"] = parse_plan(tree["study"], source=f"{source}: study")
    try:
        plan = SweepPlan.model_validate(tree)
    except ValidationError as error:
        raise PlanError(
            f"{source}: " + "; ".join(_format_one_error(one) for one in error.errors())
        ) from None
    check_settings(plan)
    return plan


def _read_study_tree(study: Any, tree: dict[str, Any]) -> dict[str, Any]:
    """The study's own tree, read from its plan where it is a name."""
    if isinstance(study, str):
        return read_plan_tree(find_plan_file(study))
    if not isinstance(study, dict):
        raise PlanError(f"study: {study!r} is neither a plan's name nor a plan.")
    return {"name": tree.get("name", "sweep"), **study}


def _format_one_error(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: no such key. Known: {', '.join([*SweepPlan.model_fields, 'set'])}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {message} (it is {error['input']!r})" if where else message
