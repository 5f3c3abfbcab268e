"""Plans as files: found by name, read as YAML, changed by dotted keys, refused with the key and
what is allowed.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.schemas.errors import PlanError, PlanFault, quote_exception
from tasks.schemas.files.bounded_yaml import MOST_CHARACTERS, load_bounded_yaml
from tasks.schemas.messages import Message, Term, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.project import PROJECT_ROOT

MOST_FAULTS = 20  # told of one plan
MOST_QUOTED = 200  # characters of a value or key in a message
KINDS = {  # pydantic's errors by the kind of value that they want
    "int_type": "int",
    "int_parsing": "int",
    "int_from_float": "int",
    "float_type": "float",
    "float_parsing": "float",
    "bool_type": "bool",
    "bool_parsing": "bool",
    "list_type": "list",
    "tuple_type": "list",
    "dict_type": "dict",
    "string_type": "str",
}


def load_plan(source: str | Path, changes: dict[str, Any] | None = None) -> StudyPlan:
    """Read a plan from a YAML file, or from its name in plans/, and apply `changes` (dotted keys).

    Raises PlanError with the key, the value and what is allowed.
    """
    path = find_plan_file(source)
    tree = read_plan_tree(path)
    if tree.keys() & {"grid", "arms"}:
        raise PlanError(build_message("plan-is-sweep", path=str(path), source=str(source)))
    return parse_plan(tree, changes, str(path))


def read_plan_tree(path: Path) -> dict[str, Any]:
    """The choices of a plan's file as they stand there, named by the file where they have
    no name.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            tree = load_bounded_yaml(stream.read(MOST_CHARACTERS + 1)) or {}
    except OSError as error:
        raise PlanError(
            build_message("not-yaml", path=str(path), why=quote_exception(error))
        ) from None
    except yaml.YAMLError as error:
        raise PlanError(build_message("not-yaml", path=str(path), why=str(error))) from None
    except UnicodeDecodeError as error:
        raise PlanError(
            build_message("not-utf-8", path=str(path), place=error.start, why=error.reason)
        ) from None
    if not isinstance(tree, dict):
        raise PlanError(build_message("no-keys-in-plan", path=str(path), kind=type(tree).__name__))
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
        faults = list_plan_faults(error)
        raise PlanError(build_message("plan-wrong", source=source, faults=faults)) from None


def set_plan_key(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set `finetuning.epochs`-like keys in a tree of dictionaries."""
    *parents, last = key.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise PlanError(build_message("value-without-keys", key=key, parent=parent))
    tree[last] = value


def list_plan_faults(error: ValidationError) -> tuple[Message, ...]:
    """Each mistake of a plan or machine: key, what is allowed, and the value; of very many the
    first, and how many more.
    """
    faults = error.errors()
    told = tuple(describe_fault(one) for one in faults[:MOST_FAULTS])
    more = len(faults) - MOST_FAULTS
    return (*told, build_message("more-faults", n=more)) if more > 0 else told


def _quote(value: Any) -> str:
    """A value as a plan's reader knows it, cut where it is long."""
    said = value if isinstance(value, str) else repr(value)
    cut = said if len(said) <= MOST_QUOTED else said[:MOST_QUOTED] + "…"
    return repr(cut) if isinstance(value, str) else cut


def describe_fault(error: Any) -> Message:
    """One of pydantic's errors."""
    if isinstance(fault := error.get("ctx", {}).get("error"), PlanFault):
        return fault.message
    where, value = ".".join(str(part) for part in error["loc"]) or "plan", _quote(error["input"])
    where = where if len(where) <= MOST_QUOTED else where[:MOST_QUOTED] + "…"
    limits = {name: error.get("ctx", {}).get(name) for name in ("gt", "ge", "lt", "le")}
    match error["type"]:
        case "extra_forbidden":
            known = tuple(_list_known_keys(error["loc"][:-1]))
            return build_message("no-such-key", key=where, known=known)
        case "model_type":
            known = tuple(_list_known_keys(error["loc"]))
            return build_message("key-holds-keys", key=where, value=value, known=known)
        case "literal_error":
            known = tuple(re.findall("'([^']*)'", error["ctx"]["expected"]))
            return build_message("key-not-among", key=where, value=value, known=known)
        case "string_type" if isinstance(error["input"], int | float):  # YAML's 2024, no, 1e3
            return build_message("key-must-be-text", key=where, value=value)
        case kind if kind in KINDS:
            wanted = Term("value_kinds", KINDS[kind])
            return build_message("key-of-another-kind", key=where, value=value, kind=wanted)
        case "string_pattern_mismatch":
            return build_message("key-must-be-a-name", key=where, value=value)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" as kind:
            ((_, limit),) = ((name, one) for name, one in limits.items() if one is not None)
            return build_message(
                "key-out-of-bounds",
                key=where,
                value=value,
                bound=Term("bounds", kind),
                limit=f"{limit:g}",
            )
    return build_message("key-wrong", key=where, said=error["msg"], value=value)


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
        build_message(
            "no-plan", plan=str(source), path=str(places[0]), known=tuple(known) or ("—",)
        )
    )
