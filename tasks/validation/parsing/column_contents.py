"""Find the columns of a file whose headers no name tells, or that has none, by what its cells hold;
what more than one reading fits is left to the person.
"""

import json
import re
from collections.abc import Mapping, Sequence
from shlex import quote
from statistics import fmean
from typing import Any

from tasks.validation.items import ItemKind
from tasks.validation.parsing.item_files import ItemLine, list_columns
from tasks.validation.parsing.key_convention import SETTLING_ROWS, fold_key, list_alphabets

Columns = dict[str, str | list[str]]  # role → column, as generation.columns has it
Cells = Mapping[str, Sequence[str]]  # column → its cells, row by row
OPTION_COUNTS = (4, 5)
# A question is at least so many times as long as its options, and they differ among themselves by
# less, so that no four columns with the question among them look like options, too: of the eight
# files of questions in tests/support/foreign_files/unforeseen_files.py that are to be read, the
# longest mean of an option is 1.06 to 1.46 times the shortest; stems are 3.6 to 10.7 times that.
LONGER = 2.0
DISTINCT = 0.9  # of a question's cells: no topic, no instruction that is the same in every row
SIGN_WORDS, NAME_WORDS = 3, 5  # on average: of a presentation at least, of a diagnosis at most


def find_columns(lines: Sequence[ItemLine], kind: ItemKind) -> Columns | None:
    """The columns by role where the cells allow one reading alone; needs SETTLING_ROWS rows."""
    cells = _collect_cells(lines)
    if not cells or len(next(iter(cells.values()))) < SETTLING_ROWS:
        return None
    return _find_pair(cells) if kind == "pair" else _find_question(cells)


def propose_columns(lines: Sequence[ItemLine], kind: ItemKind) -> str:
    """A setting to be pasted and mended: the longest texts, the four columns behind them, and the
    column with the fewest values.
    """
    cells = _collect_cells(lines)
    names = list(cells) or ["COLUMN"]
    longest = max(names, key=lambda c: _measure(cells.get(c, ["-"])))
    others = [c for c in names if c != longest] or names
    few = min(others, key=lambda c: len({*cells.get(c, ())}))
    if kind == "pair":
        guess: Columns = {"symptom": [longest], "diagnosis": few}
    else:
        after = [c for c in names[names.index(longest) + 1 :] if c != few] or others
        guess = {"question": longest, "options": after[:4], "answer": few}
    return f"--set {quote('generation.columns=' + json.dumps(guess, ensure_ascii=False))}"


def add_first_row(lines: Sequence[ItemLine], found: Columns) -> list[ItemLine]:
    """The rows of a table without a header, whose first row was taken for one: its cell above the
    keys is a key, and no header of a question or a case is as long as these.
    """
    cells = _collect_cells(lines)
    header = {c: _restore_cell(c, cells) for c in list_columns(lines)}
    key = str(found.get("answer") or found["diagnosis"])
    text = str(found["question"]) if "question" in found else found["symptom"][0]
    keys = {fold_key(cell) for cell in cells[key]}
    if "options" in found:
        keys |= {fold_key(header[c]) for c in found["options"]}
    is_row = fold_key(header[key]) in keys and 2 * len(header[text]) > _measure(cells[text])
    first = ItemLine(dict(header), json.dumps(list(header.values()), ensure_ascii=False))
    return [first, *lines] if is_row else list(lines)


def _restore_cell(column: str, cells: Cells) -> str:
    """A header's cell; equal ones were numbered."""
    stem = re.sub(r" \d+$", "", column)
    return stem if sum(re.sub(r" \d+$", "", c) == stem for c in cells) > 1 else column


def _collect_cells(lines: Sequence[ItemLine]) -> dict[str, list[str]]:
    """The columns without gaps, lists and objects."""
    rows = [line.fields for line in lines if line.fields]
    columns = {c: [row.get(c) for row in rows] for c in list_columns(lines)}
    return {
        c: [str(cell).strip() for cell in cells]
        for c, cells in columns.items()
        if all(isinstance(cell, str | int | float) and str(cell).strip() for cell in cells)
    }


def _find_question(cells: Cells) -> Columns | None:
    folded = {c: [fold_key(cell) for cell in column] for c, column in cells.items()}
    told = {c: options for c in cells if (options := _find_equal_columns(folded, c))}
    marks = [c for c in cells if _are_marks(folded[c])]
    if len(told) == 1 and not marks:
        ((key, options),) = told.items()
        windows = [options]
    elif len(marks) == 1 and not told:
        (key,) = marks
        windows = _list_windows(cells, folded, key)
    else:
        return None
    found: list[Columns] = [
        {"question": stem, "options": window, "answer": key}
        for window in windows
        if (stem := _find_stem(cells, [*window, key], window))
    ]
    return found[0] if len(found) == 1 else None


def _find_equal_columns(folded: Cells, key: str) -> list[str]:
    """The four or five columns of which in each row one alone has the cell of `key`."""
    hits = {c: [a == b for a, b in zip(folded[key], folded[c], strict=True)] for c in folded}
    options = [c for c in folded if c != key and any(hits[c])]
    once = all(sum(row) == 1 for row in zip(*(hits[c] for c in options), strict=True))
    return options if len(options) in OPTION_COUNTS and once else []


def _are_marks(cells: Sequence[str]) -> bool:
    """Whether a column holds all of 1 to 4, 0 to 3, or the four letters of an order, and nothing
    else.
    """
    orders = [("1", "2", "3", "4"), ("0", "1", "2", "3"), *list_alphabets()]
    told = {cell.replace("الف", "ا") for cell in cells}
    return any(told == set(order) for order in orders)


def _list_windows(cells: Cells, folded: Cells, key: str) -> list[list[str]]:
    """Four neighbours whose cells differ within each row and are alike in length."""
    columns = [c for c in cells if c != key and len({*cells[c]}) > OPTION_COUNTS[0]]  # no topics
    windows = [columns[at : at + 4] for at in range(len(columns) - 3)]
    return [window for window in windows if _are_options(cells, folded, window)]


def _are_options(cells: Cells, folded: Cells, window: Sequence[str]) -> bool:
    rows = zip(*(folded[c] for c in window), strict=True)
    lengths = [_measure(cells[c]) for c in window]
    return all(len(set(row)) == 4 for row in rows) and max(lengths) < LONGER * min(lengths)


def _find_stem(cells: Cells, used: Sequence[str], options: Sequence[str]) -> str:
    """The only column of long texts before the options; "" where there is none or another."""
    longest = max(_measure(cells[c]) for c in options)
    before = list(cells)[: list(cells).index(options[0])]
    long = [
        c
        for c in before
        if c not in used
        and len(set(cells[c])) >= DISTINCT * len(cells[c])
        and _measure(cells[c]) >= LONGER * longest
    ]
    return long[0] if len(long) == 1 else ""


def _find_pair(cells: Cells) -> Columns | None:
    """The only two columns of texts, where one holds long ones that differ and the other names."""
    texts = [c for c in cells if len(set(cells[c])) > 1 and not _are_numbers(cells[c])]
    if len(texts) != 2:
        return None
    name, signs = sorted(texts, key=lambda c: _measure(cells[c]))
    sure = (
        _measure(cells[signs]) >= LONGER * _measure(cells[name])
        and len(set(cells[signs])) >= DISTINCT * len(cells[signs])
        and fmean(len(cell.split()) for cell in cells[signs]) >= SIGN_WORDS
        and fmean(len(cell.split()) for cell in cells[name]) <= NAME_WORDS
    )
    return {"symptom": [signs], "diagnosis": name} if sure else None


def _are_numbers(cells: Sequence[Any]) -> bool:
    return all(re.fullmatch(r"[\W\d]*", cell) for cell in cells)


def _measure(cells: Sequence[str]) -> float:
    """Characters on average."""
    return fmean(map(len, cells))
