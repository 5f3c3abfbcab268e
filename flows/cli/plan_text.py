"""A plan as a text to read and to run again: every choice with its value, and what it means."""

import types
from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan

COLUMNS = 100


def format_plan(plan: StudyPlan) -> str:
    """The whole plan as YAML, defaults too, each choice below its sentence."""
    return "\n".join(_format_section(plan, "")) + "\n"


def _format_section(section: BaseModel, indent: str) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            sentence = " ".join((type(value).__doc__ or "").split("\n\n")[0].split())
            yield from ["", *_format_comment(sentence, indent), f"{indent}{name}:"]
            yield from _format_section(value, indent + "  ")
        else:
            yield from _format_comment(describe_field(field), indent)
            yield f"{indent}{name}: {format_value(value)}"


def _format_comment(sentence: str, indent: str) -> list[str]:
    return wrap(sentence, COLUMNS, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def describe_field(field: FieldInfo) -> str:
    """Its sentence, and what is allowed where only some words are."""
    words = _list_allowed_words(field.annotation)
    sentence = field.description or ""
    named = all(str(word) in sentence for word in words)
    return sentence if named else f"{sentence} ({', '.join(map(str, words))})".strip()


def _list_allowed_words(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(word for part in get_args(annotation) for word in _list_allowed_words(part))
    return ()


def format_value(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(
        plain, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def list_choices() -> str:
    """Every key that `--set` takes, with its default and its sentence, in Markdown: what `--help`
    shows.
    """
    return "\n".join(
        [
            "Choices of a plan, for `--set` (with their values: `book2lora plan PLAN`):",
            "",
            *_list_section(StudyPlan(), ""),
            "",
            "For `--machine`:",
            "",
            *_list_section(Machine(), ""),
        ]
    )


def _list_section(section: BaseModel, prefix: str) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _list_section(value, f"{prefix}{name}.")
        else:
            yield f"- `{prefix}{name}={format_value(value)}` {describe_field(field)}"
