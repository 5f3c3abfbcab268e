"""A person's own pairs and questions: one door for `check`, `evaluate` and `study`; bad rows become
rejections, never a guess.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Rejection
from tasks.schemas.messages import Message, Term, build_message
from tasks.validation.item_checker import CheckedDraft, build_row
from tasks.validation.items import (
    ItemKind,
    PairOrQuestion,
    ParsedItem,
    ParsedItems,
    Refused,
)
from tasks.validation.parsing.column_contents import (
    Columns,
    add_first_row,
    find_columns,
    propose_columns,
)
from tasks.validation.parsing.column_names import (
    Given,
    Layout,
    find_layout,
    find_series,
    index_headers,
    squeeze,
)
from tasks.validation.parsing.draft_reader import build_parsed_item
from tasks.validation.parsing.item_files import ItemLine, Rows, list_columns, read_rows
from tasks.validation.parsing.key_convention import KeyConvention
from tasks.validation.parsing.pair_rows import read_pair
from tasks.validation.parsing.question_rows import QuestionRow, read_question
from tasks.validation.validate import ImportedItems

SAMPLES = 3  # rows shown where nothing could be read
SHOWN = 160  # characters of each


class OwnFile(NamedTuple):
    """What a person's file holds: items, refused rows, and how it was read."""

    found: ParsedItems
    columns: tuple[str, ...]
    samples: tuple[str, ...]
    notes: tuple[Message, ...]
    proposal: str  # of generation.columns

    def describe(self, kind: ItemKind) -> Message:
        """Rows read, and refused by reason."""
        items, rejected = self.found.items, self.found.rejected
        reasons = Counter(row.reason.code for row in rejected).most_common()
        told = [build_message("rows-refused", n=n, why=Term("reasons", why)) for why, n in reasons]
        read = build_message(
            "rows-read",
            rows=len(items) + len(rejected),
            items=len(items),
            kind=Term("kinds", kind),
        )
        return build_message("own-file", parts=(read, *told, *self.notes))


def load_imported_items(
    files: Iterable[tuple[str, Path]], language: str = "fa", given: Given | None = None
) -> ImportedItems:
    """Read (kind, file) pairs into items that `gate.validate` takes. Raises PlanError where a file
    holds none.
    """
    opened = [
        open_items(path, "pair" if kind == "pair" else "question", language, given).found
        for kind, path in files
    ]
    return ImportedItems(
        [i for f in opened for i in f.items], [r for f in opened for r in f.rejected]
    )


def open_items(path: Path, kind: ItemKind, language: str, given: Given | None = None) -> OwnFile:
    """The items of a file that holds some. Raises PlanError with its columns and first rows where
    it holds none.
    """
    own = read_items(path, kind, language, given)
    if own.found.items:
        return own
    roles = "question, options, answer" if kind == "question" else "symptom, diagnosis"
    raise PlanError(
        build_message(
            "no-items-in-file",
            path=str(path),
            read=own.describe(kind),
            columns=own.columns or ("—",),
            samples=" | ".join(own.samples) or "—",
            roles=roles,
            example=own.proposal,
        )
    )


def read_items(path: Path, kind: ItemKind, language: str, given: Given | None = None) -> OwnFile:
    """Every row of a file as an item or as a rejection."""
    rows = read_rows(path)
    own = _read_lines(path.name, rows, kind, language, given)
    if own.found.items or given or not (columns := find_columns(rows.lines, kind)):
        return own
    if _contradicts(find_layout(own.columns), columns):
        return own
    note = build_message("columns-by-content", columns=json.dumps(columns, ensure_ascii=False))
    lines = add_first_row(rows.lines, columns)
    return _read_lines(path.name, Rows(lines, (*rows.notes, note)), kind, language, columns)


def _contradicts(layout: Layout, columns: Columns) -> bool:
    """Whether a name tells another column for a role than the cells do; v1 to v5 are no names."""
    is_named = find_series(index_headers([*layout.options]))[0] or len(layout.options) == 1
    told = layout._replace(options=layout.options if is_named else ())._asdict()
    return any(told[role] and list(told[role]) != list(found) for role, found in columns.items())


def _read_lines(
    file: str, rows: Rows, kind: ItemKind, language: str, given: Given | None
) -> OwnFile:
    convert = (
        QuestionReader(rows.lines, language, given)
        if kind == "question"
        else PairReader(rows.lines, given)
    )
    found = ParsedItems([], [])
    for number, line in enumerate(rows.lines):
        place = f"{file}:{number + 1}"
        try:
            if line.fault:
                raise Refused(line.fault.code, **line.fault.values)
            found.items.append(
                build_parsed_item(convert(number), kind, language, line.raw, draft_id=place)
            )
        except Refused as error:
            found.rejected.append(
                Rejection(
                    draft_id=place,
                    kind=kind,
                    check="parsing",
                    reason=error.reason,
                    raw=line.raw,
                )
            )
    samples = tuple(line.raw[:SHOWN] for line in rows.lines[:SAMPLES])
    return OwnFile(
        found,
        tuple(list_columns(rows.lines)),
        samples,
        rows.notes,
        propose_columns(rows.lines, kind),
    )


class QuestionReader:
    """Reads the questions of a file, whose keys follow one convention a column."""

    def __init__(self, lines: list[ItemLine], language: str, given: Given | None) -> None:
        self.rows = [_try_question(line, language, given) for line in lines]
        by_column: dict[str, list[QuestionRow]] = {}
        for row in self.rows:
            if isinstance(row, QuestionRow):
                by_column.setdefault(squeeze(row.key.column), []).append(row)
        self.conventions = {
            c: KeyConvention(row.key for row in rows) for c, rows in by_column.items()
        }

    def __call__(self, number: int) -> dict[str, Any]:
        row = self.rows[number]
        if isinstance(row, Refused):
            raise row
        return {**row.fields, "answer": self.conventions[squeeze(row.key.column)].resolve(row.key)}


def _try_question(line: ItemLine, language: str, given: Given | None) -> QuestionRow | Refused:
    try:
        return read_question(line.fields or {}, language, given)
    except Refused as error:
        return error


class PairReader:
    """Reads the pairs of a file; an instruction that is the same in every row is no part of
    them.
    """

    def __init__(self, lines: list[ItemLine], given: Given | None) -> None:
        self.lines, self.given = lines, given
        values: dict[str, set[str]] = {}
        for line in lines:
            for column, value in (line.fields or {}).items():
                values.setdefault(str(column), set()).add(str(value))
        self.constant = frozenset(column for column, seen in values.items() if len(seen) == 1)

    def __call__(self, number: int) -> dict[str, Any]:
        return read_pair(self.lines[number].fields or {}, self.given, self.constant)


def name_rows(found: ParsedItems) -> CheckedDraft:
    """Items as rows under the ids that the file gives them; where two rows would have one id, the
    later ones are numbered.
    """
    made, used = CheckedDraft([], list(found.rejected)), Counter[str]()
    for item in found.items:
        row: PairOrQuestion = build_row(item, None)
        identity = _given_id(item) or row.id
        used[identity] += 1
        numbered = f"{identity}-{used[identity]}" if used[identity] > 1 else identity
        used[numbered] += numbered != identity
        made.kept.append(row.model_copy(update={"id": numbered}))
    return made


def _given_id(item: ParsedItem) -> str:
    """The id that a row has in its file."""
    try:
        row = json.loads(item.raw)
    except ValueError:
        return ""
    given = row.get("id", row.get("ID")) if isinstance(row, dict) else None
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
