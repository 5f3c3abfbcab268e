"""Rows of glyphs by baseline, and the white strips between them."""

import itertools
import unicodedata
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tasks.reading.types import Glyph

GUTTER_EM = 0.55  # least width of the white strip between columns, where many rows agree on it
WIDE_EM = 1.0  # the same where few rows do
MANY_ROWS = 5
WORD_GAP_EM = 0.14  # between kerning (0.12 at most) and TeX's tightest gap (word_gaps.py)
# Of a strip's width: gaps between words, which are alike on a stretched line. Tables drawn by
# tests/reading/hard_set/grids.py, seeds 2 to 6, have 0.04 to 0.74, stretched lines 1.0.
OTHERS = 0.8
# Cells of one column begin, end or have their middles no further from each other; not measured.
IN_LINE_EM = 0.3
# Of a column's cells do, 0.62 to 1 in those tables; a stretched line's gaps lie where its words
# happen to end, which was not measured.
IN_LINE = 0.6
RAISED_EM = 0.55  # superscripts and indices stand no further from their row
LOWERED_EM = 0.3  # the same for a letter or two of the row's own size
TOUCHING = 0.4  # of the row's size, from a small letter to its neighbour
SAME_LINE_EM = 0.2  # baselines closer than this are one line
_UP = str.maketrans("0123456789+-−۰۱۲۳۴۵۶۷۸۹", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
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


def rows(glyphs: Sequence[Glyph]) -> list[Row]:
    """Rows from top to bottom; raised and lowered small letters and marks go to the row
    they touch.
    """
    found: list[Row] = []
    for glyph in sorted((g for g in glyphs if g.text), key=lambda g: -g.y):
        near = next(
            (
                r
                for r in reversed(found[-4:])
                if abs(r.y - glyph.y) <= SAME_LINE_EM * min(glyph.size, r.glyphs[0].size)
            ),
            None,
        )
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
    small, large = row.ink, host.ink
    size, great = max(g.size for g in small), median(g.size for g in large)
    apart = abs(row.y - host.y)
    marks = all(unicodedata.category(g.text[0]) == "Mn" for g in small)
    if marks:
        return apart < 0.9 * great and len(large) > len(small)
    as_large = size > 0.85 * great  # TeX's own name: its E stands 0.22 em lower
    reach = LOWERED_EM if as_large else RAISED_EM
    most = 2 if as_large and not _fills_gaps(row, host) else len(large)
    if apart > reach * great or len(small) > most:
        return False
    near = large + small
    return all(
        any(
            abs(g.x0 - h.x1) < TOUCHING * great or abs(h.x0 - g.x1) < TOUCHING * great
            for h in near
            if h is not g
        )
        for g in small
    )


def _fills_gaps(row: Row, host: Row) -> bool:
    """Whether letters of the host stand on both sides of these and none above or below them."""
    free = [g for g in row.ink if not any(h.x0 < g.middle < h.x1 for h in host.ink)]
    return len(free) == len(row.ink) and host.x0 < row.x0 and row.x1 < host.x1


def _raised(row: Row, host: Row) -> list[Glyph]:
    """Digits drawn small and high keep their meaning: 10⁹ is not 109. Those of small text that
    stands beside a title, or of words set smaller in the line, are digits.
    """
    great = median(g.size for g in host.ink)
    if row.y - host.y < 0.15 * great:
        return row.glyphs
    told: list[Glyph] = []
    for run in _runs(row.glyphs, host):
        ink = [g for g in run if g.text.strip()]
        says = any(a.text.isalpha() and b.text.isalpha() for a, b in itertools.pairwise(ink))
        touches = any(
            abs(g.x0 - h.x1) < TOUCHING * great or abs(h.x0 - g.x1) < TOUCHING * great
            for g in ink
            for h in host.ink
        )
        told += [_up(g) for g in run] if touches and not says else run
    return told


def _runs(small: Sequence[Glyph], host: Row) -> list[list[Glyph]]:
    """The small glyphs from left to right, parted where a glyph of their host stands."""
    both = [(g, False) for g in small] + [(g, True) for g in host.ink]
    ordered = sorted(both, key=lambda pair: (pair[0].x0, pair[0].turn))
    groups = itertools.groupby(ordered, key=lambda pair: pair[1])
    return [[glyph for glyph, _ in group] for is_host, group in groups if not is_host]


def _up(glyph: Glyph) -> Glyph:
    is_sign = glyph.text.isdecimal() or glyph.text in "+-−"
    return glyph._replace(text=glyph.text.translate(_UP)) if is_sign else glyph


def strips_of(row: Row, size: float) -> list[Span]:
    """The white strips of a row, the outer ones endless."""
    spans, reach = [], float("-inf")
    for glyph in sorted(row.ink, key=lambda g: g.x0):
        if glyph.x0 - reach >= GUTTER_EM * size:
            spans.append((reach, glyph.x0))
        reach = max(reach, glyph.x1)
    return [*spans, (reach, float("inf"))]


def common_strips(one: list[Span], other: list[Span], size: float) -> list[Span]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return [span for span in both if span[1] - span[0] >= GUTTER_EM * size]


def enclosed(spans: list[Span], least: float) -> list[Span]:
    """The strips that have text on both sides."""
    return [
        s for s in spans if s[0] != float("-inf") and s[1] != float("inf") and s[1] - s[0] >= least
    ]


def word_gaps(row: Row) -> list[Span]:
    """The white between the words of a row, from left to right, where they may be cells too."""
    ordered = sorted(row.ink, key=lambda g: g.x0)
    found, reach = [], ordered[0].x1
    for glyph in ordered[1:]:
        if glyph.x0 - reach > WORD_GAP_EM * glyph.size:
            found.append((reach, glyph.x0))
        reach = max(reach, glyph.x1)
    return found


def stands_out(row: Row, strips: Sequence[Span]) -> bool:
    """Whether the row's gaps at these strips are wider than all its others: a justified line that
    was stretched has the same between any two words.
    """
    own: list[float] = []
    others: list[float] = []
    for x0, x1 in word_gaps(row):
        at_strip = any(x0 < s[1] and x1 > s[0] for s in strips)
        (own if at_strip else others).append(x1 - x0)
    return not own or not others or max(others) < OTHERS * min(own)


def stand_in_line(found: Sequence[Row], strip: Span, size: float) -> bool:
    """Whether the cells beside a strip begin, end or have their middles on one line, as those of
    tables and columns do and the words of two stretched lines do not.

    The outer ends of rows tell nothing, since justified lines have them too, but for numbers:
    these are set to the right.
    """
    at = (strip[0] + strip[1]) / 2
    lines: list[list[float]] = [[], [], [], [], [], []]
    count = [0, 0]
    for row in found:
        parts = _parts(row, size)
        left, right = (
            [p for p in parts if p[-1].middle < at],
            [p for p in parts if p[0].middle > at],
        )
        for side, beside in enumerate((left[::-1], right)):
            if beside:
                x0, x1 = beside[0][0].x0, max(g.x1 for g in beside[0])
                near, far = (x0, x1) if side else (x1, x0)
                inner = len(beside) > 1 or any(g.text.isdecimal() for g in beside[0])
                count[side] += 1
                lines[3 * side].append(near)
                lines[3 * side + 1].append((x0 + x1) / 2)
                lines[3 * side + 2] += [far] if inner else []
    return any(
        _agree(places, IN_LINE_EM * size) >= max(2, IN_LINE * count[i // 3])
        for i, places in enumerate(lines)
    )


def _parts(row: Row, size: float) -> list[list[Glyph]]:
    """The glyphs of a row from left to right, parted where a strip is."""
    parts: list[list[Glyph]] = [[]]
    reach = float("inf")
    for glyph in sorted(row.ink, key=lambda g: g.x0):
        if glyph.x0 - reach >= GUTTER_EM * size:
            parts.append([])
        parts[-1].append(glyph)
        reach = glyph.x1 if reach == float("inf") else max(reach, glyph.x1)
    return parts


def _agree(places: Sequence[float], reach: float) -> int:
    """The most places that lie no further than this from one of them."""
    return max((sum(abs(a - b) <= reach for b in places) for a in places), default=0)


def halves(found: list[Row], gutter: Span) -> tuple[list[Row], list[Row]]:
    middle = (gutter[0] + gutter[1]) / 2
    left = [Row(r.y, [g for g in r.glyphs if g.middle < middle]) for r in found]
    right = [Row(r.y, [g for g in r.glyphs if g.middle >= middle]) for r in found]
    return [r for r in left if r.ink], [r for r in right if r.ink]
