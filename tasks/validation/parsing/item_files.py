"""Read the rows of a person's file: JSON, JSON lines, CSV, XLSX, parquet, a folder of Hugging Face
`save_to_disk`, gzipped or not.

What cannot be read is told, row by row; nothing of a file is left out silently.
"""

import csv
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from datetime import date, time
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from tasks.schemas.errors import PlanError
from tasks.schemas.messages import Message, build_message
from tasks.store.foreign.parse_apart import ParserStopped, parse_apart
from tasks.validation.parsing import lenient_json
from tasks.validation.parsing.column_names import count_known, name_columns
from tasks.validation.parsing.draft_reader import LIST_NAMES
from tasks.validation.parsing.text_files import TITLES, read_cells, read_text

MMLU = ["question", "A", "B", "C", "D", "answer"]  # the columns of its files, which have no header
TABLES = (".csv", ".tsv", ".txt")
TEXTS = (*TABLES, ".json", ".jsonl", ".ndjson")
SMALL_TEXT = 2**20  # bytes of a text that is parsed here: JSON makes 60 MB of it at most
ZIP, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # first bytes: a workbook under another name
ROW_LISTS = (*LIST_NAMES, "rows", "values")


class ItemLine(NamedTuple):
    """One row of a file: its fields or why they cannot be read, and its text."""

    fields: dict[str, Any] | None
    raw: str
    fault: Message | None = None


class Rows(NamedTuple):
    """The rows of a file, and what is to be told about how it was read."""

    lines: list[ItemLine]
    notes: tuple[Message, ...] = ()


def read_rows(path: Path) -> Rows:
    """All rows of a file. Raises PlanError where it is none of these, damaged, hostile, or of an
    unknown encoding.

    Only a short text is parsed in this process: a workbook of 1.7 kB can take gigabytes.
    """
    if _is_short_text(path):
        return _read_or_refuse(path)
    try:
        packed = parse_apart(__name__, pack_rows.__name__, str(path))
    except ParserStopped as stopped:
        raise PlanError(
            build_message("own-file-unreadable", path=str(path), why=stopped.reason)
        ) from None
    return Rows(
        [
            ItemLine(fields, raw, fault and Message.model_validate(fault))
            for fields, raw, fault in packed["lines"]
        ],
        tuple(map(Message.model_validate, packed["notes"])),
    )


def pack_rows(path: str) -> dict[str, Any]:
    """The rows of a file as JSON knows them. A date stays no text: Excel makes one of "3-4"."""
    rows = _read_or_refuse(Path(path))
    lines = [
        (line.fields, line.raw, line.fault and line.fault.model_dump(mode="json"))
        for line in rows.lines
    ]
    packed = {"lines": lines, "notes": [note.model_dump(mode="json") for note in rows.notes]}
    plain: dict[str, Any] = json.loads(json.dumps(packed, default=_pack_cell))
    return plain


def _pack_cell(value: Any) -> Any:
    return {"date": value.isoformat()} if isinstance(value, date | time) else str(value)


def _is_short_text(path: Path) -> bool:
    """Not of a workbook that is called .csv."""
    if not path.is_file() or path.suffix.lower() not in TEXTS:
        return False
    return path.stat().st_size <= SMALL_TEXT and path.open("rb").read(4) != ZIP


def _read_or_refuse(path: Path) -> Rows:
    try:
        return _read(path)
    except (
        OSError,
        EOFError,
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        csv.Error,
        ValueError,
        RecursionError,
        zlib.error,
    ) as error:
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise PlanError(build_message("own-file-unreadable", path=str(path), why=why)) from None


def _read(path: Path) -> Rows:
    if path.is_dir():
        return _arrow_folder(path)
    kind = (
        "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    )
    plain = kind.removesuffix(".gz")
    with path.open("rb") as stream:
        magic = stream.read(4)
    if kind in (".parquet", ".pq"):
        import pyarrow.parquet as parquet

        return Rows(_arrow_lines(parquet.read_table(path)))
    if plain in (".json", ".jsonl", ".ndjson"):
        text, notes = read_text(path)
        return Rows(_json(text), notes)
    if kind == ".xlsx" or (magic.startswith(ZIP) and plain in (*TABLES, ".xls")):
        return _sheets(path)
    if plain in TABLES and not magic.startswith(OLD_WORKBOOK):
        text, notes = read_text(path)
        return Rows(_table(read_cells(text)), notes)
    raise PlanError(
        build_message(
            "own-file-of-another-kind",
            path=str(path),
            suffix=path.suffix or build_message("no-suffix"),
        )
    )


def _json(text: str) -> list[ItemLine]:
    """A list, an object that holds one, or one object a line; else what can be read of it."""
    try:
        return _lines(_inside(lenient_json.parse_strict(text)))
    except ValueError:
        whole = [
            line for line in re.split(r"[\r\n]+", text) if line.strip()
        ]  # not splitlines: a text may hold other separators
    if all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in whole):
        return [_one_line(line) for line in whole]
    found = lenient_json.read_objects(text)
    return _lines(v for r in found.parsed for v in _inside(r.value)) + [
        ItemLine(None, b.raw, build_message("broken-json", why=b.reason)) for b in found.broken
    ]


def _one_line(line: str) -> ItemLine:
    try:
        return _of(lenient_json.parse_strict(line))
    except ValueError as error:
        fault = build_message("broken-json", why=lenient_json.describe_json_fault(error))
        found = lenient_json.read_objects(line)
        good = (
            len(found.parsed) == 1 and not found.broken and isinstance(found.parsed[0].value, dict)
        )
        return ItemLine(found.parsed[0].value, line) if good else ItemLine(None, line, fault)


def _inside(value: Any) -> list[Any]:
    """The rows of a list, of {"items": […]}, of {"train": […], "test": […]}, of what lies below
    such names, of {"q1": {…}, "q2": {…}}, or of columns {"question": […], …}.
    """
    if isinstance(value, list):
        if value and all(isinstance(row, list) for row in value):
            return _table(value)
        return [row for one in value for row in _unwrap(one)]
    if not isinstance(value, dict):
        return [value]
    if isinstance(names := value.get("columns"), list) and isinstance(value.get("data"), list):
        return [dict(zip(names, row, strict=False)) for row in value["data"]]
    inside = [value[k] for k in ROW_LISTS if isinstance(value.get(k), list)]
    if inside or count_known(value) > 1:
        return _inside(inside[0]) if inside else _columns(value) or _named_rows(value) or [value]
    below = [v for v in value.values() if _holds_rows(v)]
    return [row for part in below for row in _inside(part)] or [value]


def _named_rows(value: dict[str, Any]) -> list[Any]:
    """{"0": {…}, "1": {…}}: numbers are names of options, too."""
    rows = list(value.values())
    return rows if all(isinstance(row, dict) and count_known(row) > 1 for row in rows) else []


def _holds_rows(value: Any) -> bool:
    """Whether a value is a row, holds rows, or is a list of them."""
    if isinstance(value, dict):
        return count_known(value) > 1 or any(map(_holds_rows, value.values()))
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _unwrap(row: Any) -> list[Any]:
    """A row; that of {"row_idx": 0, "row": {…}} as the hub's viewer gives it; the rows of a part of
    an exam.
    """
    if not isinstance(row, dict) or count_known(row) > 1:
        return [row]
    within = [part for part in row.values() if isinstance(part, dict) and count_known(part) > 1]
    if len(within) == 1:
        return [{"id": row["id"], **within[0]} if "id" in row else within[0]]
    parts = any(isinstance(row.get(name), list) for name in ROW_LISTS)
    return _inside(row) if parts and _holds_rows(row) else [row]


def _columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """pandas' {"question": {"0": …, "1": …}, …}: one object a column, each with the same row
    numbers.
    """
    parts = list(value.values())
    if not all(isinstance(p, dict) and p and all(str(k).isdigit() for k in p) for p in parts):
        return []
    return [{column: rows.get(number) for column, rows in value.items()} for number in parts[0]]


def _lines(values: Iterable[Any]) -> list[ItemLine]:
    return [value if isinstance(value, ItemLine) else _of(value) for value in values]


def _of(value: Any) -> ItemLine:
    raw = json.dumps(value, ensure_ascii=False, default=str)
    return (
        ItemLine(value, raw)
        if isinstance(value, dict)
        else ItemLine(None, raw, build_message("not-an-object"))
    )


def _sheets(path: Path) -> Rows:
    """Every sheet of a workbook that is shown and has a header we know, else the first; formulas
    are not computed, their last values are read.
    """
    with path.open("rb") as stream:
        book = load_workbook(stream, read_only=True, data_only=True)
        sheets = {
            sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
        }
        hidden = {sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"}
    known = {
        title: rows
        for title, rows in sheets.items()
        if title not in hidden and any(count_known(row) > 1 for row in rows[:TITLES])
    }
    used = known or dict(list(sheets.items())[:1])
    filled = [
        title
        for title, rows in sheets.items()
        if any(cell not in (None, "") for row in rows for cell in row)
    ]
    left = [title for title in filled if title not in used]
    notes = [build_message("sheets-read", n=len(used), names=tuple(used))] * (len(used) > 1)
    notes += [build_message("sheets-left-out", names=tuple(left))] * bool(left)
    return Rows([line for rows in used.values() for line in _table(rows)], tuple(notes))


def _table(rows: Sequence[list[Any]]) -> list[ItemLine]:
    """Rows under the header, which may stand below a title; MMLU's files have none."""
    filled = [row for row in rows if any(cell not in (None, "") for cell in row)]
    if not filled:
        return []
    if len(filled[0]) == len(MMLU) and str(filled[0][-1]).strip().upper() in ("A", "B", "C", "D"):
        return [_row(MMLU, row) for row in filled]
    at = next((i for i, row in enumerate(filled[:TITLES]) if count_known(row) > 1), 0)
    above = [row for row in filled[:at] if sum(cell not in (None, "") for cell in row) > 1]
    header, below = _join_headers(filled[at : at + 2])
    lost = [
        ItemLine(
            None,
            json.dumps(row, ensure_ascii=False, default=str),
            build_message("above-the-header"),
        )
        for row in above
    ]
    return lost + [_row(header, row) for row in filled[at + 1 + below :]]


def _join_headers(rows: Sequence[list[Any]]) -> tuple[list[str], bool]:
    """The header, and whether it has a second row: "Options" over the columns A, B, C, D."""
    first, *second = rows
    if second:
        pairs = list(zip_longest(first, second[0]))
        both = [high if low in (None, "") else low for high, low in pairs]
        gaps = any(high not in (None, "") and low in (None, "") for high, low in pairs)
        if gaps and count_known(both) > count_known(first):
            return name_columns(both), True
    return name_columns(first), False


def _row(header: Sequence[str], row: list[Any]) -> ItemLine:
    raw = json.dumps(row, ensure_ascii=False, default=str)
    if any(cell not in (None, "") for cell in row[len(header) :]):
        return ItemLine(
            None, raw, build_message("too-many-cells", cells=len(row), columns=len(header))
        )
    return ItemLine({k: v for k, v in zip(header, row, strict=False) if k}, raw)


def _arrow_folder(folder: Path) -> Rows:
    """All splits of a folder that `datasets.save_to_disk` wrote."""
    import pyarrow

    files = sorted(folder.rglob("*.arrow"))
    if not files:
        raise ValueError("the folder holds no .arrow file, as save_to_disk writes them")
    lines: list[ItemLine] = []
    for file in files:
        with pyarrow.OSFile(str(file)) as stream:
            lines += _arrow_lines(pyarrow.ipc.open_stream(stream).read_all())
    splits = sorted({str(file.parent.relative_to(folder)) for file in files} - {"."})
    return Rows(
        lines,
        (build_message("splits-read", n=len(splits), names=tuple(splits)),) * (len(splits) > 1),
    )


def _arrow_lines(table: Any) -> list[ItemLine]:
    """Rows of an Arrow table; class numbers of Hugging Face become the names of their classes."""
    told = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    features = told.get("info", {}).get("features", {})
    names = {k: v["names"] for k, v in features.items() if isinstance(v, dict) and v.get("names")}
    rows = ({k: _class_name(v, names.get(k)) for k, v in row.items()} for row in table.to_pylist())
    return [_of(row) for row in rows]


def _class_name(value: Any, names: Sequence[str] | None) -> Any:
    return names[value] if names and isinstance(value, int) and 0 <= value < len(names) else value


def list_columns(lines: Iterable[ItemLine]) -> list[str]:
    """The columns of a file, in the order in which they come."""
    return list(dict.fromkeys(str(k) for line in lines for k in line.fields or ()))
