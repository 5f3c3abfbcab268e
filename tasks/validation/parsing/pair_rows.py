"""The rows of a person's file as pairs: two columns by their names, alpaca {instruction, input,
output}, Dolly {instruction, context, response}, ShareGPT {conversations}, OpenAI {messages},
{prompt, completion}, tables of signs.
"""

from collections.abc import Sequence
from typing import Any

from tasks.validation.parsing.column_names import Given, Layout, find_layout, known_names, squeeze
from tasks.validation.parsing.key_convention import whole_number
from tasks.validation.parsing.row_cells import (
    Fields,
    clean_cell,
    read_literal,
    take_cell,
    unfold_turns,
)


def read_pair(
    fields: Fields, given: Given | None = None, constant: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """{symptom, diagnosis} of a row; `constant`: columns that say the same in every row of the file
    (an instruction).
    """
    flat = {
        str(k): clean_cell(v) for k, v in (unfold_turns(fields) or fields).items() if k is not None
    }
    layout = find_layout(tuple(flat), given)
    if not given:
        layout = _with_instruction(flat, layout, constant)
    columns = [c for c in layout.symptom if c != layout.diagnosis]
    told = [sign for c in columns for sign in _list_signs(take_cell(flat, c))]
    text = (
        (told[0] if len(told) == 1 else _join(told, columns))
        if told
        else _marked_signs(flat, layout.diagnosis)
    )
    kept = {
        field: flat[field] for field in ("fact", "quote", "page") if flat.get(field) is not None
    }
    diagnosis = take_cell(flat, layout.diagnosis)
    if isinstance(diagnosis, list) and len(diagnosis) == 1:
        diagnosis = diagnosis[0]
    return {**kept, "symptom": text, "diagnosis": diagnosis}


def _with_instruction(flat: Fields, layout: Layout, constant: frozenset[str]) -> Layout:
    """Alpaca's {instruction, input, output} and Dolly's {instruction, context, response}: the input
    is the case, behind an instruction of its own; where it is empty, the instruction is.
    """
    names = {squeeze(k): k for k in flat}
    result = next((names[n] for n in ("output", "response", "completion") if n in names), "")
    if "instruction" not in names or not result:
        return layout
    own = names["instruction"]
    given = next((names[n] for n in ("input", "context") if n in names), "")
    if not str(flat.get(given) or "").strip():
        return layout._replace(symptom=(own,), diagnosis=result)
    return layout._replace(symptom=(given,) if own in constant else (own, given), diagnosis=result)


def _list_signs(value: Any) -> list[str]:
    """What a cell tells: one text, or each of a list."""
    value = read_literal(value) if isinstance(value, str) and value.strip()[:1] == "[" else value
    signs = value if isinstance(value, list) else [value]
    return [str(sign).strip() for sign in signs if sign not in (None, "")]


def _join(told: list[str], columns: Sequence[str]) -> str:
    """An instruction and its input as two lines; the signs of a table as one list."""
    if any(squeeze(c) == "instruction" for c in columns):
        return "\n".join(told)
    return ", ".join(sign.replace("_", " ").strip() for sign in told)


def _marked_signs(flat: Fields, diagnosis: str) -> str | None:
    """The signs of a table with one column a sign, and 1 or yes where it is there."""
    left = {diagnosis, *(k for k in flat if squeeze(k) in known_names()["number"])}
    there = {k: _is_there(v) for k, v in flat.items() if k not in left}
    if not diagnosis or len(there) < 3 or None in there.values():
        return None
    return (
        ", ".join(k.replace("_", " ").strip() for k, is_there in there.items() if is_there) or None
    )


def _is_there(cell: Any) -> bool | None:
    """Whether a sign is there; none where the cell tells something else."""
    number = int(cell) if isinstance(cell, bool) else whole_number(cell)
    if number in (0, 1):
        return bool(number)
    said = squeeze(str(cell or ""))
    return said in known_names()["present"] or (False if said in known_names()["absent"] else None)
