"""Find the columns of a person's file: which holds the question, the options, the key, whatever
they are called.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tasks.language.language_pack import load_all_packs
from tasks.language.text import fold_text


class Layout(NamedTuple):
    """The columns of one file by role; "" or () where there is none."""

    question: str = ""
    options: tuple[str, ...] = ()  # one column that holds all, or one column an option
    marks: tuple[str, ...] = ()  # how the columns of single options are called: 1, 2, … or a, b, …
    answer: str = ""
    wrong: tuple[str, ...] = ()  # the columns of the three others, where the key is told as a text
    symptom: tuple[str, ...] = ()  # several where each holds one sign
    diagnosis: str = ""


Given = Mapping[str, str | Sequence[str]]  # role → column, as a plan names them


def squeeze(header: str) -> str:
    """A column's name for comparing: "Correct answer", "correct_answer" and "CorrectAnswer" are
    one.
    """
    return re.sub(r"[\W_]+", "", fold_text(header))


@cache
def known_names() -> dict[str, tuple[str, ...]]:
    """Role → the names of its columns, squeezed, the surest first."""
    packs = load_all_packs("packs/columns.yaml")
    return {
        role: tuple(dict.fromkeys(squeeze(str(name)) for pack in packs for name in pack[role]))
        for role in packs[0].keys() - {"series"}
    }


@cache
def list_mark_series() -> list[tuple[str, ...]]:
    """What stands behind "option" in the names of columns with one option each, in the order of
    the options.
    """
    packs = load_all_packs("packs/columns.yaml")
    return [tuple(map(str, marks)) for pack in packs for marks in pack.get("series", ())]


def count_known(headers: Iterable[object]) -> int:
    """How many of a row's cells are names of columns that we know; a header has at least two."""
    squeezed = [squeeze(str(h)) for h in headers if h is not None and str(h).strip()]
    names = {name for names in known_names().values() for name in names if name}
    single = bool(find_series(squeezed, known_names()["option"])[0])
    return sum(name in names for name in squeezed) + 4 * single


def find_layout(headers: Sequence[str], given: Given | None = None) -> Layout:
    """The columns by role; those that a plan gives come first."""
    columns = {squeeze(header): header for header in reversed(headers)}
    named = {role: _given(role, given or {}, columns) for role in Layout._fields}
    single, marks = find_series(list(columns), known_names()["option"])
    answer = _first(columns, "answer")
    whole = _first(columns, "options")
    options = (whole,) if whole and whole != answer else ()
    found = Layout(
        question=_first(columns, "question"),
        options=options or tuple(columns[c] for c in single),
        marks=() if options else marks,
        answer=answer,
        wrong=_series_or_one(columns, "wrong"),
        symptom=_series_or_one(columns, "symptom"),
        diagnosis=_first(columns, "diagnosis"),
    )
    told: dict[str, Any] = {
        role: value if role in ("options", "wrong", "symptom") else value[0]
        for role, value in named.items()
        if value
    }
    return found._replace(**({"marks": ()} | told if "options" in told else told))


def find_series(
    headers: Sequence[str], before: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns with one option each, and their marks: option1 … option4, A … D, «گزینه اول» … «گزینه
    چهارم».
    """
    have = set(headers)
    for word in before:
        for marks in list_mark_series():
            for form in (f"{word}{{}}", f"{{}}{word}"):
                columns = [form.format(fold_text(mark)) for mark in marks]
                if have.issuperset(columns[:4]):
                    number = 5 if columns[4] in have else 4
                    return tuple(columns[:number]), marks[:number]
    return (), ()


def _given(role: str, given: Given, columns: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that a plan names for a role; one that the file lacks is as good as none."""
    named = given.get(role, ())
    wanted = [named] if isinstance(named, str) else list(named)
    found = [columns[squeeze(name)] for name in wanted if squeeze(name) in columns]
    return tuple(found) if len(found) == len(wanted) else ()


def _first(columns: Mapping[str, str], role: str) -> str:
    return next((columns[name] for name in known_names()[role] if name in columns), "")


def _series_or_one(columns: Mapping[str, str], role: str) -> tuple[str, ...]:
    """All columns of a numbered series (distractor1 …, Symptom_1 …), else the one of that name."""
    for name in known_names()[role]:
        series = [c for c in columns if re.fullmatch(rf"{re.escape(name)}\d{{1,2}}", c)]
        if name and len(series) > 1:
            return tuple(
                columns[c]
                for c in sorted(series, key=lambda c: int(re.sub(r"\D", "", c[len(name) :])))
            )
    one = _first(columns, role)
    return (one,) if one else ()
