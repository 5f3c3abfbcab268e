"""What is given on the command line, as plans and machines."""

import os
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.language.reader_language import VARIABLE, get_reader_language
from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import format_validation_error, load_plan, parse_plan


def load_study_plan(source: str, changes: list[str]) -> StudyPlan:
    return load_plan(source, parse_changes(changes))


def parse_plan_tree(tree: dict[str, Any], changes: list[str]) -> StudyPlan:

    return parse_plan(tree, parse_changes(changes))


def parse_machine(changes: list[str]) -> Machine:
    values = parse_changes(changes)
    if unknown := values.keys() - Machine.model_fields.keys():
        raise PlanError(
            f"--machine {', '.join(unknown)}: no such key. Known: {', '.join(Machine.model_fields)}"
        )
    try:
        return Machine.model_validate(values)
    except ValidationError as error:
        raise PlanError(f"--machine {format_validation_error(error)}") from None


def choose_language(asked: str | None) -> None:
    """For this command and all that it starts. Raises PlanError for one without sentences."""
    if asked:
        os.environ[VARIABLE] = asked
    get_reader_language()


def refuse_unknown_stages(redo: list[str]) -> None:
    """Before Prefect's server is started for nothing. Raises PlanError for a stage that is not
    there.
    """
    if not redo:
        return  # the list of stages costs a second of imports
    from tasks.stages import list_stages

    known = list_stages()
    for name in redo:
        if name not in known:
            raise PlanError(f"--redo {name}: no such stage. Stages: {', '.join(known)}")


def parse_changes(changes: list[str]) -> dict[str, Any]:
    """`["a.b=1", "c=x"]` → `{"a.b": 1, "c": "x"}`; values are read as YAML."""
    for change in changes:
        if not change.partition("=")[0].strip() or "=" not in change:
            raise PlanError(f"{change!r} is not key=value, e.g. --set finetuning.epochs=3")
    return {
        key.strip(): _parse_yaml_value(key, value)
        for key, _, value in (change.partition("=") for change in changes)
    }


def _parse_yaml_value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise PlanError(
            f"{key}: {text!r} is not a YAML value; put text in quotes of its own, as in --set"
            f" '{key}=\"…\"'"
        ) from None
