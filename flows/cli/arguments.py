"""What is given on the command line, as plans and machines."""

import os
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.language.reader_language import VARIABLE, get_reader_language
from tasks.schemas.errors import PlanError
from tasks.schemas.files.bounded_yaml import load_bounded_yaml
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import list_plan_faults, load_plan, parse_plan


def load_study_plan(source: str, changes: list[str]) -> StudyPlan:
    return load_plan(source, parse_changes(changes))


def parse_plan_tree(tree: dict[str, Any], changes: list[str]) -> StudyPlan:

    return parse_plan(tree, parse_changes(changes))


def parse_machine(changes: list[str]) -> Machine:
    values = parse_changes(changes)
    if unknown := values.keys() - Machine.model_fields.keys():
        raise PlanError(
            build_message(
                "no-such-key",
                key=f"--machine {', '.join(sorted(unknown))}",
                known=tuple(Machine.model_fields),
            )
        )
    try:
        return Machine.model_validate(values)
    except ValidationError as error:
        faults = list_plan_faults(error)
        raise PlanError(build_message("machine-wrong", faults=faults)) from None


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
            raise PlanError(build_message("no-such-stage", name=name, known=tuple(known)))


def parse_changes(changes: list[str]) -> dict[str, Any]:
    """`["a.b=1", "c=x"]` → `{"a.b": 1, "c": "x"}`; values are read as YAML."""
    for change in changes:
        if not change.partition("=")[0].strip() or "=" not in change:
            raise PlanError(build_message("not-key-and-value", text=change))
    return {
        key.strip(): _parse_yaml_value(key, value)
        for key, _, value in (change.partition("=") for change in changes)
    }


def _parse_yaml_value(key: str, text: str) -> Any:
    try:
        return load_bounded_yaml(text)
    except yaml.YAMLError:
        raise PlanError(build_message("not-a-yaml-value", key=key, text=text)) from None
