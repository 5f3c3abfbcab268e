"""Rows of left-to-right letters alone: most rows of most books, read without clusters and
directions.
"""

import itertools
from bisect import bisect_left

from tasks.reading.layout.glyph_clusters import LOOSE_EM, Cell, is_mark
from tasks.reading.layout.rows import Row
from tasks.reading.layout.word_gaps import WordGaps
from tasks.reading.types import Glyph

LAST_PLAIN = "\u02ff"  # Latin and its modifiers; combining marks begin after
PUNCTUATION = ("\u2010", "\u2044")  # dashes, quotes, dots, daggers, signs


def is_plain(row: Row) -> bool:
    """Whether every glyph is a Latin letter, a digit or a common sign."""
    return all(
        char <= LAST_PLAIN or PUNCTUATION[0] <= char <= PUNCTUATION[1] or char in "•−≤≥ﬁﬂﬀﬃﬄ"
        for glyph in row.glyphs
        for char in glyph.text
    )


def read_row(row: Row, gaps: WordGaps) -> Cell:
    """The whole row as one left-to-right cell."""
    drawn = sorted(row.glyphs, key=lambda g: (g.x0, g.turn))
    ink = _without_doubles([g for g in drawn if g.text.strip() and not is_mark(g.text)])
    blanks = [g.x0 for g in drawn if g.text.isspace()]
    rooms = [(b.x0 - a.x1) / max(a.size, b.size) for a, b in itertools.pairwise(ink)]
    held = [_holds(blanks, a, b) for a, b in itertools.pairwise(ink)]
    spaced = gaps.spaced and bool(blanks)
    inner = [room for room, blank in zip(rooms, held, strict=True) if not blank]
    least = LOOSE_EM if spaced else gaps.least_on(inner)
    parts = [ink[0].text]
    for glyph, room, blank in zip(ink[1:], rooms, held, strict=True):
        parts.append(f" {glyph.text}" if blank or room > least else glyph.text)
    return Cell("".join(parts), "L", ink[0], "", 0.0)


def _holds(blanks: list[float], left: Glyph, right: Glyph) -> bool:
    """A space glyph begins between the middles of two neighbours."""
    at = bisect_left(blanks, left.middle)
    return at < len(blanks) and blanks[at] <= right.middle


def _without_doubles(ink: list[Glyph]) -> list[Glyph]:
    """Bold or shadow made by drawing the same text twice, slightly moved."""
    kept: list[Glyph] = []
    for glyph in ink:
        if not any(_is_double(glyph, other) for other in kept[-2:]):
            kept.append(glyph)
    return kept


def _is_double(glyph: Glyph, other: Glyph) -> bool:
    near = min(0.12 * glyph.size, 0.5 * max(0.01, glyph.x1 - glyph.x0))
    return glyph.text == other.text and abs(glyph.x0 - other.x0) < near
