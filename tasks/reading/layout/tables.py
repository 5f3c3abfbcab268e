"""Tables: found by their rules or their white strips, read row by row."""

import itertools
import re
from collections.abc import Sequence
from statistics import median

from tasks.reading.layout.glyph_clusters import BULLETS
from tasks.reading.layout.rows import (
    WIDE_EM,
    WORD_GAP_EM,
    Block,
    Row,
    Span,
    common_strips,
    enclosed,
    halves,
    stand_in_line,
    stands_out,
    strips_of,
    word_gaps,
)
from tasks.reading.types import Rule

FILLED = 0.7  # of a column's width, by a usual line of prose
# Ranges below: least and most on the 1,260 pages of tests/reading/hard_set/grids.py, seeds 2 to 6,
# pages of the kinds that the rules were written for, so real books may lie elsewhere. The limits
# were chosen by judgement, before the ranges were taken; where none is given, none was measured.
FULL_LINE = 0.85  # of a column's width: a ragged line of prose that is full
# Of a column's lines are full: prose 0.50 to 1, with headings 0.33 to 1; cells 0.40 to 1, which
# FULL_LINE and SHORT_CELL must tell from it.
FULL_SHARE = 0.3
WORDS_OF_PROSE = 3  # on a median line: prose 4 to 6, cells 1 to 7.5 (19 in 20 at most 2)
# Of the lines of prose, those that had no room for the next word: 0.65 to 0.96 in 66 columns, 0 to
# 0.5 in 9 of cells with three words and more.
WRAPPED_SHARE = 0.6
ITEMS_SHARE = 0.25  # of a list's lines begin an item, for items of up to four lines; drawn: 1 and 0
# Times the other side's steps: names beside wrapped cells 1.0 to 2.0, below 1.5 told by other
# rules; columns 1.0.
SPARSE = 1.5
WIDER_ROWS = 1.1  # from row to row of a table, times the step inside its cells: 1.23 to 1.69
# Of the cells end in a line that had room, where the steps do not tell: 0.67 to 1 in 33 tables; no
# columns came so far.
SHORT_SHARE = 0.7
SAME_LEVEL = 1.0  # points
_ITEM = re.compile(rf"[{''.join(BULLETS)}]|\(?\d{{1,2}}[.)](?!\d)")
MOST_WRAPPED = 4  # lines of one cell that follow the first
CLOSE_STEP = 1.05  # times the least step of a table's lines: those of one cell, rounding aside
SHORT_CELL = 24  # letters of a usual row; half-verses have fewer, the lines of a column more


def table_rows(
    found: list[Row], rules: Sequence[Rule], size: float, rtl: bool
) -> tuple[int, int] | None:
    """The rows of a table: between three or more rules of one width, or parted by two white
    strips.
    """
    for x0, x1, low, high in _frames(rules):
        inside = [
            i
            for i, r in enumerate(found)
            if low < r.y + 0.3 * size < high and r.x0 > x0 - size and r.x1 < x1 + size
        ]
        if (
            len(inside) > 1
            and inside[-1] - inside[0] == len(inside) - 1
            and len(_strips(found[inside[0] : inside[-1] + 1], size)) > 1
        ):
            return inside[0], inside[-1] + 1
    return _many_strips(found, size, rtl)


def _frames(rules: Sequence[Rule]) -> list[tuple[float, float, float, float]]:
    """(left, right, lowest, highest) of three or more rules of one width."""
    levels: dict[int, list[float]] = {}
    for x0, x1, y in rules:
        near = next(
            (level for level in (round(y), round(y) - 1, round(y) + 1) if level in levels), round(y)
        )
        span = levels.setdefault(near, [x0, x1])
        span[0], span[1] = min(span[0], x0), max(span[1], x1)
    widths: dict[tuple[int, int], list[int]] = {}
    for y, (x0, x1) in levels.items():
        key = next(
            (k for k in widths if abs(k[0] - x0) < 4 and abs(k[1] - x1) < 4), (round(x0), round(x1))
        )
        widths.setdefault(key, []).append(y)
    return [(k[0], k[1], min(ys), max(ys)) for k, ys in widths.items() if len(ys) > 2]


def _many_strips(found: list[Row], size: float, rtl: bool) -> tuple[int, int] | None:
    """A run of three rows or more that two wide strips part in the same places."""
    first = 0
    while first < len(found) - 2:
        last = _end_of_strips(found, first, size, rtl)
        if last == first:
            first += 1
        elif _are_columns(found[first:last], size, rtl):
            first = last
        else:
            return first, last
    return None


def _end_of_strips(found: list[Row], first: int, size: float, rtl: bool) -> int:
    """One past the last row of a table that begins at `first`, at `first` where none does.

    Its rows share two strips, wide ones in most rows; lines of wrapped cells stand between them.
    """
    strips = shared = enclosed(strips_of(found[first], size), WIDE_EM * size)
    if len(strips) < 2 or not stands_out(found[first], strips):
        return first
    whole, last = 1, first + 1  # rows with three cells or more; one past the last of them
    for at in range(first + 1, len(found)):
        own = strips_of(found[at], size)
        shared = enclosed(common_strips(shared, own, size), 0)
        if len(shared) < 2 or at - last >= MOST_WRAPPED:
            break
        if len(enclosed(own, 0)) > 1 and stands_out(found[at], shared):
            strips, whole, last = shared, whole + 1, at + 1
    if whole < 3 or not all(stand_in_line(found[first:last], strip, size) for strip in strips):
        return first
    return _wrapped_after(found, first, last, strips, rtl)


def _wrapped_after(found: list[Row], first: int, last: int, strips: list[Span], rtl: bool) -> int:
    """One past the lines below a table's last whole row that its cells run on in: closer than the
    table's rows, and none in the first column, where a paragraph would begin.
    """
    step = min(a.y - b.y for a, b in itertools.pairwise(found[first:last]))
    edge = max(s[1] for s in strips) if rtl else min(s[0] for s in strips)
    while last < len(found) and found[last - 1].y - found[last].y < CLOSE_STEP * step:
        row = found[last]
        inside = row.x1 < edge if rtl else row.x0 > edge
        if not inside or any(row.x0 < s[0] and row.x1 > s[1] for s in strips):
            break
        last += 1
    return last


def _are_columns(found: list[Row], size: float, rtl: bool) -> bool:
    """Three columns of prose or more, or of lists."""
    sides = []
    for low, high in _strips(found, size):
        cut = [Row(r.y, [g for g in r.glyphs if low <= g.middle < high]) for r in found]
        sides.append([row for row in cut if row.ink])
    long = all(median(len(r.ink) for r in side) >= SHORT_CELL for side in sides)
    filled = long and min(map(_fill, sides)) > FILLED
    return filled or all(_is_text(side, rtl) or _is_wrapped(side, rtl) for side in sides)


def is_table(found: list[Row], gutter: Span, rules: Sequence[Rule], rtl: bool) -> bool:
    """Cells are short, rarely fill their column and stand on common baselines; columns of text do
    the opposite.
    """
    sides = halves(found, gutter)
    if all(_is_list(side, rtl) for side in sides):
        return False
    few, many = sorted(sides, key=len)
    if _names_rows(few, many, rtl):
        return True
    ys = [{round(r.y) for r in side} for side in sides]
    shared = sum(1 for y in ys[0] if ys[1] & {y - 1, y, y + 1}) / max(map(len, ys))
    crossing = sum(
        x0 < gutter[0] and x1 > gutter[1] and found[-1].y < y < found[0].y for x0, x1, y in rules
    )
    if crossing < 2 and all(_is_text(side, rtl) for side in sides):
        return False
    if min(map(len, sides)) < 4:
        return shared > 0.7
    short = min(median(len(r.ink) for r in side) for side in sides) < SHORT_CELL
    return shared > 0.6 and (min(map(_fill, sides)) < FILLED or short or crossing > 1)


def _is_text(side: list[Row], rtl: bool) -> bool:
    is_verse = rtl and median(len(r.ink) for r in side) < SHORT_CELL
    return _is_prose(side) or _is_list(side, rtl) or (not is_verse and _is_wrapped(side, rtl))


def _is_prose(side: list[Row]) -> bool:
    """Many lines reach from edge to edge and are longer than cells; headings and items stand among
    them.
    """
    wide = max(r.x1 for r in side) - min(r.x0 for r in side)
    full = [r for r in side if r.x1 - r.x0 > FULL_LINE * wide]
    return (
        len(full) >= max(2, FULL_SHARE * len(side))
        and median(len(r.ink) for r in full) >= SHORT_CELL
    )


def _is_wrapped(side: list[Row], rtl: bool) -> bool:
    """Lines of several words, most of which had no room for the first word of the next: prose."""
    words = [_words(row, rtl) for row in side]
    if len(side) < 3 or median(map(len, words)) < WORDS_OF_PROSE:
        return False
    full = sum(
        room < following[0] + WORD_GAP_EM * row.ink[0].size
        for room, row, following in zip(_rooms(side, rtl), side, words[1:], strict=False)
    )
    return full >= WRAPPED_SHARE * (len(side) - 1)


def _rooms(side: list[Row], rtl: bool) -> list[float]:
    """What each line leaves free of its column, in points."""
    if rtl:
        edge = min(r.x0 for r in side)
        return [r.x0 - edge for r in side]
    edge = max(r.x1 for r in side)
    return [edge - r.x1 for r in side]


def _words(row: Row, rtl: bool) -> list[float]:
    """The widths of a row's words in reading order, in points."""
    gaps = word_gaps(row)
    starts = [min(g.x0 for g in row.ink), *(x1 for _, x1 in gaps)]
    ends = [*(x0 for x0, _ in gaps), max(g.x1 for g in row.ink)]
    widths = [x1 - x0 for x0, x1 in zip(starts, ends, strict=True)]
    return widths[::-1] if rtl else widths


def _is_list(side: list[Row], rtl: bool) -> bool:
    """Items with bullets or numbers of their own."""
    marked = 0
    for row in side:
        ordered = sorted(row.ink, key=lambda g: -g.x1 if rtl else g.x0)
        marked += bool(_ITEM.match("".join(g.text for g in ordered[:4])))
    return marked >= max(2, ITEMS_SHARE * len(side))


def _names_rows(few: list[Row], many: list[Row], rtl: bool) -> bool:
    """Whether the lines of one side stand beside the first lines of the other's wrapped cells (all
    but one, which may be the end of a paragraph above).
    """
    if not 3 <= len(few) < len(many):
        return False
    levels = [row.y for row in few]
    firsts = [i for i, r in enumerate(many) if any(abs(r.y - y) < SAME_LEVEL for y in levels)]
    steps = [a.y - b.y for a, b in itertools.pairwise(many)]
    apart = median(a - b for a, b in itertools.pairwise(levels))
    begun = [i for i in firsts if i]
    if len(firsts) < len(few) - 1 or len(begun) < 2 or apart < SPARSE * median(steps):
        return False
    inside = [step for i, step in enumerate(steps, 1) if i not in firsts]
    if inside and median(steps[i - 1] for i in begun) > WIDER_ROWS * median(inside):
        return True
    rooms = _rooms(many, rtl)
    had_room = sum(rooms[i - 1] > _words(many[i], rtl)[0] + many[i].ink[0].size for i in begun)
    return had_room >= SHORT_SHARE * len(begun)


def without_strangers(found: list[Row], gutter: Span) -> tuple[int, int]:
    """The span of a table's own rows: a heading before or after it stands on one side of the
    gutter, and further off.
    """
    usual = median(a.y - b.y for a, b in itertools.pairwise(found))
    first, last = 0, len(found)
    while (
        last - first > 3
        and _one_sided(found[first], gutter)
        and found[first].y - found[first + 1].y > 1.2 * usual
    ):
        first += 1
    while (
        last - first > 3
        and _one_sided(found[last - 1], gutter)
        and found[last - 2].y - found[last - 1].y > 1.2 * usual
    ):
        last -= 1
    return first, last


def _one_sided(row: Row, gutter: Span) -> bool:
    return not all(halves([row], gutter))


def _fill(side: list[Row]) -> float:
    wide = max(r.x1 for r in side) - min(r.x0 for r in side)
    return median((r.x1 - r.x0) / wide for r in side) if wide else 0.0


def table(found: list[Row], rules: Sequence[Rule], rtl: bool, size: float) -> list[list[Block]]:
    """One list of cells for each row of the table."""
    strips = _strips(found, size)
    lines = []
    for band in _bands(found, rules, strips, rtl):
        cells = []
        for low, high in strips:
            rows_ = [Row(r.y, [g for g in r.glyphs if low <= g.middle < high]) for r in band]
            if any(r.ink for r in rows_):
                cells.append(Block([r for r in rows_ if r.ink], True))
        lines.append(cells[::-1] if rtl else cells)
    return lines


def _strips(found: list[Row], size: float) -> list[Span]:
    """The columns of a table, from left to right."""
    free = strips_of(found[0], size)
    for row in found[1:]:
        free = common_strips(free, strips_of(row, size), size)
    cuts = [(a + b) / 2 for a, b in enclosed(free, 0)]
    edges = [float("-inf"), *cuts, float("inf")]
    return list(itertools.pairwise(edges))


def _bands(
    found: list[Row], rules: Sequence[Rule], strips: Sequence[Span], rtl: bool
) -> list[list[Row]]:
    """The rows of text that make one row of the table: between rules, else between wider gaps;
    where these tell nothing, the lines without a cell of the first column go on in the others.
    """
    left, right = min(r.x0 for r in found), max(r.x1 for r in found)
    ruled = [
        y
        for x0, x1, y in rules
        if min(x1, right) - max(x0, left) > 0.5 * (right - left) and found[-1].y < y < found[0].y
    ]
    columns = strips[::-1] if rtl else strips
    held = [[_holds(row, column) for column in columns] for row in found]
    whole = max(map(sum, held))
    gaps = [a.y - b.y for a, b in itertools.pairwise(found)]
    wide = WIDER_ROWS * min(gaps, default=0.0)
    told = sum(gap > wide for gap in gaps) > 1
    bands = [[found[0]]]
    for gap, (upper, lower), cells in zip(gaps, itertools.pairwise(found), held[1:], strict=True):
        if ruled:
            parted = any(lower.y < y < upper.y for y in ruled)
        elif told:
            parted = gap > wide
        else:
            parted = sum(cells) == whole or cells[0]
        if parted:
            bands.append([])
        bands[-1].append(lower)
    return bands


def _holds(row: Row, column: Span) -> bool:
    return any(column[0] <= g.middle < column[1] for g in row.ink)
