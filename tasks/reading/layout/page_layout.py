"""A page: from its drawing to lines in reading order, whatever the direction of writing."""

import itertools
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading import legibility
from tasks.reading.layout.arabic_shaping import (
    LETTER_PLACES,
    Forms,
    bare,
    ligature,
    same_digits,
    unfolded,
)
from tasks.reading.layout.bidi import ANGLED, ROUND, Piece, join, logical, undecided
from tasks.reading.layout.columns import blocks
from tasks.reading.layout.glyph_clusters import (
    UNKNOWN,
    Cell,
    cells,
    habits,
    without_stretches,
)
from tasks.reading.layout.plain_rows import is_plain, read_row
from tasks.reading.layout.rows import Block, Row
from tasks.reading.layout.word_gaps import WordGaps
from tasks.reading.types import Drawing, Glyph, Line, Rule

CELL_BORDER = " | "
PAGE_SHARE = 0.3  # of right-to-left letters, from which a page runs from right to left
SHORT_EM = 2.0  # from the edge of its block: the last line of a paragraph
PROSE_WORDS = 3  # Latin words without a right-to-left letter that make a line of its own direction


class _Draft(NamedTuple):
    """A line before the page has decided about brackets and direction."""

    parts: list[list[list[Cell]]]  # by cell of a table (else one), by row of text
    rows: list[Row]
    block: int


class Votes:
    """For exchanging the page's brackets (above 0) or against it: round ones, guillemets."""

    def __init__(self) -> None:
        self.round, self.angled = 0, 0

    def add(self, round_ones: int, angled: int) -> None:
        self.round += round_ones
        self.angled += angled


class Read(NamedTuple):
    """What a page says."""

    lines: tuple[Line, ...]
    forms: Forms
    votes: Votes


def read_lines(drawing: Drawing) -> Read:
    """The page's lines; upright ones first, then by the number of their glyphs."""
    forms, votes = Forms(), Votes()
    lines: list[Line] = []
    for angle in sorted(drawing.glyphs, key=lambda a: (a != 0, -len(drawing.glyphs[a]))):
        glyphs, rules = drawing.glyphs[angle], drawing.rules if angle == 0 else []
        first = lines[-1].block + 1 if lines else 0
        layout = _Layout(glyphs, rules, forms, votes)
        lines += layout.read(drawing.height, first)
    return Read(tuple(lines), forms, votes)


class _Layout:
    """The glyphs of one direction of writing."""

    def __init__(self, glyphs: list[Glyph], rules: list[Rule], forms: Forms, votes: Votes) -> None:
        self.rtl = legibility.rtl_share("".join(g.text for g in glyphs)) >= PAGE_SHARE
        ready = [g._replace(text=ligature(g.text)) if len(g.text) > 1 else g for g in glyphs]
        if any(map(legibility.is_rtl, ready)):
            ready = forms.number_unnamed(same_digits(without_stretches(ready)))
        self.glyphs = ready
        self.rules, self.forms, self.votes = rules, forms, votes
        self.gaps: WordGaps = habits(self.glyphs)

    def read(self, height: float, first: int) -> list[Line]:
        drafts = []
        for number, group in enumerate(blocks(self.glyphs, self.rules, self.rtl), first):
            drafts += self._drafts(group, number)
        texts = _texts(drafts, self.rtl, self.votes)
        ready = zip(texts, drafts, strict=True)
        return [_line(text, draft, height) for text, draft in ready if text.strip()]

    def _drafts(self, group: Sequence[Block], number: int) -> list[_Draft]:
        """A line for each row of a column; one for a whole row of a table."""
        if not group[0].is_cell:
            rows = [row for block in group for row in block.rows]
            return [_Draft([[self._cells(row)]], [row], number) for row in rows]
        parts = [[self._cells(row) for row in block.rows] for block in group]
        return [_Draft(parts, [row for block in group for row in block.rows], number)]

    def _cells(self, row: Row) -> list[Cell]:
        if not self.rtl and is_plain(row):
            return [read_row(row, self.gaps)]
        return self.forms.mark(cells(row.glyphs, self.gaps))


def _texts(drafts: Sequence[_Draft], rtl: bool, votes: Votes) -> list[str]:
    """The lines' texts; brackets mirrored, and unshaped drawing turned, where the page reads
    better.
    """
    straight = [
        _bordered([[_as_drawn(row) for row in part] for part in draft.parts]) for draft in drafts
    ]
    if rtl and _reads_better_as_drawn(drafts, straight):
        return [unfolded(text) for text in straight]
    opens = _openings(drafts)
    pieces = [
        [[logical(row, _is_rtl(row, rtl), first) for row in part] for part in draft.parts]
        for draft, first in zip(drafts, opens, strict=True)
    ]
    every = [row for draft in pieces for part in draft for row in part]
    votes.add(_vote(every, ROUND), _vote(every, ANGLED))
    return [
        unfolded(_bordered([[undecided(row) for row in part] for part in draft]))
        for draft in pieces
    ]


def _openings(drafts: Sequence[_Draft]) -> list[bool]:
    """Whether each line of a right-to-left page begins a paragraph: the one above it ends short of
    the block's edge, or is of another size.
    """
    edges: dict[int, float] = {}
    for draft in drafts:
        left = min(row.x0 for row in draft.rows)
        edges[draft.block] = min(left, edges.get(draft.block, left))
    found = [True] * min(1, len(drafts))
    for above, draft in itertools.pairwise(drafts):
        last, first = above.rows[-1], draft.rows[0]
        sizes = last.ink[0].size, first.ink[0].size
        short = last.x0 - edges[draft.block] > SHORT_EM * sizes[1]
        alike = abs(sizes[0] - sizes[1]) < 0.1 * sizes[1]
        found.append(above.block != draft.block or short or not alike)
    return found


def _bordered(parts: Sequence[Sequence[str]]) -> str:
    return CELL_BORDER.join(" ".join(rows) for rows in parts)


def _as_drawn(row: Sequence[Cell]) -> str:
    return "".join(c.text + c.gap for c in row)


def _is_rtl(row: Sequence[Cell], page: bool) -> bool:
    """Whether the line runs from right to left: by its own letters where they tell, else as the
    page does.
    """
    turned, straight = sum(c.kind == "R" for c in row), sum(c.kind == "L" for c in row)
    if not page:
        return turned > 2 * straight
    if turned:
        return 20 * turned > straight  # a quoted word in a reference of another language
    words = legibility.words_of_letters(_as_drawn(row))
    return len(words) < PROSE_WORDS


def _reads_better_as_drawn(drafts: Sequence[_Draft], straight: Sequence[str]) -> bool:
    """Letters drawn from left to right, unshaped: wrong on paper, but the order of reading."""
    as_drawn = bare(unfolded("\n".join(straight)))
    rows = (row for draft in drafts for part in draft.parts for row in part)
    turned = bare(unfolded("\n".join(join(logical(row, True)) for row in rows)))
    return legibility.small_words(as_drawn) > 2 * legibility.small_words(turned) + 0.01


def _vote(parts: Sequence[Sequence[Piece]], brackets: str) -> int:
    """How much better balanced the page is with these brackets exchanged (files store them as drawn
    or as meant).
    """
    return sum(
        _balance(join(part, brackets), brackets) - _balance(join(part), brackets) for part in parts
    )


def _balance(text: str, brackets: str) -> int:
    """Well-closed pairs, minus brackets left alone."""
    openers, closers = brackets[::2], brackets[1::2]
    stack: list[str] = []
    score = 0
    for char in text:
        if char in openers:
            stack.append(char)
        elif char in closers:
            well = bool(stack) and openers.index(stack[-1]) == closers.index(char)
            score += 1 if well else -1
            if well:
                stack.pop()
    return score - len(stack)


def _line(text: str, draft: _Draft, height: float) -> Line:
    ink = [g for row in draft.rows for g in row.ink]
    size = median(g.size for g in ink)
    baselines = [median(g.y for g in row.ink) for row in draft.rows]
    low, high = min(baselines), max(baselines)
    x0, x1 = min(g.x0 for g in ink), max(g.x1 for g in ink)
    bold = sum(g.bold for g in ink) > 0.6 * len(ink)
    return Line(
        text,
        x0,
        height - high - 0.8 * size,
        x1,
        height - low + 0.25 * size,
        size,
        bold,
        draft.block,
    )


def broken(lines: Sequence[Line]) -> float:
    """Share of glyphs that the file gives no letter for."""
    text = "".join(line.text for line in lines)
    return sum(map(text.count, UNKNOWN + LETTER_PLACES)) / max(1, len(text))
