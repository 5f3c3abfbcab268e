"""Read a person's decisions on a study's items: the file that a review sheet saved (JSON, CSV), or
its workbook filled in (XLSX).
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tasks.language.language_pack import load_all_packs
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.rows.review_rows import ReviewDecision
from tasks.validation.parsing.column_names import squeeze
from tasks.validation.parsing.item_files import list_columns, read_rows

OPTIONS = ("option_1", "option_2", "option_3", "option_4")
TEXTS = ("symptom", "diagnosis", "question", *OPTIONS, "answer", "quote")
# How a saved CSV marks a cell that a spreadsheet would take for a formula (reporting/review).
_GUARDED = re.compile(r"^'+[=+\-@\t\r]")


class ItemDecision(NamedTuple):
    """What a person says of one item."""

    item: str  # its id, which is a digest of what it says
    decision: ReviewDecision | None  # none: a row without one
    note: str
    texts: Mapping[str, str]  # the item's texts as they stand in the file, by TEXTS


def read_decisions(path: Path) -> list[ItemDecision]:
    """The rows of a file that name an item; rows that say the same of it count once. Raises
    PlanError where none has a decision, one has a word that is no decision or decides on no item,
    or two decide on one item differently.
    """
    rows = read_rows(path).lines
    found: dict[str, ItemDecision] = {}
    for number, line in enumerate(rows, 1):
        fields = _name_fields(line.fields or {}, path.suffix.lower())
        item = fields.get("item", "")
        decision = _read_decision(fields.get("decision", ""), path, number)
        texts = {name: fields[name] for name in TEXTS if name in fields}
        said = ItemDecision(item, decision, fields.get("note", ""), texts)
        if decision and not item:
            raise PlanError(build_message("decision-without-item", file=path.name, row=number))
        if found.get(item, said) != said:
            raise PlanError(
                build_message("decided-twice", file=path.name, row=number, item=item[:80])
            )
        if item:
            found[item] = said
    if not any(one.decision for one in found.values()):
        columns = tuple(list_columns(rows)) or ("—",)
        raise PlanError(build_message("no-decisions-in-file", path=str(path), columns=columns))
    return list(found.values())


@cache
def _known_columns() -> dict[str, str]:
    """A column's title in any language, squeezed → its name."""
    packs = load_all_packs("packs/review.yaml")
    names = {squeeze(title): name for p in packs for name, title in p["review_columns"].items()}
    return names | {squeeze(name): name for name in packs[0]["review_columns"]}


@cache
def _known_decisions() -> dict[str, ReviewDecision]:
    """A decision in any language, squeezed → the decision."""
    packs = load_all_packs("packs/review.yaml")
    words = {squeeze(word): name for p in packs for name, word in p["review_decisions"].items()}
    return words | {name: name for name in packs[0]["review_decisions"]}


def _name_fields(fields: Mapping[str, Any], suffix: str) -> dict[str, str]:
    """A row's cells as texts, by name; other columns are no matter of ours."""
    options = fields.get("options")
    told = dict(fields)
    if isinstance(options, list):
        told |= dict(zip(OPTIONS, options, strict=False))
    known = {_known_columns().get(squeeze(str(title))): cell for title, cell in told.items()}
    guarded = suffix in (".csv", ".tsv", ".txt")
    return {name: _read_cell(cell, guarded) for name, cell in known.items() if name}


def _read_cell(cell: Any, guarded: bool) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = "" if cell is None else str(cell).replace("\r\n", "\n").strip()
    return text[1:] if guarded and _GUARDED.match(text) else text


def _read_decision(text: str, path: Path, number: int) -> ReviewDecision | None:
    if not text:
        return None
    if decision := _known_decisions().get(squeeze(text)):
        return decision
    raise PlanError(
        build_message(
            "no-such-decision",
            file=path.name,
            row=number,
            text=text[:80],
            known=tuple(_known_decisions()),
        )
    )
