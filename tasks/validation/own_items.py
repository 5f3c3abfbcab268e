"""A person's own pairs and questions: JSON, JSON lines, CSV and XLSX; bad rows become rejections, never a guess."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from tasks.errors import PlanError
from tasks.records import Rejection
from tasks.text import fold
from tasks.validation import lenient, shapes
from tasks.validation.desk import Accepted, row_of
from tasks.validation.gate import Own
from tasks.validation.items import Found, Item, ItemKind, Row, reason
from tasks.validation.parsing import FIELDS, LISTS, Refused, item_of
from tasks.validation.shapes import Counting, exercise_shape

MMLU = ["question", "A", "B", "C", "D", "answer"]  # the columns of its files, which have no header
TITLES = 10  # rows at most that stand above the header of a sheet
KNOWN = {fold(name) for names in [*(n for kind in FIELDS.values() for n in kind.values()), shapes.LISTS, shapes.KEYS] for name in names}


class Line(NamedTuple):
    """One row of a file: its fields or why they cannot be read, and its text."""

    fields: dict[str, Any] | None
    raw: str
    fault: str = ""


def load_own(files: Iterable[tuple[str, Path]], language: str = "fa") -> Own:
    """Read (kind, file) pairs into items that `gate.validate` takes."""
    found = [load_items(path, "pair" if kind == "pair" else "question", language) for kind, path in files]
    return Own([i for f in found for i in f.items], [r for f in found for r in f.rejected])


def load_pairs(path: Path, language: str = "fa") -> Accepted:
    """The pairs of a file as rows, and its bad rows."""
    return _rows(load_items(path, "pair", language))


def load_questions(path: Path, language: str = "fa") -> Accepted:
    """The questions of a file as rows, and its bad rows."""
    return _rows(load_items(path, "question", language))


def load_items(path: Path, kind: ItemKind, language: str) -> Found:
    """Every row of a file as an item or as a rejection."""
    lines = read_lines(path)
    counting = Counting(line.fields for line in lines if line.fields is not None)
    found = Found([], [])
    for number, line in enumerate(lines, 1):
        place = f"{path.name}:{number}"
        try:
            found.items.append(_item(line, kind, language, counting, place))
        except Refused as error:
            found.rejected.append(
                Rejection(draft_id=place, kind=kind, check="parsing", reason=reason(error.label, error.detail), raw=line.raw)
            )
    return found


def read_lines(path: Path) -> list[Line]:
    """The rows of a JSON, JSONL, CSV, TSV or XLSX file. Raises PlanError where the file is none of these."""
    try:
        if path.suffix.lower() == ".xlsx":
            return _sheet(path)
        text = _text(path)
    except (OSError, UnicodeDecodeError, InvalidFileException, zipfile.BadZipFile, KeyError) as error:
        raise PlanError(f"{path} cannot be read: {error}. Own items are a UTF-8 file: .json, .jsonl, .csv, .tsv or .xlsx.") from None
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _table(_cells(text))
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return _json(text)
    raise PlanError(f"{path}: own items are .json, .jsonl, .csv, .tsv or .xlsx, not {path.suffix or 'a file without a suffix'}.")


def _item(line: Line, kind: ItemKind, language: str, counting: Counting, place: str) -> Item:
    if line.fields is None:
        raise Refused("broken JSON", line.fault)
    fields = exercise_shape(line.fields, counting) if kind == "question" else line.fields
    return item_of(fields, kind, language, line.raw, draft_id=place)


def _rows(found: Found) -> Accepted:
    return Accepted([_named(row_of(item, None), item.raw) for item in found.items], found.rejected)


def _named(row: Row, raw: str) -> Row:
    """Under the id that the file gives it, where it gives one."""
    try:
        given = json.loads(raw).get("id")
    except (ValueError, AttributeError):
        return row
    return row.model_copy(update={"id": str(given)}) if isinstance(given, str | int) and str(given) else row


def _text(path: Path) -> str:
    content = path.read_bytes()
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _json(text: str) -> list[Line]:
    """A list, an object that holds one, or one object a line; else what can be read of it."""
    try:
        return [_of(v) for v in _inside(lenient.strict(text))]
    except ValueError:
        whole = [line for line in re.split(r"[\r\n]+", text) if line.strip()]  # not splitlines: a text may hold other separators
    if all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in whole):
        return [_one_line(line) for line in whole]
    found = lenient.objects(text)
    return [_of(v) for r in found.read for v in _inside(r.value)] + [Line(None, b.raw, b.reason) for b in found.broken]


def _one_line(line: str) -> Line:
    try:
        return _of(lenient.strict(line))
    except ValueError as error:
        found = lenient.objects(line)
        good = len(found.read) == 1 and not found.broken and isinstance(found.read[0].value, dict)
        return Line(found.read[0].value, line) if good else Line(None, line, str(error))


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        inside = [value[k] for k in LISTS if isinstance(value.get(k), list)]
        if inside or _names(value):
            return inside[0] if inside else [value]
        lists = [v for v in value.values() if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
        return [row for rows in lists for row in rows] or [value]  # {"train": […], "test": […]}, or a list under any name
    return value if isinstance(value, list) else [value]


def _of(value: Any) -> Line:
    raw = json.dumps(value, ensure_ascii=False, default=str)
    return Line(value, raw) if isinstance(value, dict) else Line(None, raw, "not an object")


def _cells(text: str) -> list[list[Any]]:
    """Comma, semicolon or tab: whichever cuts the first line into most columns, or what Excel's `sep=;` says."""
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"sep=(.)\s*", first):
        return [list(row) for row in csv.reader(io.StringIO(rest, newline=""), delimiter=told[1])]
    mark = max(",;\t", key=lambda m: len(next(csv.reader([first], delimiter=m), [])))
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]


def _sheet(path: Path) -> list[Line]:
    """The first sheet of a workbook; formulas are not computed, their last values are read."""
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        return _table([list(row) for row in book.worksheets[0].iter_rows(values_only=True)])
    finally:
        book.close()


def _table(rows: list[list[Any]]) -> list[Line]:
    """Rows under the header, which may stand below a title; MMLU's files have none. A cell that holds a JSON list is that list."""
    filled = [row for row in rows if any(cell not in (None, "") for cell in row)]
    if not filled:
        return []
    bare = len(filled[0]) == len(MMLU) and str(filled[0][-1]).strip().upper() in ("A", "B", "C", "D")
    if bare:
        return [_row(MMLU, row) for row in filled]
    at = next((i for i, row in enumerate(filled[:TITLES]) if len(_names(row)) > 1), 0)
    above = [row for row in filled[:at] if sum(cell not in (None, "") for cell in row) > 1]
    header = [str(c).strip() if c is not None else "" for c in filled[at]]
    lost = [Line(None, json.dumps(row, ensure_ascii=False, default=str), "above the header") for row in above]
    return lost + [_row(header, row) for row in filled[at + 1 :]]


def _names(cells: Iterable[Any]) -> set[str]:
    """The names of fields that we know among keys or cells."""
    return {fold(str(cell)).strip() for cell in cells if cell is not None} & KNOWN


def _row(header: list[str], row: list[Any]) -> Line:
    raw = json.dumps(row, ensure_ascii=False, default=str)
    if any(cell not in (None, "") for cell in row[len(header) :]):
        return Line(None, raw, f"{len(row)} cells under {len(header)} columns")
    return Line({k: _cell(v) for k, v in zip(header, row, strict=False) if k}, raw)


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return lenient.strict(value)
        except ValueError:
            return value
    return value
