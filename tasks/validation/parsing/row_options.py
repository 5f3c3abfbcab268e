"""The options of a row, however it keeps them: one column each, a list, an object, one text; the
marks before them: "A) asthma", «ب. آسم», "③ asthma".
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from tasks.language.text import fold_text
from tasks.schemas.messages import Ordinal
from tasks.validation.items import Refused
from tasks.validation.parsing.column_names import Layout, known_names, squeeze
from tasks.validation.parsing.key_convention import MARKS
from tasks.validation.parsing.row_cells import Fields

# "B. 3" and "2) 3" are marked; "1.5 mg", "1 - 2 weeks" and "2:1" are not
_MARK = (
    r"(?:الف|[ابپجدتabcdeABCDE])\s*[).\]:ـ–-]"
    r"|[1-5۱-۵١-٥]\s*(?:[)\]]|\.(?!\d)|[:ـ–-](?!\s*\d))"
)
_OPENING = re.compile(rf"^[\s(\[]*(?P<mark>{_MARK})\s*(?=\S)")
_UNSIGNED = re.compile(r"^(?P<mark>[A-D]|الف|[بجد])\s+(?=\S)")
_CIRCLED = re.compile(r"^[①-④❶-❹➀-➃](?=\s*\S)")
_INSIDE = re.compile(
    rf"(?:^|(?<=[\s,،;|]))[(\[]?\s?(?P<mark>{_MARK})[ \t]*(?=\S)|(?:^|(?<=\s))(?P<circle>[①-⑤])"
)
_SERIES = ("1234", "abcd", "ابجد", "ابپت")
OPTION_TEXTS = (
    "text",
    "atext",
    "option",
    "content",
    "value",
    "answer",
    "choice",
    "answertext",
    "optiontext",
)
OPTION_LABELS = ("label", "key", "id", "aid", "letter")
OPTION_FLAGS = ("iscorrect", "correct", "isright", "right", "isanswer")


class RowOptions(NamedTuple):
    """The options of a row."""

    texts: list[Any] | None = None
    labels: tuple[str, ...] = ()  # how the row calls them
    flagged: int | None = None  # from 1, the one that is marked as right


def find_options(flat: Fields, layout: Layout) -> RowOptions:
    """The options and how the row calls them; an empty fifth column is no option."""
    if len(layout.options) != 1:
        texts = [
            (flat.get(c), m)
            for c, m in zip(layout.options, layout.marks or layout.options, strict=False)
        ]
        filled = [(text, mark) for text, mark in texts if text not in (None, "")]
        marks = tuple(mark for _, mark in filled)
        return RowOptions([text for text, _ in filled], marks) if filled else RowOptions()
    value = flat.get(layout.options[0])
    if isinstance(value, str):
        return RowOptions(split_marked(value)[1] or _separated(value))
    if isinstance(value, dict):
        return _options_of_object(value)
    if isinstance(value, list):
        return _options_of_list(value)
    return RowOptions()


def _options_of_object(value: dict[str, Any]) -> RowOptions:
    """{text: […], label: […]} of ARC, {choices: […], labels: [0, 1, …]} of TruthfulQA, {option: 1,
    option: 0, …} of BIG-bench, or {A: option, …}.
    """
    for texts, labels in (("text", "label"), ("choices", "labels")):
        if isinstance(value.get(texts), list):
            named = value.get(labels)
            listed = named if isinstance(named, list) else []
            flagged = _find_flag(listed)
            return RowOptions(value[texts], () if flagged else tuple(map(str, listed)), flagged)
    own = {str(k): v for k, v in value.items() if v not in (None, "")}
    if flagged := _find_flag(list(own.values())):
        return RowOptions(list(own), (), flagged)
    return RowOptions(list(own.values()), tuple(own))


def _options_of_list(value: list[Any]) -> RowOptions:
    """Texts, or objects with a text, perhaps a label, and perhaps a mark of the right one."""
    objects = [{squeeze(str(k)): v for k, v in o.items()} for o in value if isinstance(o, dict)]
    if not objects or len(objects) < len(value):
        return RowOptions([o for o in value if o is not None])
    texts, labels, flags = (
        [next((o[name] for name in names if name in o), None) for o in objects]
        for names in (OPTION_TEXTS, OPTION_LABELS, OPTION_FLAGS)
    )
    return RowOptions(texts, () if None in labels else tuple(map(str, labels)), _find_flag(flags))


def _find_flag(flags: Sequence[Any]) -> int | None:
    """The place of the only one that is true among false ones."""
    told = [flag in (1, "1", "true", "True", "TRUE") for flag in flags]
    false = [flag in (0, "0", "false", "False", "FALSE") for flag in flags]
    return (
        told.index(True) + 1 if told.count(True) == 1 and sum(false) == len(flags) - 1 > 0 else None
    )


def _separated(text: str) -> list[str] | None:
    """Options in one cell: by lines, by bars or by semicolons."""
    for mark in ("\n", "|", ";", "؛"):
        parts = [part.strip() for part in text.split(mark) if part.strip()]
        if len(parts) > 2:
            return parts
    return None


def strip_marks(options: list[str]) -> list[str] | None:
    """The options without their marks; none where not each has one. Raises Refused where the marks
    are not in order: then the key is uncertain.
    """
    options = [_CIRCLED.sub(lambda m: f"{unicodedata.digit(m[0])}) ", o) for o in options]
    marks = [_OPENING.match(o) for o in options]
    numbers = [MARKS.get(_read_mark(m), 0) for m in marks if m]
    if len(numbers) < len(options) or 0 in numbers:
        return _strip_letters(options)
    if numbers != [1, 2, 3, 4]:
        raise Refused("options-out-of-order", numbers=tuple(map(Ordinal, numbers)))
    return [o[m.end() :] for o, m in zip(options, marks, strict=True) if m]


def _strip_letters(options: list[str]) -> list[str] | None:
    """The options without letters that no sign sets apart ("A asthma"), where all are in order."""
    marks = [_UNSIGNED.match(o) for o in options]
    if [MARKS[fold_text(m["mark"])] for m in marks if m] != [1, 2, 3, 4]:
        return None
    return [o[m.end() :] for o, m in zip(options, marks, strict=True) if m]


def _read_mark(found: re.Match[str]) -> str:
    """The letter or the digit alone."""
    return fold_text(found["mark"][:-1]).strip()


def split_marked(text: str) -> tuple[str, list[str] | None]:
    """A text and the options at its end, each behind its mark in order: "… A) asthma B) croup C) …
    D) …". The marks begin lines, or are written alike: "A) B-cell lymphoma B) …" holds four.
    """
    found = list(_INSIDE.finditer(text))
    signs = [m["mark"][-1] if m["mark"] else "" for m in found]
    at_lines = [
        m for m in found if not text[text.rfind("\n", 0, m.start()) + 1 : m.start()].strip()
    ]
    alike = (
        [m for m, its in zip(found, signs, strict=True) if its == sign]
        for sign in dict.fromkeys(signs)
    )
    for marks in (at_lines, *alike):
        if options := _find_run(text, marks):
            return text[: options[0].start()].strip(), _texts_between(text, options)
    return text, None


def _find_run(text: str, marks: list[re.Match[str]]) -> list[re.Match[str]] | None:
    """The last four or five marks in order; none where there are none, or a mark has no text."""
    said = "".join(
        _read_mark(m)[0] if m["mark"] else str(unicodedata.digit(m["circle"])) for m in marks
    )
    for series in _SERIES:
        at = said.rfind(series)
        if at >= 0:
            found = marks[at : at + (5 if said[at + 4 : at + 5] in ("5", "e") else 4)]
            return found if all(_texts_between(text, found)) else None
    return None


def _texts_between(text: str, marks: list[re.Match[str]]) -> list[str]:
    ends = [*(m.start() for m in marks[1:]), len(text)]
    texts = [text[m.end() : end].strip(" \n,،;|") for m, end in zip(marks, ends, strict=True)]
    return [*texts[:-1], _drop_prompt(texts[-1])]


def _drop_prompt(text: str) -> str:
    """The last option without the line that asks for the answer ("Answer:")."""
    before, _, last = text.rpartition("\n")
    asks = last.rstrip().endswith(":") and squeeze(last) in known_names()["answer"]
    return before.strip() if asks else text
