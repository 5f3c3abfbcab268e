"""Drop caps: a large first letter stands on the baseline of a lower line, and belongs to the first
beside it.
"""

from collections.abc import Sequence
from statistics import median

from tasks.reading.layout.rows import Row
from tasks.reading.types import Glyph

LARGE = 1.8  # times the size of the lines beside: two lines high
CAP_HEIGHT = 0.75  # of the size, the most that capitals reach above their baseline
NEAR_EM = 1.5  # of the lines beside: their first letters stand no further off
WORD_EM = 0.25  # an A or I this far from the line may be a word of its own


def lift_drop_caps(rows: Sequence[Row]) -> list[Row]:
    """The rows, from top to bottom, with each drop cap in the row that it begins."""
    usual = median(g.size for row in rows for g in row.glyphs) if rows else 0.0
    lifted = list(rows)
    for place, row in enumerate(lifted):
        for cap in [g for g in row.glyphs if g.size >= LARGE * usual and g.text.isupper()]:
            above = [host for host in lifted[:place] if host.ink and _stands_beside(cap, host)]
            rest = [g for g in row.ink if g is not cap]
            if above and (not rest or _is_large(cap, rest)):
                row.glyphs.remove(cap)
                above[0].glyphs.append(_fitted(cap, above[0]))
    return [row for row in lifted if row.ink]


def _is_large(cap: Glyph, beside: Sequence[Glyph]) -> bool:
    return cap.size >= LARGE * median(g.size for g in beside)


def _stands_beside(cap: Glyph, host: Row) -> bool:
    """The row is within the capital's height, begins to its right and in smaller letters."""
    if not cap.y < host.y <= cap.y + CAP_HEIGHT * cap.size or not _is_large(cap, host.ink):
        return False
    size = median(g.size for g in host.ink)
    return any(-0.2 * size < g.x0 - cap.x1 < NEAR_EM * size for g in host.ink)


def _fitted(cap: Glyph, host: Row) -> Glyph:
    """The capital as a letter of the row; it touches the next one unless it may be a word."""
    first = min((g for g in host.ink if g.x0 > cap.x0), key=lambda g: g.x0)
    size = median(g.size for g in host.ink)
    is_word = cap.text in "AI" and first.x0 - cap.x1 > WORD_EM * size
    return cap._replace(y=host.y, size=size, x1=cap.x1 if is_word else first.x0)
