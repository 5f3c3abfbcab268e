"""Lines become paragraphs and list items; a sentence that runs over a column or a page
stays one.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading.structure.hyphens import BREAK, BookWords, join_lines
from tasks.reading.types import Line

BULLET = re.compile(r"\s*(?:[•●○◦▪▫■□◆◇❖➢➤►▸‣⁃∙·*\uf0b7]|[-–—](?=\s))\s*")
NUMBERED = re.compile(r"\s*(?:\(?\d{1,3}[.)\-–]|\(?[a-zA-Zآ-ی][.)]|\(?الف[.)])\s+(?=\S)")
ENDED = re.compile(r"[.!?؟…:؛][»”\"')\]]*\s*$")

MOST_LINES = 100  # of one paragraph; more is text without marks, and has to end somewhere
LONG_LINE = 0.5  # of its column; shorter ones may be items of a list without marks
WIDE_STEP = 1.35  # times the usual distance between lines: a new paragraph
WIDER_STEP = 1.12  # the same after the end of a sentence


class Placed(NamedTuple):
    """A line and where it comes from."""

    page: int
    line: Line
    rtl: bool
    ocr: bool
    left: float  # edges of the text about it
    right: float
    full: bool  # most lines about it reach the edge: prose, not a list without marks


class Paragraph(NamedTuple):
    """One paragraph or list item, whole."""

    text: str
    page: int
    box: tuple[float, float, float, float]
    is_item: bool
    ocr: bool


def paragraphs(lines: Sequence[Placed], words: BookWords) -> Iterator[Paragraph]:
    """The paragraphs of a stretch of lines without headings."""
    leading = _leading(lines)
    group: list[Placed] = []
    for placed in lines:
        if group and _begins(placed, group, leading):
            yield _whole(group, words)
            group = []
        group.append(placed)
    if group:
        yield _whole(group, words)


def _leading(lines: Sequence[Placed]) -> float:
    """The usual distance from line to line, in multiples of the size."""
    steps = [
        (b.line.top - a.line.top) / b.line.size
        for a, b in itertools.pairwise(lines)
        if a.page == b.page
        and a.line.block == b.line.block
        and 0 < b.line.top - a.line.top < 3 * b.line.size
    ]
    return median(steps) if steps else 1.5


def is_item(text: str) -> bool:
    return bool(BULLET.match(text) or NUMBERED.match(text))


def _begins(placed: Placed, group: list[Placed], leading: float) -> bool:
    """Whether this line opens a new paragraph."""
    before, line = group[-1], placed.line
    if len(group) >= MOST_LINES:
        return True
    if " | " in line.text or " | " in before.line.text:
        return True
    if is_item(line.text) and not _is_wrapped_number(placed, group):
        return True
    if abs(line.size - before.line.size) > 0.12 * line.size or (
        line.bold != before.line.bold and ENDED.search(before.line.text)
    ):
        return True
    if _runs_on(before, placed):
        return False
    same_block = placed.page == before.page and line.block == before.line.block
    item = is_item(group[0].line.text)
    if not same_block:
        return (
            before.line.text.rstrip().endswith(":")
            or _had_room(before, placed)
            or (_inset(placed) != item)
        )
    step = (line.top - before.line.top) / (line.size * leading)
    ended = bool(ENDED.search(before.line.text))
    if step > WIDE_STEP or (ended and step > WIDER_STEP):
        return True
    if item:
        return not _inset(placed) and (_had_room(before, placed) or ended)
    return _had_room(before, placed) or (_inset(placed) and not _inset(before) and ended)


def _is_wrapped_number(placed: Placed, group: list[Placed]) -> bool:
    """A number with a full stop ends its sentence on this line ("a ratio of 1 to / 3."): the line
    before is full and no sentence ends on it, and the number neither opens a list nor goes on one.
    """
    before, number = group[-1], _item_number(placed.line.text)
    return (
        number is not None
        and number != 1
        and _item_number(group[0].line.text) != number - 1
        and not ENDED.search(before.line.text)
        and placed.page == before.page
        and placed.line.block == before.line.block
        and not _had_room(before, placed)
    )


def _item_number(text: str) -> int | None:
    found = NUMBERED.match(text)
    digits = re.sub(r"\D", "", found[0]) if found else ""
    return int(digits) if digits else None


def _runs_on(before: Placed, placed: Placed) -> bool:
    """A word is cut by the line's end, or a long line without an end is followed by a small
    letter (in a list without marks, only where the next word had no room).
    """
    start = placed.line.text[:1]
    if BREAK.search(before.line.text) and start.isalnum():
        return True
    wide = before.line.x1 - before.line.x0 > LONG_LINE * (before.right - before.left)
    listed = not (before.full and placed.full) and _had_room(before, placed)
    return start.islower() and wide and not listed and not ENDED.search(before.line.text)


def _inset(placed: Placed) -> bool:
    """The line starts further in than its block."""
    start = placed.right - placed.line.x1 if placed.rtl else placed.line.x0 - placed.left
    return start > 0.5 * placed.line.size


def _had_room(before: Placed, placed: Placed) -> bool:
    """The first word of this line would have fitted on the line before: the break was meant.

    Its width is guessed from the mean letter of its line, 20 % more; inside a sentence by an em
    more, since
    a line may also end early before a word that could not be hyphenated.
    """
    room = before.line.x0 - before.left if before.rtl else before.right - before.line.x1
    first = placed.line.text.split(maxsplit=1)[0] if placed.line.text.strip() else ""
    width = (placed.line.x1 - placed.line.x0) * (len(first) + 1) / max(1, len(placed.line.text))
    inside = 0 if ENDED.search(before.line.text) else placed.line.size
    return room > 1.2 * width + inside


def _whole(group: list[Placed], words: BookWords) -> Paragraph:
    text = join_lines((placed.line.text for placed in group), words)
    first = group[0]
    own = [p.line for p in group if p.page == first.page]
    box = (
        min(o.x0 for o in own),
        min(o.top for o in own),
        max(o.x1 for o in own),
        max(o.bottom for o in own),
    )
    item = is_item(text)
    if item:
        text = f"- {text}" if NUMBERED.match(text) else "- " + BULLET.sub("", text, count=1)
    return Paragraph(text, first.page, box, item, any(p.ocr for p in group))
