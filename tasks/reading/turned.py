"""A right-to-left page: from its drawing to lines in reading order."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading import legibility
from tasks.reading.cells import UNKNOWN, Cell, cells, draws_spaces, without_stretches
from tasks.reading.glyphs import Drawing
from tasks.reading.layout import Block, Row, blocks
from tasks.reading.order import Piece, join, logical
from tasks.reading.repair import Forms, bare, ligature, unfolded
from tasks.reading.shapes import Glyph, Line

CELL_BORDER = " | "


class _Draft(NamedTuple):
    """A line before the page has decided about brackets and direction."""

    parts: list[list[list[Cell]]]  # by cell of a table (else one), by row of text
    rows: list[Row]
    block: int


class Read(NamedTuple):
    """What a right-to-left page says."""

    lines: tuple[Line, ...]
    forms: Forms


def read(drawing: Drawing, language: str = "fa") -> Read:
    """The page's lines; the direction that most glyphs are written in first."""
    forms = Forms()
    lines: list[Line] = []
    for glyphs in sorted(drawing.glyphs.values(), key=len, reverse=True):
        rules = drawing.rules if glyphs is drawing.glyphs.get(0) else []
        ready = without_stretches([_prepared(g) for g in glyphs])
        lines += _read_one_way(ready, rules, drawing.height, forms, lines[-1].block + 1 if lines else 0)
    return Read(tuple(lines), forms)


def _prepared(glyph: Glyph) -> Glyph:
    return glyph._replace(text=ligature(glyph.text)) if len(glyph.text) > 1 else glyph


def _read_one_way(glyphs: list[Glyph], rules: list[tuple[float, float, float]], height: float, forms: Forms, first: int) -> list[Line]:
    rtl = legibility.rtl_share("".join(g.text for g in glyphs)) >= 0.3
    spaced = draws_spaces(glyphs)
    drafts = []
    for number, group in enumerate(blocks(glyphs, rules, rtl), first):
        drafts += _drafts(group, number, spaced, forms)
    texts = _texts(drafts, rtl)
    return [_line(text, draft, height) for text, draft in zip(texts, drafts, strict=True) if text.strip()]


def _drafts(group: Sequence[Block], number: int, spaced: bool, forms: Forms) -> list[_Draft]:
    """A line for each row of a column; one for a whole row of a table."""
    if not group[0].is_cell:
        return [_Draft([[_ready(row, spaced, forms)]], [row], number) for block in group for row in block.rows]
    parts = [[_ready(row, spaced, forms) for row in block.rows] for block in group]
    return [_Draft(parts, [row for block in group for row in block.rows], number)]


def _ready(row: Row, spaced: bool, forms: Forms) -> list[Cell]:
    return forms.mark(cells(row.glyphs, spaced))


def _texts(drafts: Sequence[_Draft], rtl: bool) -> list[str]:
    """The lines' texts, with brackets mirrored and unshaped drawing turned where that reads better on the whole page."""
    straight = [_bordered([[_as_drawn(row) for row in part] for part in draft.parts]) for draft in drafts]
    if rtl and _reads_better_as_drawn(drafts, straight):
        return [unfolded(text) for text in straight]
    pieces = [[[logical(row, rtl or _mostly_turned(row)) for row in part] for part in draft.parts] for draft in drafts]
    mirror = _mirrored([row for draft in pieces for part in draft for row in part])
    return [unfolded(_bordered([[join(row, mirror) for row in part] for part in draft])) for draft in pieces]


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


def _mirrored(parts: Sequence[Sequence[Piece]]) -> str:
    """The brackets that this page stores as drawn, and not as meant."""
    round_ones = _better_mirrored(parts, "()[]{}")
    angled = _better_mirrored(parts, "«»‹›")
    rest = round_ones if round_ones is not None else angled if angled is not None else True
    return "()[]{}" * bool(rest if round_ones is None else round_ones) + "«»‹›" * bool(rest if angled is None else angled) + "<>≤≥" * rest


def _better_mirrored(parts: Sequence[Sequence[Piece]], brackets: str) -> bool | None:
    """Whether exchanging these brackets balances the page better; none when it holds none to judge by."""
    as_is = sum(_balance(join(part), brackets) for part in parts)
    exchanged = sum(_balance(join(part, brackets), brackets) for part in parts)
    return None if as_is == exchanged else exchanged > as_is


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
