"""Where a page's glyphs belong: rows by baseline, columns by gutters, tables row by row."""

import itertools
import unicodedata
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading.shapes import Glyph

GUTTER_EM = 0.55  # least width of the white strip between columns, where many rows agree on it
WIDE_EM = 1.0  # the same where few rows do
MANY_ROWS = 5
SAME_LINE_EM = 0.2  # baselines closer than this are one line
_UP = str.maketrans("0123456789+-−۰۱۲۳۴۵۶۷۸۹", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Rule = tuple[float, float, float]
Span = tuple[float, float]


class Row(NamedTuple):
    """Glyphs on one baseline, in drawing order."""

    y: float
    glyphs: list[Glyph]

    @property
    def x0(self) -> float:
        return min(g.x0 for g in self.glyphs)

    @property
    def x1(self) -> float:
        return max(g.x1 for g in self.glyphs)

    @property
    def ink(self) -> list[Glyph]:
        return [g for g in self.glyphs if g.text.strip()]


class Block(NamedTuple):
    """Rows that are read one after the other: a column, or one cell of a table."""

    rows: list[Row]
    is_cell: bool = False


def blocks(glyphs: Sequence[Glyph], rules: Sequence[Rule], rtl: bool) -> list[list[Block]]:
    """The page's blocks in reading order; blocks of one inner list stand on one line of a table."""
    found = rows(glyphs)
    size = median(g.size for g in glyphs) if glyphs else 10.0
    return _parted(found, rules, rtl, size)


def rows(glyphs: Sequence[Glyph]) -> list[Row]:
    """Rows from top to bottom; raised and lowered small letters and marks go to the row they touch."""
    found: list[Row] = []
    for glyph in sorted((g for g in glyphs if g.text), key=lambda g: -g.y):
        near = next((r for r in reversed(found[-4:]) if abs(r.y - glyph.y) <= SAME_LINE_EM * min(glyph.size, r.glyphs[0].size)), None)
        if near:
            near.glyphs.append(glyph)
        else:
            found.append(Row(glyph.y, [glyph]))
    return _with_small_ones([r for r in found if r.ink])


def _with_small_ones(found: list[Row]) -> list[Row]:
    kept: list[Row] = []
    for place, row in enumerate(found):
        host = next((h for h in _neighbours(found, place) if _touches(row, h)), None)
        if host is None:
            kept.append(row)
        else:
            host.glyphs.extend(_raised(row, host))
    return kept


def _neighbours(found: list[Row], place: int) -> list[Row]:
    return [found[i] for i in (place + 1, place - 1, place + 2, place - 2) if 0 <= i < len(found)]


def _touches(row: Row, host: Row) -> bool:
    """Whether this is a superscript, an index or loose marks of that row."""
    size, great = max(g.size for g in row.ink), median(g.size for g in host.ink)
    apart = abs(row.y - host.y)
    marks = all(unicodedata.category(g.text[0]) == "Mn" for g in row.ink)
    if marks:
        return apart < 0.9 * great and len(host.ink) > len(row.ink)
    if apart > 0.55 * great or size > 0.85 * great or len(row.ink) > len(host.ink):
        return False
    return all(
        any(abs(g.x0 - h.x1) < 0.4 * great or abs(h.x0 - g.x1) < 0.4 * great for h in host.ink + row.ink if h is not g) for g in row.ink
    )


def _raised(row: Row, host: Row) -> list[Glyph]:
    """Digits drawn small and high keep their meaning: 10⁹ is not 109."""
    if row.y - host.y < 0.15 * median(g.size for g in host.ink):
        return row.glyphs
    return [g._replace(text=g.text.translate(_UP)) if g.text.isdecimal() or g.text in "+-−" else g for g in row.glyphs]


def _parted(found: list[Row], rules: Sequence[Rule], rtl: bool, size: float) -> list[list[Block]]:
    """Tables first; then cut at the tallest run of rows that share a gutter; above and below again."""
    if not found:
        return []
    tabular = _table_rows(found, rules, size)
    run = None if tabular else _tallest_gutter(found, size)
    if tabular:
        first, last = tabular
        inner = table(found[first:last], rules, rtl, size)
    elif run:
        first, last, gutter = run
        inner = _columns(found[first:last], gutter, rules, rtl, size)
    else:
        return [[Block(found)]]
    return [*_parted(found[:first], rules, rtl, size), *inner, *_parted(found[last:], rules, rtl, size)]


def _columns(middle: list[Row], gutter: Span, rules: Sequence[Rule], rtl: bool, size: float) -> list[list[Block]]:
    if _is_table(middle, gutter, rules):
        return table(middle, rules, rtl, size)
    left, right = _halves(middle, gutter)
    order = (right, left) if rtl else (left, right)
    return [block for side in order for block in _parted(side, rules, rtl, size)]


def _table_rows(found: list[Row], rules: Sequence[Rule], size: float) -> tuple[int, int] | None:
    """The rows of a table: between three or more rules of one width, or parted by two white strips."""
    for x0, x1, low, high in _frames(rules):
        inside = [i for i, r in enumerate(found) if low < r.y + 0.3 * size < high and r.x0 > x0 - size and r.x1 < x1 + size]
        if len(inside) > 1 and inside[-1] - inside[0] == len(inside) - 1 and len(_strips(found[inside[0] : inside[-1] + 1], size)) > 1:
            return inside[0], inside[-1] + 1
    return _many_strips(found, size)


def _frames(rules: Sequence[Rule]) -> list[tuple[float, float, float, float]]:
    """(left, right, lowest, highest) of three or more rules of one width."""
    levels: dict[int, list[float]] = {}
    for x0, x1, y in rules:
        near = next((level for level in (round(y), round(y) - 1, round(y) + 1) if level in levels), round(y))
        span = levels.setdefault(near, [x0, x1])
        span[0], span[1] = min(span[0], x0), max(span[1], x1)
    widths: dict[tuple[int, int], list[int]] = {}
    for y, (x0, x1) in levels.items():
        key = next((k for k in widths if abs(k[0] - x0) < 4 and abs(k[1] - x1) < 4), (round(x0), round(x1)))
        widths.setdefault(key, []).append(y)
    return [(k[0], k[1], min(ys), max(ys)) for k, ys in widths.items() if len(ys) > 2]


def _many_strips(found: list[Row], size: float) -> tuple[int, int] | None:
    """A run of three rows or more that two wide strips part in the same places."""
    for first in range(len(found) - 2):
        strips = _inner(_free(found[first], size), WIDE_EM * size)
        last = first + 1
        while len(strips) > 1 and last < len(found):
            common = _inner(_common(strips, _free(found[last], size), size), WIDE_EM * size)
            if len(common) < 2 or len(_inner(_free(found[last], size), WIDE_EM * size)) < 2:
                break
            strips, last = common, last + 1
        if last - first > 2 and len(strips) > 1:
            return first, last
    return None


def _inner(spans: list[Span], least: float) -> list[Span]:
    """The strips that have text on both sides."""
    return [s for s in spans if s[0] != float("-inf") and s[1] != float("inf") and s[1] - s[0] >= least]


def _free(row: Row, size: float) -> list[Span]:
    """The white strips of a row, the outer ones endless."""
    spans, reach = [], float("-inf")
    for glyph in sorted(row.ink, key=lambda g: g.x0):
        if glyph.x0 - reach >= GUTTER_EM * size:
            spans.append((reach, glyph.x0))
        reach = max(reach, glyph.x1)
    return [*spans, (reach, float("inf"))]


def _common(one: list[Span], other: list[Span], size: float) -> list[Span]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return [span for span in both if span[1] - span[0] >= GUTTER_EM * size]


def _tallest_gutter(found: list[Row], size: float) -> tuple[int, int, Span] | None:
    """(first row, one past the last, strip) of the longest run with text on both sides of a strip."""
    free = [_free(row, size) for row in found]
    best: tuple[int, int, Span] | None = None
    for first in range(len(found)):
        if best and len(found) - first <= best[1] - best[0]:
            break
        strips = free[first]
        for last in range(first + 1, len(found) + 1):
            if last > first + 1:
                strips = _common(strips, free[last - 1], size)
            inner = _inner(strips, 0)
            if not strips or (not inner and last - first > 12):
                break
            good = next((s for s in inner if _is_gutter(found[first:last], s, size)), None) if last - first >= 2 else None
            if good and (best is None or last - first > best[1] - best[0]):
                best = (first, last, good)
    return best


def _halves(found: list[Row], gutter: Span) -> tuple[list[Row], list[Row]]:
    middle = (gutter[0] + gutter[1]) / 2
    left = [Row(r.y, [g for g in r.glyphs if g.middle < middle]) for r in found]
    right = [Row(r.y, [g for g in r.glyphs if g.middle >= middle]) for r in found]
    return [r for r in left if r.ink], [r for r in right if r.ink]


def _is_gutter(found: list[Row], strip: Span, size: float) -> bool:
    """Text on both sides, in at least two rows each; bullets and numbers before items are no column."""
    left, right = _halves(found, strip)
    if min(len(left), len(right)) < 2 or (strip[1] - strip[0] < WIDE_EM * size and min(len(left), len(right)) < MANY_ROWS):
        return False
    return all(median(len(r.ink) for r in side) > 3 for side in (left, right))


def _is_table(found: list[Row], gutter: Span, rules: Sequence[Rule]) -> bool:
    """Cells are short, rarely fill their column and stand on common baselines; columns of text do the opposite."""
    sides = _halves(found, gutter)
    ys = [{round(r.y) for r in side} for side in sides]
    shared = sum(1 for y in ys[0] if ys[1] & {y - 1, y, y + 1}) / max(map(len, ys))
    if min(map(len, sides)) < 4:
        return shared > 0.7
    crossing = sum(x0 < gutter[0] and x1 > gutter[1] and found[-1].y < y < found[0].y for x0, x1, y in rules)
    short = min(median(len(r.ink) for r in side) for side in sides) < 18
    return shared > 0.6 and (min(map(_fill, sides)) < 0.7 or short or crossing > 1)


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
    free = _free(found[0], size)
    for row in found[1:]:
        free = _common(free, _free(row, size), size)
    cuts = [(a + b) / 2 for a, b in _inner(free, 0)]
    edges = [float("-inf"), *cuts, float("inf")]
    return list(itertools.pairwise(edges))


def _bands(found: list[Row], rules: Sequence[Rule]) -> list[list[Row]]:
    """The rows of text that make one row of the table: between rules, else between wider gaps."""
    left, right = min(r.x0 for r in found), max(r.x1 for r in found)
    ruled = [y for x0, x1, y in rules if min(x1, right) - max(x0, left) > 0.5 * (right - left) and found[-1].y < y < found[0].y]
    gaps = [a.y - b.y for a, b in itertools.pairwise(found)]
    wide = 1.3 * min(gaps) if gaps and max(gaps) > 1.3 * min(gaps) and min(gaps) > 0.5 * found[0].glyphs[0].size else 0.0
    bands = [[found[0]]]
    for upper, lower in itertools.pairwise(found):
        parted = any(lower.y < y < upper.y for y in ruled) if ruled else upper.y - lower.y > wide
        if parted:
            bands.append([])
        bands[-1].append(lower)
    return bands
