"""Tables: found by their rules or their white strips, read row by row."""

import itertools
from collections.abc import Sequence
from statistics import median

from tasks.reading.layout.rows import (
    WIDE_EM,
    Block,
    Row,
    Span,
    common_strips,
    enclosed,
    halves,
    strips_of,
)
from tasks.reading.types import Rule

FILLED = 0.7  # of a column's width, by a usual line of prose
FULL_LINE = 0.85  # of a column's width: a ragged line of prose that is full
FULL_SHARE = 0.3  # of a column's lines are full, where headings and lists stand among the prose
SHORT_CELL = 24  # letters of a usual row; half-verses have fewer, the lines of a column more


def table_rows(found: list[Row], rules: Sequence[Rule], size: float) -> tuple[int, int] | None:
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
    return _many_strips(found, size)


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


def _many_strips(found: list[Row], size: float) -> tuple[int, int] | None:
    """A run of three rows or more that two wide strips part in the same places."""
    first = 0
    while first < len(found) - 2:
        last = _end_of_strips(found, first, size)
        if last - first < 3:
            first += 1
        elif _are_columns(found[first:last], size):
            first = last
        else:
            return first, last
    return None


def _end_of_strips(found: list[Row], first: int, size: float) -> int:
    """One past the last row that shares two wide strips with all from `first` on."""
    strips = enclosed(strips_of(found[first], size), WIDE_EM * size)
    last = first + 1
    while len(strips) > 1 and last < len(found):
        own = strips_of(found[last], size)
        common = enclosed(common_strips(strips, own, size), WIDE_EM * size)
        if len(common) < 2 or len(enclosed(own, WIDE_EM * size)) < 2:
            break
        strips, last = common, last + 1
    return last if len(strips) > 1 else first


def _are_columns(found: list[Row], size: float) -> bool:
    """Three columns of prose or more: each is filled by its lines, which are longer than cells."""
    sides = []
    for low, high in _strips(found, size):
        cut = [Row(r.y, [g for g in r.glyphs if low <= g.middle < high]) for r in found]
        sides.append([row for row in cut if row.ink])
    long = all(median(len(r.ink) for r in side) >= SHORT_CELL for side in sides)
    return long and min(map(_fill, sides)) > FILLED


def is_table(found: list[Row], gutter: Span, rules: Sequence[Rule]) -> bool:
    """Cells are short, rarely fill their column and stand on common baselines; columns of text do
    the opposite.
    """
    sides = halves(found, gutter)
    ys = [{round(r.y) for r in side} for side in sides]
    shared = sum(1 for y in ys[0] if ys[1] & {y - 1, y, y + 1}) / max(map(len, ys))
    crossing = sum(
        x0 < gutter[0] and x1 > gutter[1] and found[-1].y < y < found[0].y for x0, x1, y in rules
    )
    if crossing < 2 and all(map(_is_prose, sides)):
        return False
    if min(map(len, sides)) < 4:
        return shared > 0.7
    short = min(median(len(r.ink) for r in side) for side in sides) < SHORT_CELL
    return shared > 0.6 and (min(map(_fill, sides)) < FILLED or short or crossing > 1)


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
    for band in _bands(found, rules):
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


def _bands(found: list[Row], rules: Sequence[Rule]) -> list[list[Row]]:
    """The rows of text that make one row of the table: between rules, else between wider gaps."""
    left, right = min(r.x0 for r in found), max(r.x1 for r in found)
    ruled = [
        y
        for x0, x1, y in rules
        if min(x1, right) - max(x0, left) > 0.5 * (right - left) and found[-1].y < y < found[0].y
    ]
    gaps = [a.y - b.y for a, b in itertools.pairwise(found)]
    wide = (
        1.3 * min(gaps)
        if gaps and max(gaps) > 1.3 * min(gaps) and min(gaps) > 0.5 * found[0].glyphs[0].size
        else 0.0
    )
    bands = [[found[0]]]
    for upper, lower in itertools.pairwise(found):
        parted = any(lower.y < y < upper.y for y in ruled) if ruled else upper.y - lower.y > wide
        if parted:
            bands.append([])
        bands[-1].append(lower)
    return bands
