"""Where a page's glyphs belong: rows by baseline, columns by gutters, tables row by row."""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

from tasks.reading.layout.drop_caps import lift_drop_caps
from tasks.reading.layout.rows import (
    MANY_ROWS,
    WIDE_EM,
    Block,
    Row,
    Span,
    common_strips,
    enclosed,
    halves,
    rows,
    stand_in_line,
    stands_out,
    strips_of,
)
from tasks.reading.layout.tables import is_table, table, table_rows, without_strangers
from tasks.reading.types import Glyph, Rule

# Seen on three pages that Chromium and LibreOffice drew of the hard set's Arabic and Hebrew texts:
# balanced columns end 0 to 1 lines apart, and what follows stands 1.7 to 2.2 steps lower. On pages
# of other makers these were not measured.
UNEVEN_LINES = 1.5
AFTER_COLUMNS = 1.3
ACROSS = (
    0.6  # of the columns' width: more than a page number and less than a paragraph's first line
)
NOT_A_NOTE = 0.9  # of the page's usual size: notes are smaller


def blocks(glyphs: Sequence[Glyph], rules: Sequence[Rule], rtl: bool) -> list[list[Block]]:
    """The page's blocks in reading order; blocks of one inner list stand on one line of a table."""
    found = lift_drop_caps(rows(glyphs))
    size = median(g.size for g in glyphs) if glyphs else 10.0
    return _parted(found, rules, rtl, size)


def _parted(found: list[Row], rules: Sequence[Rule], rtl: bool, size: float) -> list[list[Block]]:
    """Tables first; then cut at the tallest run of rows that share a gutter; above and
    below again.
    """
    if not found:
        return []
    tabular = table_rows(found, rules, size, rtl)
    run = None if tabular else _tallest_gutter(found, size)
    if tabular:
        first, last = tabular
        inner = table(found[first:last], rules, rtl, size)
    elif run:
        first, last, gutter = run
        last = _balanced_end(found, first, last, gutter, size)
        inner = _columns(found[first:last], gutter, rules, rtl, size)
    else:
        return [[Block(found)]]
    return [
        *_parted(found[:first], rules, rtl, size),
        *inner,
        *_parted(found[last:], rules, rtl, size),
    ]


def _columns(
    middle: list[Row], gutter: Span, rules: Sequence[Rule], rtl: bool, size: float
) -> list[list[Block]]:
    if is_table(middle, gutter, rules, rtl):
        first, last = without_strangers(middle, gutter)
        inner = table(middle[first:last], rules, rtl, size)
        return [
            *_parted(middle[:first], rules, rtl, size),
            *inner,
            *_parted(middle[last:], rules, rtl, size),
        ]
    left, right = halves(middle, gutter)
    order = (right, left) if rtl else (left, right)
    return [block for side in order for block in _parted(side, rules, rtl, size)]


def _balanced_end(found: list[Row], first: int, last: int, gutter: Span, size: float) -> int:
    """Where columns of equal height end before `last`, above text that crosses their gutter: short
    lines that follow them, a heading and a list, stand on one side of the gutter by chance.

    Word processors and browsers balance columns that other text follows; a page's end balances
    nothing, and small letters below are notes.
    """
    if last == len(found) or not _is_prose_across(found[last], found[first:last], gutter, size):
        return last
    short, long = sorted(halves(found[first:last], gutter), key=lambda side: -side[-1].y)
    steps = [a.y - b.y for a, b in itertools.pairwise(long) if a.y - b.y > size / 2]
    if not steps:
        return last
    level, usual = short[-1].y, median(steps)
    for above, below in itertools.pairwise(long):
        ends_alike = below.y < level - size / 2 and above.y > level - UNEVEN_LINES * usual
        if ends_alike and above.y - below.y > AFTER_COLUMNS * usual:
            return first + sum(row.y > below.y for row in found[first:last])
    return last


def _is_prose_across(row: Row, columns: Sequence[Row], gutter: Span, size: float) -> bool:
    width = max(r.x1 for r in columns) - min(r.x0 for r in columns)
    return (
        row.x0 < gutter[0]
        and row.x1 > gutter[1]
        and row.x1 - row.x0 > ACROSS * width
        and median(g.size for g in row.ink) > NOT_A_NOTE * size
    )


def _tallest_gutter(found: list[Row], size: float) -> tuple[int, int, Span] | None:
    """(first row, one past the last, strip) of the longest run with text on both sides of a
    strip.
    """
    free = [strips_of(row, size) for row in found]
    middles = [sorted(g.middle for g in row.ink) for row in found]
    best: tuple[int, int, Span] | None = None
    for first in range(len(found)):
        if best and len(found) - first <= best[1] - best[0]:
            break
        strips = free[first]
        for last in range(first + 1, len(found) + 1):
            if last > first + 1:
                strips = common_strips(strips, free[last - 1], size)
            inner = enclosed(strips, 0)
            if not strips or (not inner and last - first > 12):
                break
            if last - first < 2 or (best and last - first <= best[1] - best[0]):
                continue
            few = last - first < MANY_ROWS
            good = next(
                (
                    s
                    for s in inner
                    if _is_gutter(middles[first:last], s, size)
                    and (not few or _is_meant(found[first:last], s, size))
                ),
                None,
            )
            if good:
                best = (first, last, good)
    return best


def _is_meant(found: Sequence[Row], strip: Span, size: float) -> bool:
    """Whether so few rows have this strip by design, not because they were stretched."""
    return all(stands_out(row, [strip]) for row in found) and stand_in_line(found, strip, size)


def _is_gutter(middles: list[list[float]], strip: Span, size: float) -> bool:
    """Text on both sides, in at least two rows each; bullets and numbers before items are no
    column.
    """
    at = (strip[0] + strip[1]) / 2
    before = [bisect_left(row, at) for row in middles]
    after = [len(row) - n for row, n in zip(middles, before, strict=True)]
    left, right = [n for n in before if n], [n for n in after if n]
    if min(len(left), len(right)) < 2 or (
        strip[1] - strip[0] < WIDE_EM * size and min(len(left), len(right)) < MANY_ROWS
    ):
        return False
    return median(left) > 3 and median(right) > 3
