"""Find the columns of a person's file: which holds the question, the options, the key, whatever
they are called.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from tasks.language.language_pack import load_all_packs
from tasks.language.text import fold_text

_WORD = re.compile(r"[^\W\d_]+?(?=[A-Z][a-z]|[\W\d_]|$)|\d+")  # "correctAnswerIndex" has three
LONGEST_HEADER = 100  # characters; what people write over a column is shorter, and cells are many


class Layout(NamedTuple):
    """The columns of one file by role; "" or () where there is none."""

    question: str = ""
    passage: str = ""  # what the question is asked about
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


def name_columns(header: Sequence[object]) -> list[str]:
    """The cells of a header as names: pandas' "Unnamed: 3" is none; where options share a merged
    cell, or several columns have one name, they are numbered from 1.
    """
    told = [
        "" if c is None else re.sub(r"^Unnamed: \d+(_.*)?$", "", str(c).strip()) for c in header
    ]
    for at in range(1, len(told)):
        if not told[at] and _names_options(told[at - 1]):
            told[at] = told[at - 1]
    times, seen = Counter(told), Counter[str]()
    names = []
    for name in told:
        seen[name] += 1
        names.append(f"{name} {seen[name]}" if name and times[name] > 1 else name)
    return names


def _names_options(name: str) -> bool:
    return bool(name) and squeeze(name) in {*known_names()["option"], *known_names()["options"]}


def list_forms(header: str) -> tuple[str, str, str]:
    """What a header can be found under, the surest first: whole; without what stands in brackets;
    without what stands behind a dash too ("Answer 1 - max 75 characters").
    """
    plain = re.sub(r"[(\[{].*?[)\]}]", " ", header)
    return squeeze(header), squeeze(plain), squeeze(re.split(r"\s[-–—]\s", plain)[0])


def index_headers(headers: Sequence[str]) -> dict[str, str]:
    """Form → header; where two headers share one, it is that of the surer, then of the earlier."""
    forms = [list_forms(header) for header in headers]
    found: dict[str, str] = {}
    for sure in range(3):
        for header, form in zip(headers, forms, strict=True):
            found.setdefault(form[sure], header)
    return {form: header for form, header in found.items() if form}


@cache
def known_names() -> dict[str, tuple[str, ...]]:
    """Role → the names of its columns, squeezed, the surest first."""
    packs = load_all_packs("packs/columns.yaml")
    return {
        role: tuple(dict.fromkeys(squeeze(str(name)) for pack in packs for name in pack[role]))
        for role in packs[0].keys() - {"series", "beside", "nouns"}
    }


@cache
def list_words(kind: str, role: str) -> frozenset[str]:
    """`beside`: words that may stand in a header beside the name of a role and change nothing;
    `nouns`: words that tell the role alone.
    """
    packs = load_all_packs("packs/columns.yaml")
    words = (word for pack in packs for word in pack.get(kind, {}).get(role, ()))
    return frozenset(map(squeeze, words))


@cache
def list_mark_series() -> list[tuple[str, ...]]:
    """What stands behind "option" in the names of columns with one option each, in the order of
    the options.
    """
    packs = load_all_packs("packs/columns.yaml")
    return [tuple(map(str, marks)) for pack in packs for marks in pack.get("series", ())]


def count_known(headers: Iterable[object]) -> int:
    """How many of a row's cells are names of columns that we know; a header has at least two."""
    told = [str(h) for h in headers if h is not None]
    told = [h for h in told if h.strip() and len(h) <= LONGEST_HEADER]
    single = bool(find_series(index_headers(told))[0])
    return sum(not _all_names().isdisjoint(list_forms(h)) for h in told) + 4 * single


@cache
def _all_names() -> frozenset[str]:
    return frozenset(n for role in Layout._fields for n in known_names().get(role, ()) if n)


def find_layout(headers: tuple[str, ...], given: Given | None = None) -> Layout:
    """The columns by role; those that a plan gives come first."""
    found = _find_columns(headers)
    if not given:
        return found
    columns = index_headers(headers)
    named = {role: _given(role, given, columns) for role in Layout._fields}
    told: dict[str, Any] = {
        role: value if role in ("options", "wrong", "symptom") else value[0]
        for role, value in named.items()
        if value
    }
    return found._replace(**({"marks": ()} | told if "options" in told else told))


@lru_cache(maxsize=64)  # the rows of a file have few sets of columns, and some have 133 each
def _find_columns(headers: tuple[str, ...]) -> Layout:
    columns = index_headers(headers)
    single, marks = find_series(columns)
    if not single:
        single, marks = find_unnamed_series(columns)
    whole = _first(columns, "options")
    taken = {whole, *(columns[c] for c in single)}
    answer, passage = _first(columns, "answer", taken), _first(columns, "passage", taken)
    question = _first(columns, "question", {*taken, answer}) or passage
    options = (whole,) if whole and whole != answer else ()
    return Layout(
        question=question,
        passage="" if passage == question else passage,
        options=options or tuple(columns[c] for c in single),
        marks=() if options else marks,
        answer=answer,
        wrong=_series_or_one(columns, "wrong"),
        symptom=_series_or_one(columns, "symptom"),
        diagnosis=_first(columns, "diagnosis"),
    )


def find_series(headers: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns with one option each, and their marks: option1 … option4, A … D, «گزینه اول» … «گزینه
    چهارم».
    """
    have = set(headers)
    for columns, marks in _list_series():
        if have.issuperset(columns[:4]):
            number = 5 if columns[4] in have else 4
            return columns[:number], marks[:number]
    return (), ()


def find_unnamed_series(headers: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The only four columns that differ in the marks of options alone: sent_a … sent_d."""
    have, found = set(headers), dict[tuple[str, ...], tuple[str, ...]]()
    for marks in list_mark_series():
        first, *others = [fold_text(mark) for mark in marks]
        for header in have:
            stem = header.removesuffix(first)
            columns = tuple(stem + mark for mark in (first, *others))
            if stem and stem != header and have.issuperset(columns[:4]):
                number = 5 if columns[4] in have else 4
                found[columns[:number]] = marks[:number]
    return next(iter(found.items())) if len(found) == 1 else ((), ())


@cache
def _list_series() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """All names of such columns, the surest first, and their marks."""
    return [
        (tuple(form.format(fold_text(mark)) for mark in marks), marks)
        for word in known_names()["option"]
        for marks in list_mark_series()
        for form in (f"{word}{{}}", f"{{}}{word}")
    ]


def _given(role: str, given: Given, columns: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that a plan names for a role; one that the file lacks is as good as none."""
    named = given.get(role, ())
    wanted = [named] if isinstance(named, str) else list(named)
    found = [columns[squeeze(name)] for name in wanted if squeeze(name) in columns]
    return tuple(found) if len(found) == len(wanted) else ()


def _first(columns: Mapping[str, str], role: str, taken: Collection[str] = ()) -> str:
    """The column of the surest name; else the first that is a name among words that change
    nothing; else the only one with a noun of the role that is not `taken`.
    """
    names, beside = known_names()[role], list_words("beside", role)
    for name in names:
        if name in columns:
            return columns[name]
    headers = list(dict.fromkeys(columns.values()))
    told = {header: [squeeze(word) for word in _WORD.findall(header)] for header in headers}
    for header, words in told.items():
        rest = [word for word in words if word not in beside]
        if rest and "".join(rest) in names:
            return header
    nouns, apart = list_words("nouns", role), known_names()["apart"]
    found = [h for h, words in told.items() if nouns & {*words} and not {*words} & {*apart}]
    found = [header for header in found if header not in taken]
    return found[0] if len(found) == 1 else ""


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
