"""A plan printed is the plan: it reads back as itself, and no choice is without its sentence."""

import pytest
import yaml
from pydantic import BaseModel

from flows.cli.plan_text import COLUMNS, format_plan, list_choices
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan, parse_plan
from tasks.schemas.project import PROJECT_ROOT

PLANS = sorted(
    path.stem for path in (PROJECT_ROOT / "plans").glob("*.yaml") if "sweep" not in path.stem
)


def list_keys(section, prefix=""):
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from list_keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


@pytest.mark.parametrize("name", PLANS)
def test_a_printed_plan_reads_back_as_itself(name):
    plan = load_plan(name)
    assert parse_plan(yaml.safe_load(format_plan(plan))) == plan


def test_text_that_yaml_would_read_as_something_else_comes_back():
    changes = {
        "generation.pairs": "2024",
        "generation.prices.as_of": "2026-11-01",
        "finetuning.template": "Case: {symptom}\n# {diagnosis}: yes",
        "evaluation.template_options": {"enable_thinking": False},
        "book": "no",
    }
    plan = parse_plan({"name": "odd"}, changes)
    assert parse_plan(yaml.safe_load(format_plan(plan))) == plan


def test_its_comments_fit_on_a_screen():
    lines = format_plan(StudyPlan()).splitlines()
    assert not [line for line in lines if "# " in line and len(line) > COLUMNS]


@pytest.mark.parametrize("section", [StudyPlan(), Machine()])
def test_every_choice_stands_in_the_help_with_its_sentence(section):
    told = list_choices().splitlines()
    for key, field in list_keys(section):
        (line,) = [line for line in told if line.startswith(f"- `{key}=")]
        assert field.description and field.description in line, key
