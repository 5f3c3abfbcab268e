"""A right-to-left page: from its drawing to lines in reading order."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading import legibility
from tasks.reading.cells import UNKNOWN, Cell, cells, habits, without_stretches
from tasks.reading.glyphs import Drawing
from tasks.reading.layout import blocks
from tasks.reading.order import ANGLED, ROUND, Piece, join, logical, undecided
from tasks.reading.repair import Forms, bare, ligature, unfolded
from tasks.reading.rows import Block, Row
from tasks.reading.shapes import Glyph, Line
from tasks.reading.word_gaps import WordGaps

CELL_BORDER = " | "


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
    """What a right-to-left page says."""

    lines: tuple[Line, ...]
    forms: Forms
    votes: Votes


def read(drawing: Drawing, language: str = "fa") -> Read:
    """The page's lines; the direction that most glyphs are written in first."""
    forms, votes = Forms(), Votes()
    lines: list[Line] = []
    for glyphs in sorted(drawing.glyphs.values(), key=len, reverse=True):
        rules = drawing.rules if glyphs is drawing.glyphs.get(0) else []
        ready = without_stretches([_prepared(g) for g in glyphs])
        lines += _read_one_way(ready, rules, drawing.height, forms, votes, lines[-1].block + 1 if lines else 0)
    return Read(tuple(lines), forms, votes)


def _prepared(glyph: Glyph) -> Glyph:
    return glyph._replace(text=ligature(glyph.text)) if len(glyph.text) > 1 else glyph


def _read_one_way(
    glyphs: list[Glyph], rules: list[tuple[float, float, float]], height: float, forms: Forms, votes: Votes, first: int
) -> list[Line]:
    rtl = legibility.rtl_share("".join(g.text for g in glyphs)) >= 0.3
    habit = habits(glyphs)
    drafts = []
    for number, group in enumerate(blocks(glyphs, rules, rtl), first):
        drafts += _drafts(group, number, habit, forms)
    texts = _texts(drafts, rtl, votes)
    return [_line(text, draft, height) for text, draft in zip(texts, drafts, strict=True) if text.strip()]


def _drafts(group: Sequence[Block], number: int, habit: WordGaps, forms: Forms) -> list[_Draft]:
    """A line for each row of a column; one for a whole row of a table."""
    if not group[0].is_cell:
        return [_Draft([[_ready(row, habit, forms)]], [row], number) for block in group for row in block.rows]
    parts = [[_ready(row, habit, forms) for row in block.rows] for block in group]
    return [_Draft(parts, [row for block in group for row in block.rows], number)]


def _ready(row: Row, habit: WordGaps, forms: Forms) -> list[Cell]:
    return forms.mark(cells(row.glyphs, habit))


def _texts(drafts: Sequence[_Draft], rtl: bool, votes: Votes) -> list[str]:
    """The lines' texts, with brackets mirrored and unshaped drawing turned where that reads better on the whole page."""
    straight = [_bordered([[_as_drawn(row) for row in part] for part in draft.parts]) for draft in drafts]
    if rtl and _reads_better_as_drawn(drafts, straight):
        return [unfolded(text) for text in straight]
    pieces = [[[logical(row, rtl or _mostly_turned(row)) for row in part] for part in draft.parts] for draft in drafts]
    every = [row for draft in pieces for part in draft for row in part]
    votes.add(_vote(every, ROUND), _vote(every, ANGLED))
    return [unfolded(_bordered([[undecided(row) for row in part] for part in draft])) for draft in pieces]


def _bordered(parts: Sequence[Sequence[str]]) -> str:
    return CELL_BORDER.join(" ".join(rows) for rows in parts)


def _as_drawn(row: Sequence[Cell]) -> str:
    return "".join(c.text + c.gap for c in row)


def _mostly_turned(part: Sequence[Cell]) -> bool:
    return sum(c.kind == "R" for c in part) > 2 * sum(c.kind == "L" for c in part)


def _reads_better_as_drawn(drafts: Sequence[_Draft], straight: Sequence[str]) -> bool:
    """Letters drawn from left to right, unshaped: wrong on paper, but the order of reading."""
    as_drawn = bare(unfolded("\n".join(straight)))
    turned = "\n".join(join(logical(row, True)) for draft in drafts for part in draft.parts for row in part)
    return legibility.small_words(as_drawn) > 2 * legibility.small_words(bare(unfolded(turned))) + 0.01


def _vote(parts: Sequence[Sequence[Piece]], brackets: str) -> int:
    """How much better balanced the page is with these brackets exchanged (files store them as drawn or as meant)."""
    return sum(_balance(join(part, brackets), brackets) - _balance(join(part), brackets) for part in parts)


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
    return Line(text, x0, height - high - 0.8 * size, x1, height - low + 0.25 * size, size, bold, draft.block)


def broken(lines: Sequence[Line]) -> float:
    """Share of glyphs that the file gives no letter for."""
    text = "".join(line.text for line in lines)
    return text.count(UNKNOWN) / max(1, len(text))
