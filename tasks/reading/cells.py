"""Glyphs of one line become cells: bases with their marks, and what lies between neighbours."""

import itertools
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from tasks.reading.shapes import Glyph

ZWNJ = "\u200c"
UNKNOWN = "\ufffd"  # a glyph that the file gives no letter for
LOST_MARK = "\ufdd0"  # a mark that the file gives no letter for; not a character of any text
HALF_SPACE_EM = 0.05  # a space whose neighbours stand closer than this was drawn for a half-space
SPACE_EM = 0.17  # a wider gap is a space, where the file draws no space glyphs
LOOSE_EM = 0.45  # the same where it draws them: only what no kerning explains
TAB_EM = 1.0  # a gap as wide as this may part columns or cells


class Cell(NamedTuple):
    """A base with its marks, and the gap to its right neighbour on the page."""

    text: str
    kind: str  # R: right-to-left letter, L: left-to-right letter, N: number, A: Arabic-Indic number, O: other
    glyph: Glyph
    gap: str  # what stands between this cell and the next to the right: "", " " or a half-space
    room: float  # width of that gap in em


def kind_of(text: str) -> str:
    """The class of a cell, by its first telling character (after Unicode's bidi classes)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            return "R"
        if kind == "L":
            return "L"
        if kind in ("EN", "AN") and char != "\u066b" and char != "\u066c":
            return "A" if kind == "AN" else "N"
    return "O"


def form(char: str) -> str:
    """initial, medial, final, isolated, or nothing, by the character itself."""
    kind = unicodedata.decomposition(char[:1]).partition(">")[0]
    return kind[1:] if kind in ("<initial", "<medial", "<final", "<isolated") else ""


def is_mark(text: str) -> bool:
    return bool(text) and all(unicodedata.category(c) in ("Mn", "Me") for c in text)


class Habits(NamedTuple):
    """How a page's program parts words."""

    spaced: bool  # by space glyphs (nearly all do; TeX does not)
    names_halves: bool  # half-spaces are called so: then a tight space is a tight space


def habits(glyphs: Sequence[Glyph]) -> Habits:
    """Told by the whole page."""
    wide = sum(1 for g in glyphs if g.text.isspace() and g.x1 - g.x0 > 0.1 * g.size)
    return Habits(wide > 0.07 * len(glyphs), any(g.text == ZWNJ for g in glyphs))


def cells(glyphs: Sequence[Glyph], habit: Habits) -> list[Cell]:
    """The cells of a line from left to right."""
    blanks = sorted(g.x0 for g in glyphs if g.text.isspace())  # half-spaces are drawn over their neighbour, from the border on
    halves = sorted(g.x0 for g in glyphs if g.text == ZWNJ)
    bases = sorted((g for g in glyphs if _stands(g)), key=lambda g: (g.middle, g.x0))
    bases = _without_doubles(bases)
    told = _with_marks(bases, [g for g in glyphs if is_mark(g.text) or _is_lost_mark(g)])
    found = []
    for place, (base, text) in enumerate(zip(bases, told, strict=True)):
        follower = bases[place + 1] if place + 1 < len(bases) else None
        gap, room = _between(base, follower, blanks, halves, habit) if follower else ("", 0.0)
        found.append(Cell(text, kind_of(text), base, gap, room))
    return found


def _stands(glyph: Glyph) -> bool:
    return bool(glyph.text) and not glyph.text.isspace() and glyph.text != ZWNJ and not is_mark(glyph.text) and not _is_lost_mark(glyph)


def _is_lost_mark(glyph: Glyph) -> bool:
    """A glyph without width that the file gives no letter for: a mark of a font's own drawing."""
    return glyph.text == UNKNOWN and glyph.x1 - glyph.x0 < 0.01 * glyph.size


def without_stretches(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Without the strokes that lengthen words to fill a line: tatweel, or a nameless glyph drawn over itself."""
    nameless: dict[tuple[str, int], list[Glyph]] = {}
    for glyph in glyphs:
        if glyph.text == UNKNOWN and not _is_lost_mark(glyph):
            nameless.setdefault((glyph.font, glyph.code), []).append(glyph)
    strokes = {key for key, found in nameless.items() if _overlap(found)}
    kept: list[Glyph] = []
    dropped: list[Glyph] = []
    for glyph in glyphs:
        stroke = glyph.text == "\u0640" or (glyph.text == UNKNOWN and (glyph.font, glyph.code) in strokes)
        (dropped if stroke else kept).append(glyph)
    by_line: dict[int, list[Glyph]] = {}
    for drawn in dropped:
        by_line.setdefault(round(drawn.y), []).append(drawn)
    return [_stretched(g, by_line.get(round(g.y), [])) for g in kept] if dropped else kept


def _overlap(found: list[Glyph]) -> bool:
    """Whether one of them lies over another of the same kind."""
    ordered = sorted(found, key=lambda g: g.x0)
    return any(b.x0 - a.x0 < 0.9 * (a.x1 - a.x0) for a, b in itertools.pairwise(ordered) if abs(a.y - b.y) < 0.1)


def _stretched(glyph: Glyph, strokes: list[Glyph]) -> Glyph:
    """The letter that a stroke lengthens reaches as far as the stroke."""
    if not strokes:
        return glyph
    left = glyph.x0
    for stroke in sorted(strokes, key=lambda g: -g.x1):
        if kind_of(glyph.text) == "R" and stroke.x0 < left <= stroke.x1 + 0.05 * glyph.size:
            left = stroke.x0
    return glyph._replace(x0=left)


def _without_doubles(bases: list[Glyph]) -> list[Glyph]:
    """Bold or shadow made by drawing the same text twice, slightly moved."""
    kept: list[Glyph] = []
    for glyph in bases:
        if not any(_is_double(glyph, other) for other in kept[-3:]):
            kept.append(glyph)
    return kept


def _is_double(glyph: Glyph, other: Glyph) -> bool:
    near = abs(glyph.x0 - other.x0) < min(0.12 * glyph.size, 0.5 * max(0.01, glyph.x1 - glyph.x0))
    return near and glyph.text == other.text and abs(glyph.y - other.y) < 0.12 * glyph.size


def _with_marks(bases: list[Glyph], marks: list[Glyph]) -> list[str]:
    told = [base.text for base in bases]
    middles = [base.middle for base in bases]
    for mark in marks:
        near = bisect_left(middles, mark.middle)
        around = [i for i in (near - 1, near) if 0 <= i < len(bases)]
        if around:
            best = min(around, key=lambda i: (abs(bases[i].turn - mark.turn) > 1, abs(middles[i] - mark.middle)))
            told[best] += LOST_MARK if mark.text == UNKNOWN else mark.text
    return told


def _between(left: Glyph, right: Glyph, blanks: list[float], halves: list[float], habit: Habits) -> tuple[str, float]:
    em = max(left.size, right.size)
    room = (right.x0 - left.x1) / em
    low, high = left.middle, right.middle
    if _any_in(halves, low, high) and room < 0.3:
        return ZWNJ, room
    if _any_in(blanks, low, high):
        both = kind_of(left.text) == kind_of(right.text) == "R" and left.text[0].isalpha() and right.text[0].isalpha()
        return (ZWNJ if both and room < HALF_SPACE_EM and not habit.names_halves else " "), room
    return (" " if room > (LOOSE_EM if habit.spaced else SPACE_EM) else ""), room


def _any_in(places: list[float], low: float, high: float) -> bool:
    first = bisect_left(places, low)
    return first < len(places) and places[first] <= high
