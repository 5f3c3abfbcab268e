"""What the site takes from the code at each build: the choices of a plan and the rows of the
tables, from their fields.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from flows.cli.plan_text import describe_field, format_value
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.store import artifacts
from tasks.store.artifacts import Table


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put each part where a page has its mark."""
    parts: dict[str, Callable[[], str]] = {
        "<!-- choices -->": build_choice_tables,
        "<!-- tables -->": build_row_tables,
    }
    for mark, build in parts.items():
        if mark in markdown:
            markdown = markdown.replace(mark, build())
    return markdown


def build_choice_tables() -> str:
    """One table a section of a plan: key, default, sentence."""
    study = StudyPlan()
    groups = [("", study), *_list_sections(study, ""), ("machine.", Machine())]
    return "\n\n".join(_format_section(prefix, section) for prefix, section in groups)


def _list_sections(section: BaseModel, prefix: str) -> list[tuple[str, BaseModel]]:
    found = []
    for name in type(section).model_fields:
        if isinstance(value := getattr(section, name), BaseModel):
            found += [(f"{prefix}{name}.", value), *_list_sections(value, f"{prefix}{name}.")]
    return found


def _format_section(prefix: str, section: BaseModel) -> str:
    rows = [
        f"| `{prefix.replace('machine.', '')}{name}` | `{format_value(getattr(section, name))}` |"
        f" {describe_field(field)} |"
        for name, field in type(section).model_fields.items()
        if not isinstance(getattr(section, name), BaseModel)
    ]
    head = [f"## {prefix.removesuffix('.') or 'study'}", "", _summarize(type(section)), ""]
    return "\n".join([*head, "| key | default | meaning |", "|---|---|---|", *rows])


def build_row_tables() -> str:
    """One table a folder of the store: the fields of its rows."""
    found = [
        one for one in vars(artifacts).values() if isinstance(one, type) and "place" in vars(one)
    ]
    return "\n\n".join(_format_row_type(table) for table in found if issubclass(table, Table))


def _format_row_type(table: type[Table[Any]]) -> str:
    rows = [
        f"| `{name}` | {field.description or ''} |"
        for name, field in table.row.model_fields.items()
    ]
    head = [f"### {table.place}", "", _summarize(table.row), ""]
    return "\n".join([*head, "| field | meaning |", "|---|---|", *rows])


def _summarize(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())
