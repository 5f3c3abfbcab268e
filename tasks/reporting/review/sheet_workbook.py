"""The review sheet as a workbook: a row an item, decisions chosen from a list."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from tasks.language.i18n import Translator
from tasks.reporting.review.sheet_items import SheetItem
from tasks.reporting.sanitize import mark_control_characters

PLACE_COLUMNS = ("set", "kind", "chapter", "page")
TEXT_COLUMNS = {
    "pair": ("symptom", "diagnosis"),
    "question": ("question", "option_1", "option_2", "option_3", "option_4", "answer"),
}
WIDE = {"symptom": 60, "question": 50, "quote": 50, "passage": 80, "note": 30, "chapter": 20}
USUAL_WIDTH = 16  # characters
MOST_CHARACTERS = 32_767  # of a cell, in every spreadsheet program


def write_workbook(
    path: Path, items: Sequence[SheetItem], say: Translator, *, right_to_left: bool
) -> None:
    """A worksheet each for pairs and questions; one without items has none."""
    book = Workbook()
    book.remove(book.active)
    for kind, title in (("pair", "sheet_pairs"), ("question", "sheet_questions")):
        if rows := [item for item in items if item.kind == kind]:
            sheet = book.create_sheet(say["review"][title])
            sheet.sheet_view.rightToLeft = right_to_left
            names = ["item", "decision", "note", *PLACE_COLUMNS, *TEXT_COLUMNS[kind]]
            _fill_sheet(sheet, [*names, "quote", "passage"], rows, say)
    book.save(path)


def _fill_sheet(sheet: Any, names: list[str], items: Iterable[SheetItem], say: Translator) -> None:
    for column, name in enumerate(names, 1):
        cell = sheet.cell(1, column, say["review_columns"][name])
        cell.font = Font(bold=True)
        width = WIDE.get(name, USUAL_WIDTH)
        sheet.column_dimensions[get_column_letter(column)].width = width
    last = 1
    for last, item in enumerate(items, 2):
        for column, name in enumerate(names, 1):
            _write_cell(sheet.cell(last, column), _read_field(item, name, say))
    sheet.freeze_panes = "D2"
    _add_choice(sheet, f"B2:B{last}", list(say["review_decisions"].values()), say)
    if "answer" in names:
        letter = get_column_letter(names.index("answer") + 1)
        _add_choice(sheet, f"{letter}2:{letter}{last}", ["1", "2", "3", "4"], say)


def _read_field(item: SheetItem, name: str, say: Translator) -> str | int | None:
    if name in ("decision", "note"):
        return None
    if name == "set":
        return str(say["review_sets"][item.set])
    if name == "kind":
        return say.get_label("question_kinds", item.about) if item.about else ""
    if name == "item":
        return item.id
    if name == "answer":
        return int(item.texts["answer"])
    if name in item.texts:
        return item.texts[name]
    return getattr(item, name) if name in ("chapter", "page", "passage") else ""


def _write_cell(cell: Any, value: str | int | None) -> None:
    """A text stays a text, whatever it begins with: a book's «=1+1» is no formula, neither now nor
    after somebody has edited the cell.
    """
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if not isinstance(value, str) or not value:
        cell.value = value or None
        return
    cell.value = mark_control_characters(value)[:MOST_CHARACTERS]
    cell.data_type = "s"
    if value.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True


def _add_choice(sheet: Any, cells: str, words: Sequence[str], say: Translator) -> None:
    choice = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
    choice.prompt, choice.showInputMessage = say["review"]["choose"], True
    choice.error, choice.showErrorMessage = say["review"]["wrong_choice"], True
    choice.add(cells)
    sheet.add_data_validation(choice)
