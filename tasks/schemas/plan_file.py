"""Plans as files: found by name, read as YAML, changed by dotted keys, refused with the key and
what is allowed.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.schemas.errors import PlanError
from tasks.schemas.plan import StudyPlan
from tasks.schemas.project import PROJECT_ROOT


def load_plan(source: str | Path, changes: dict[str, Any] | None = None) -> StudyPlan:
    """Read a plan from a YAML file, or from its name in plans/, and apply `changes` (dotted keys).

    Raises PlanError with the key, the value and what is allowed.
    """
    path = find_plan_file(source)
    tree = read_plan_tree(path)
    if tree.keys() & {"grid", "arms"}:
        raise PlanError(f"{path} is a sweep: book2lora sweep {source}")
    return parse_plan(tree, changes, str(path))


def read_plan_tree(path: Path) -> dict[str, Any]:
    """The choices of a plan's file as they stand there, named by the file where they have
    no name.
    """
    try:
        tree = yaml.safe_load(path.read_text("utf-8")) or {}
    except yaml.YAMLError as error:
        raise PlanError(f"{path} is not valid YAML: {error}") from None
    except UnicodeDecodeError as error:
        raise PlanError(
            f"{path} is not a text in UTF-8 (byte {error.start}: {error.reason}); save it as UTF-8."
        ) from None
    if not isinstance(tree, dict):
        raise PlanError(f"{path} must hold keys and values, not a {type(tree).__name__}.")
    tree.setdefault("name", path.stem)
    return tree


def parse_plan(
    tree: dict[str, Any], changes: dict[str, Any] | None = None, source: str = "plan"
) -> StudyPlan:
    """Check a tree of choices with `changes` applied."""
    for key, value in (changes or {}).items():
        set_plan_key(tree, key, value)
    try:
        return StudyPlan.model_validate(tree)
    except ValidationError as error:
        raise PlanError(f"{source}: {format_validation_error(error)}") from None


def set_plan_key(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set `finetuning.epochs`-like keys in a tree of dictionaries."""
    *parents, last = key.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise PlanError(f"{key}: {parent!r} is a value, it has no keys below it.")
    tree[last] = value


def format_validation_error(error: ValidationError) -> str:
    """Each mistake of a plan or machine: key, what is allowed, and the value."""
    return "; ".join(_format_one_error(one) for one in error.errors())


def _format_one_error(error: Any) -> str:
    where, value = ".".join(str(part) for part in error["loc"]) or "plan", error["input"]
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: no such key. Known: {', '.join(_list_known_keys(error['loc'][:-1]))}"
        case "model_type":
            return (
                f"{where}: it is {value!r}, but holds keys of its own:"
                f" {', '.join(_list_known_keys(error['loc']))}"
            )
        case "string_type" if isinstance(value, int | float):  # YAML's 2024, no, 1e3
            return (
                f"{where}: it is {value!r}, but must be text; put it in quotes, as in {where}:"
                f' "2024", or on a command line --set \'{where}="2024"\''
            )
        case "string_pattern_mismatch":
            return (
                f"{where}: it is {value!r}, but must be a name of letters, digits, _, - and .,"
                " beginning with a letter or digit"
            )
    return f"{where}: {error['msg'].removeprefix('Value error, ')} (it is {value!r})"


def _list_known_keys(location: tuple[str | int, ...]) -> list[str]:
    model: Any = StudyPlan
    for part in location:
        model = model.model_fields[part].annotation  # every group of choices is a model itself
    return list(model.model_fields)


def find_plan_file(source: str | Path) -> Path:
    """The file of a plan: a path as it is, a name in ./plans or in the project's own."""
    if str(source).endswith((".yaml", ".yml")):
        places = [Path(source)]
    else:
        places = [Path("plans") / f"{source}.yaml", PROJECT_ROOT / "plans" / f"{source}.yaml"]
    for place in places:
        if place.is_file():
            return place
    known = sorted(
        {
            p.stem
            for folder in (Path("plans"), PROJECT_ROOT / "plans")
            for p in folder.glob("*.yaml")
        }
    )
    raise PlanError(
        f"no plan {str(source)!r}: {places[0]} is not a file. Plans by name:"
        f" {', '.join(known) or 'none'}."
    )
