"""The choices of a plan as fields of a form: the ten that matter, and all others by section."""

from collections.abc import Mapping
from functools import reduce
from typing import Any, Literal, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel

from flows.cli.plan_text import describe_field, format_value
from tasks.language.language_pack import list_languages
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan

RECIPES = ("laptop", "recommended", "exercise")  # plans whose tuning can be taken over
RECIPE = "recipe"
MAIN_CHOICES = (
    "language",
    "generation.profile",
    "generation.writer",
    "generation.model",
    "validation.reader.model",
    "generation.pairs",
    "generation.questions",
    "base.model",
    RECIPE,
    "generation.budget_usd",
)
SUGGESTED = {
    "validation.reader.model": ("auto", "off"),
    "base.model": ("tiny", "smollm2", "unsloth/Llama-3.2-1B", "Qwen/Qwen3-0.6B"),
}
# What names files of this machine, or whose study it is: not to be set from a browser.
KEPT_CHOICES = frozenset({"name", "book", "validation.review", "finetuning.report_to"})
OWN_SECTIONS = frozenset({"lineage"})
FILE_CHOICES = frozenset({"generation.pairs", "generation.questions"})  # a number, or a file


class ChoiceField(NamedTuple):
    """One choice of a plan as it is asked for."""

    key: str
    value: str
    words: tuple[str, ...] = ()  # the only ones allowed
    suggested: tuple[str, ...] = ()
    sentence: str = ""  # of the plan's own description

    @property
    def id(self) -> str:
        """Of the control on the page."""
        return f"f-{self.key.replace('.', '-')}"

    @property
    def is_main(self) -> bool:
        """Whether it is one of the ten."""
        return self.key in MAIN_CHOICES


def list_main_fields(plan: StudyPlan) -> list[ChoiceField]:
    """The ten choices."""
    return [
        ChoiceField(RECIPE, name_recipe(plan), (*RECIPES, "own"))
        if key == RECIPE
        else ChoiceField(
            key,
            str(get_choice(plan, key)),
            tuple(list_languages()) if key == "language" else _list_words(key),
            SUGGESTED.get(key, ()),
        )
        for key in MAIN_CHOICES
    ]


def list_other_fields(plan: StudyPlan) -> dict[str, list[ChoiceField]]:
    """All other choices by their section, each as its plan file has it."""
    sections: dict[str, list[ChoiceField]] = {}
    for field in _list_fields(plan, ""):
        if field.key not in KEPT_CHOICES and field.key not in MAIN_CHOICES:
            sections.setdefault(field.key.partition(".")[0], []).append(field)
    return sections


def list_fields(plan: StudyPlan) -> list[ChoiceField]:
    """Every choice that the page shows."""
    others = (field for part in list_other_fields(plan).values() for field in part)
    return [*list_main_fields(plan), *others]


def list_stale_fields(plan: StudyPlan, form: Mapping[str, str]) -> list[ChoiceField]:
    """Choices that a page shows otherwise than the plan has them by now: a recipe sets many. Sent
    again with the next change they would undo it.
    """
    return [f for f in list_fields(plan) if f.key in form and form[f.key].strip() != f.value]


def parse_choices(plan: StudyPlan, form: Mapping[str, str]) -> dict[str, Any]:
    """What a form changes, by dotted key. Raises PlanError for a value that is none; a key that is
    not to be set from a browser counts for nothing.
    """
    shown = list_fields(plan)
    typed = {f.key: form[f.key].strip() for f in shown if f.key in form}
    changed = {f.key: typed[f.key] for f in shown if f.key in typed and typed[f.key] != f.value}
    changes: dict[str, Any] = {}
    if (recipe := changed.pop(RECIPE, "")) in RECIPES:
        changes["finetuning"] = load_plan(recipe).finetuning.model_dump(mode="json")
    for key, text in changed.items():
        changes[key] = _parse_value(plan, key, text)
    return changes


def _parse_value(plan: StudyPlan, key: str, text: str) -> Any:
    """A main choice's text is a text; all others are YAML, as after --set."""
    if key in MAIN_CHOICES and isinstance(get_choice(plan, key), str) and key not in FILE_CHOICES:
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise PlanError(build_message("not-a-yaml-value", key=key, text=text)) from None
    if key in FILE_CHOICES and isinstance(value, str):
        raise PlanError(build_message("number-wanted", key=key, text=text))
    return value


def name_recipe(plan: StudyPlan) -> str:
    """The plan whose tuning this one has; "own" where it is none of ours."""
    same = (name for name in RECIPES if load_plan(name).finetuning == plan.finetuning)
    return next(same, "own")


def get_choice(plan: StudyPlan, key: str) -> Any:
    """The value of a dotted key."""
    return reduce(getattr, key.split("."), plan)


def _list_words(key: str) -> tuple[str, ...]:
    *parents, last = key.split(".")
    section: Any = reduce(getattr, parents, StudyPlan())
    annotation = type(section).model_fields[last].annotation
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def _list_fields(section: BaseModel, prefix: str) -> list[ChoiceField]:
    fields: list[ChoiceField] = []
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{prefix}{name}"
        if isinstance(value, BaseModel):
            fields += [] if key in OWN_SECTIONS else _list_fields(value, f"{key}.")
        else:
            fields.append(
                ChoiceField(key, format_value(value), _list_words(key), (), describe_field(field))
            )
    return fields
