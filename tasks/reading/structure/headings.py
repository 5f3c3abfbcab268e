"""Which lines are headings, and of which level: told by the bookmarks, else by size and weight."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.reading.layout.arabic_shaping import unfolded
from tasks.reading.structure.hyphens import BookWords
from tasks.reading.structure.size_headings import LEVELS, Heading, Place, find_size_headings
from tasks.reading.types import Line, Sheet

HIDDEN = re.compile(r"_|OLE_LINK\d*$")  # Word's own, not meant to be seen
FOUND_SHARE = 0.3  # of the bookmarks' titles stand on their pages, where the outline is the book's
FEW = 0.2  # bookmarks for one heading told by size, from which the outline is not the book's


class Mark(NamedTuple):
    """A bookmark."""

    level: int  # from 1
    title: str
    page: int
    y: float | None  # height on the page, points from its bottom


def marks_of(
    outline: Sequence[tuple[int, str, int | None, float | None]], language: str
) -> list[Mark]:
    """Bookmarks that lead to a page, in normal form; without hidden ones and a lone root above all
    others.
    """
    titled = [(level, _normal_title(title, language), page, y) for level, title, page, y in outline]
    marks = [
        Mark(level, title, page, y)
        for level, title, page, y in titled
        if page and title and not HIDDEN.match(title)
    ]
    if sum(m.level == 1 for m in marks) == 1 and sum(m.level == 2 for m in marks) > 1:
        return [m._replace(level=m.level - 1) for m in marks if m.level > 1]
    return marks


def _normal_title(title: str, language: str) -> str:
    return " ".join(words_of.normalize_text(unfolded(title), language).split())


def headings(
    sheets: Sequence[Sheet], outline: Sequence[Mark], gone: set[Place], words: BookWords
) -> list[Heading]:
    """All headings in reading order. Bookmarks first; sizes tell the levels below them, or all
    where there are none.
    """
    told = [
        found for mark in outline if mark.level <= LEVELS if (found := _placed(mark, sheets, gone))
    ]
    if told and not _is_outline(
        told, find_size_headings(sheets, gone, words, above=0, has_outline=False)
    ):
        told = []
    taken = {(h.page, h.line + i) for h in told for i in range(max(1, h.lines))}
    deepest = max((h.level for h in told), default=0)
    if deepest >= LEVELS:
        return sorted(told, key=lambda h: (h.page, h.line))
    drawn = find_size_headings(sheets, gone | taken, words, above=deepest, has_outline=bool(told))
    return sorted([*told, *drawn], key=lambda h: (h.page, h.line, h.level))


def _is_outline(told: Sequence[Heading], by_size: Sequence[Heading]) -> bool:
    """Whether the bookmarks are the book's outline: their titles stand on the pages, or no heading
    says otherwise.
    """
    if len(by_size) < 2:
        return True
    found = sum(heading.lines > 0 for heading in told)
    highest = Counter(h.level for h in by_size)
    return found >= FOUND_SHARE * len(told) and len(told) >= FEW * highest[min(highest)]


def _placed(mark: Mark, sheets: Sequence[Sheet], gone: set[Place]) -> Heading | None:
    """The bookmark's own words on its page (or the next), nearest to where it points; else the
    first line below that.
    """
    near = [s for s in sheets if s.page in (mark.page, mark.page + 1)]
    if not near or near[0].page != mark.page:
        return None
    sheet = near[0]
    target = sheet.height - mark.y if mark.y is not None and 0 < mark.y <= sheet.height else 0.0
    for candidate in near:
        found = [
            (i, n)
            for i in range(len(candidate.lines))
            if (candidate.page, i) not in gone and (n := _spans(candidate.lines, i, mark.title))
        ]
        if found:
            height = target if candidate is sheet else 0.0
            line, count = min(found, key=lambda f: abs(candidate.lines[f[0]].top - height))
            return Heading(mark.level, mark.title, candidate.page, line, count)
    below = [
        i
        for i, line in enumerate(sheet.lines)
        if line.bottom > target and (sheet.page, i) not in gone
    ]
    if below and _is_muddled(mark.title, sheet.lines[below[0]].text):
        return Heading(mark.level, sheet.lines[below[0]].text, sheet.page, below[0], 1)
    return Heading(mark.level, mark.title, sheet.page, below[0] if below else len(sheet.lines), 0)


def _spans(lines: Sequence[Line], first: int, title: str) -> int:
    """How many lines from here make up the title; 0 when they do not."""
    wanted = _letters(title)
    said = ""
    for count in range(1, 4):
        if first + count > len(lines):
            return 0
        said += _letters(lines[first + count - 1].text)
        if said == wanted or (
            len(wanted) > 5 and said.endswith(wanted) and len(said) <= len(wanted) + 8
        ):
            return count
        if not wanted.startswith(said):
            return 0
    return 0


def _is_muddled(title: str, line: str) -> bool:
    """Chromium writes some right-to-left titles twice over, or with their numbers out of place."""
    told, drawn = _letters(title), _letters(line)
    return bool(drawn) and (told == drawn * 2 or sorted(told) == sorted(drawn))


def _letters(text: str) -> str:
    return "".join(c for c in words_of.fold_text(text) if c.isalnum())
