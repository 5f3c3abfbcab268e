"""Headings told by size and weight, where no bookmark names them; no pieces of sentences."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.reading.structure.hyphens import BREAK, BookWords, join_lines
from tasks.reading.types import Line, Sheet

LARGER = 1.12  # times the body's size
LONGEST = 120  # characters of a heading
LONGEST_BOLD = 80  # the same in letters of the body's size
MOST_LINES = 3  # of a heading; more is a paragraph in large letters
LEVELS = 3
CLOSE = 0.8  # of the size: the gap between the lines of one heading
ENDED = re.compile(r"[.!?؟…:؛;][»”\"')\]\d⁰-⁹¹²³]*\s*$")
_UNENDED = re.compile(r"[.,،;؛]$")
_SENTENCE_INSIDE = re.compile(r"[^\W\d_]{3,}[.!?؟] +[^\W\d_]")
# A line that ends with one of these goes on; Persian headings do end in «و» or «در» at a break
# only.
_OPEN_END = re.compile(
    r"\b(?:the|a|an|of|and|or|to|in|on|for|with|by|from|at|as|is|are|was|were|be|that|which"
    r"|than|if|و|یا|در|از|به|که|با|برای|تا|بر)$",
    re.IGNORECASE,
)
Place = tuple[int, int]  # page, line


class Heading(NamedTuple):
    """A heading where it stands; `lines` of the page are its own (none, when its words are not on
    the page).
    """

    level: int
    title: str
    page: int
    line: int
    lines: int


class _Candidate(NamedTuple):
    """Lines of one size and weight that follow one another."""

    sheet: Sheet
    first: int
    span: int  # lines
    rank: float  # size, and a little for bold

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.sheet.lines[self.first : self.first + self.span]


def body_size(sheets: Sequence[Sheet]) -> float:
    """The size that most characters have, to half a point."""
    sizes = Counter[float]()
    for sheet in sheets:
        for line in sheet.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda s: sizes[s]) if sizes else 10.0


def find_size_headings(
    sheets: Sequence[Sheet], gone: set[Place], words: BookWords, *, above: int, has_outline: bool
) -> list[Heading]:
    """Headings by size, at levels below `above`."""
    body = body_size(sheets)
    found = [c for sheet in sheets for c in _candidates(sheet, gone, body)]
    titled = [(c, join_lines((line.text for line in c.lines), words)) for c in found]
    good = [(c, title) for c, title in titled if _is_title(c, title)]
    ranks = _ranks([c.rank for c, _ in good], has_outline)
    return [
        Heading(min(LEVELS, above + ranks[c.rank]), title, c.sheet.page, c.first, c.span)
        for c, title in good
        if ranks[c.rank]
    ]


def _candidates(sheet: Sheet, gone: set[Place], body: float) -> Iterable[_Candidate]:
    """Runs of lines that are larger or bolder than the body."""
    found: list[_Candidate] = []
    for i, line in enumerate(sheet.lines):
        if (sheet.page, i) in gone or not _stands_out(sheet.lines, i, body):
            continue
        rank = round(line.size * 2) / 2 + 0.25 * line.bold
        last = found[-1] if found else None
        if (
            last
            and last.first + last.span == i
            and last.rank == rank
            and _continues(sheet.lines[i - 1], line)
        ):
            found[-1] = last._replace(span=last.span + 1)
        else:
            found.append(_Candidate(sheet, i, 1, rank))
    return found


def _stands_out(lines: Sequence[Line], i: int, body: float) -> bool:
    line = lines[i]
    if " | " in line.text or not any(map(str.isalpha, line.text)):
        return False
    if line.size >= LARGER * body:
        return True
    return (
        line.bold
        and line.size > 0.95 * body
        and len(line.text) < LONGEST_BOLD
        and _is_apart(lines, i)
    )


def _is_apart(lines: Sequence[Line], i: int) -> bool:
    """A bold line of the body's size: nothing beside it, and no sentence runs through it."""
    line = lines[i]
    before = lines[i - 1] if i else None
    after = lines[i + 1] if i + 1 < len(lines) else None
    around = [other for other in (before, after) if other]
    if any(abs(other.top - line.top) <= 0.5 * line.size for other in around) or all(
        o.bold for o in around
    ):
        return False
    if after and after.block == line.block and not after.bold and after.text[:1].islower():
        return False
    if before is None or before.block != line.block or before.bold:
        return True
    room = line.top - before.bottom > CLOSE * line.size
    return (
        room or bool(ENDED.search(before.text)) or before.x1 - before.x0 < 0.7 * (line.x1 - line.x0)
    )


def _is_title(candidate: _Candidate, title: str) -> bool:
    """No piece of a sentence, and no paragraph in large letters."""
    letters = sum(map(str.isalpha, title))
    if letters < 2 or len(title) > LONGEST or candidate.span > MOST_LINES or title[:1].islower():
        return False
    if _UNENDED.search(title) or BREAK.search(title) or _OPEN_END.search(title):
        return False
    return not _SENTENCE_INSIDE.search(title)


def _continues(upper: Line, line: Line) -> bool:
    """A heading that runs on in a second line stands close above it."""
    return (
        line.block == upper.block
        and line.top - upper.top > 0
        and line.top - upper.bottom < CLOSE * line.size
    )


def _ranks(sizes: Sequence[float], has_outline: bool) -> dict[float, int]:
    """Level of each kind of heading, the largest first; a lone largest one is the book's title and
    has none.
    """
    counts = Counter(sizes)
    ordered = sorted(counts, reverse=True)
    if (
        not has_outline
        and len(ordered) > 1
        and counts[ordered[0]] == 1
        and counts[ordered[1]] > 1
        and sizes[0] == ordered[0]
    ):
        return {ordered[0]: 0, **{size: n for n, size in enumerate(ordered[1:], 1)}}
    return {size: n for n, size in enumerate(ordered, 1)}
