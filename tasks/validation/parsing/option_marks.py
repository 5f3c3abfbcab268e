"""The marks before options: "A) asthma", «ب. آسم», "③ asthma", alone or several in one text."""

import re
import unicodedata

from tasks.language.text import fold_text
from tasks.schemas.messages import Ordinal
from tasks.validation.items import Refused
from tasks.validation.parsing.column_names import known_names, squeeze
from tasks.validation.parsing.key_convention import MARKS

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
