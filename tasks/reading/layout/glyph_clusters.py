"""Glyphs of one line become cells: bases with their marks, and what lies between neighbours."""

import itertools
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.reading.layout.word_gaps import WordGaps, learn_gaps, room_between
from tasks.reading.types import Glyph

ZWNJ = "\u200c"
UNKNOWN = "\ufffd"  # a glyph that the file gives no letter for
LOST_MARK = "\ufdd0"  # a mark that the file gives no letter for; not a character of any text
MARK_PLACES = "".join(map(chr, range(0x10F000, 0x10F100)))  # such marks, until the book names them
HALF_SPACE_EM = 0.05  # a space whose neighbours stand closer than this was drawn for a half-space
LOOSE_EM = 0.25  # a wider gap is a space where the file draws spaces: only what no kerning explains
AT_BORDER_EM = 0.02  # of a letter, where a space begins
MOST_MARKS = 3  # on one letter
ONE_STROKE = 8  # glyphs drawn between two neighbours of one word, its marks counted
WITHIN = frozenset("-‐–—/.,:;'’\"()[]{}|،؛٫٬_+*=" + ZWNJ)  # signs that do stand between letters
BULLETS = frozenset("•●○◦▪■□◆❖➢➤►▸⁃")
SPOKEN = 12  # letters of a line that must hold a space


class Cell(NamedTuple):
    """A base with its marks, and the gap to its right neighbour on the page."""

    text: str
    # R: right-to-left letter, L: left-to-right letter, N: number, A: Arabic-Indic number, O: other
    kind: str
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


def habits(glyphs: Sequence[Glyph]) -> WordGaps:
    """Told by the whole page."""
    wide = sum(1 for g in glyphs if g.text.isspace() and g.x1 - g.x0 > 0.1 * g.size)
    named = frozenset(g.font for g in glyphs if g.text == ZWNJ)
    return learn_gaps([g for g in glyphs if g.text != ZWNJ], named, wide > 0.07 * len(glyphs))


def cells(glyphs: Sequence[Glyph], habit: WordGaps) -> list[Cell]:
    """The cells of a line from left to right."""
    spaces = [g for g in glyphs if g.text.isspace()]
    halves = sorted(g.x0 for g in glyphs if g.text == ZWNJ)
    glyphs = [_bare_mark(g) for g in glyphs]
    bases = sorted((g for g in glyphs if _stands(g)), key=lambda g: (g.middle, g.x0))
    bases = _without_doubles(bases)
    blanks = sorted(_borders(spaces, bases))
    if (
        not blanks and len(bases) > SPOKEN
    ):  # some programs draw spaces on one line and jump over them on the next
        habit = habit._replace(spaced=False)
    told = _with_marks(bases, [g for g in glyphs if is_mark(g.text) or is_lost_mark(g)])
    rooms = [
        room_between(a, b)
        for a, b in itertools.pairwise(bases)
        if not _any_in(blanks, a.middle, b.middle)
    ]
    least = habit.least_on(rooms) if not habit.spaced else habit.least
    found = []
    for place, (base, text) in enumerate(zip(bases, told, strict=True)):
        follower = bases[place + 1] if place + 1 < len(bases) else None
        gap, room = (
            _between(base, follower, blanks, halves, habit, least) if follower else ("", 0.0)
        )
        found.append(Cell(text, kind_of(text), base, gap, room))
    return found


def _borders(spaces: Sequence[Glyph], bases: Sequence[Glyph]) -> Iterator[float]:
    """Where each space stands. Half-spaces are drawn over a neighbour: from the border on, or
    (LuaTeX, from right to left) up to it, where the letter drawn before begins.
    """
    drawn = {base.turn: base for base in bases}
    for space in spaces:
        before = drawn.get(space.turn - 1)
        up_to = before is not None and abs(before.x0 - space.x1) < AT_BORDER_EM * space.size
        yield space.x1 if up_to else space.x0


def _bare_mark(glyph: Glyph) -> Glyph:
    """A mark's glyph that the file gives its whole cluster's text for, the base a second time."""
    wide = glyph.x1 - glyph.x0 > 0.01 * glyph.size
    whole = len(glyph.text) > 1 and not is_mark(glyph.text[0]) and is_mark(glyph.text[1:])
    return glyph._replace(text=glyph.text[1:]) if whole and not wide else glyph


def _stands(glyph: Glyph) -> bool:
    return (
        bool(glyph.text)
        and not glyph.text.isspace()
        and glyph.text != ZWNJ
        and not is_mark(glyph.text)
        and not is_lost_mark(glyph)
    )


def is_lost_mark(glyph: Glyph) -> bool:
    """A glyph without width that the file gives no letter for: a mark of a font's own drawing."""
    unnamed = glyph.text == UNKNOWN or (glyph.text != "" and glyph.text in MARK_PLACES)
    return unnamed and glyph.x1 - glyph.x0 < 0.01 * glyph.size


def without_stretches(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Without the strokes that lengthen words to fill a line: tatweel, a nameless glyph drawn over
    itself, or a misnamed one.
    """
    nameless: dict[tuple[str, int], list[Glyph]] = {}
    for glyph in glyphs:
        if glyph.text == UNKNOWN and not is_lost_mark(glyph):
            nameless.setdefault((glyph.font, glyph.code), []).append(glyph)
    strokes = {key for key, found in nameless.items() if _overlap(found)} | _misnamed(glyphs)
    kept: list[Glyph] = []
    dropped: list[Glyph] = []
    for glyph in glyphs:
        stroke = glyph.text in ("", "\u0640") or (glyph.font, glyph.code) in strokes
        (dropped if stroke else kept).append(glyph)
    by_line: dict[int, list[Glyph]] = {}
    for drawn in dropped:
        by_line.setdefault(round(drawn.y), []).append(drawn)
    return [_stretched(g, by_line.get(round(g.y), [])) for g in kept] if dropped else kept


def _misnamed(glyphs: Sequence[Glyph]) -> set[tuple[str, int]]:
    """Strokes that the file calls a digit or a sign (LibreOffice 7 does): they only ever stand
    inside words.
    """
    ordered = sorted(
        (g for g in glyphs if g.text and not is_mark(g.text)), key=lambda g: (-round(g.y), g.x0)
    )
    inside: dict[tuple[str, int], list[bool]] = {}
    for place, glyph in enumerate(ordered):
        if (
            len(glyph.text) == 1
            and glyph.text not in WITHIN
            and glyph.text != UNKNOWN
            and not glyph.text.isspace()
            and kind_of(glyph.text) != "R"
        ):
            inside.setdefault((glyph.font, glyph.code), []).append(_within_word(ordered, place))
    return {key for key, found in inside.items() if len(found) > 1 and all(found)}


def _within_word(ordered: Sequence[Glyph], place: int) -> bool:
    """Letters of a right-to-left script touch it on both sides, further strokes of its kind
    aside.
    """
    ends = []
    for step in (-1, 1):
        at = place
        while 0 <= at + step < len(ordered) and _touch(ordered[at], ordered[at + step]):
            at += step
            if (ordered[at].font, ordered[at].code) != (ordered[place].font, ordered[place].code):
                ends.append(kind_of(ordered[at].text) == "R" and ordered[at].text[0].isalpha())
                break
    return len(ends) == 2 and all(ends)


def _touch(one: Glyph, other: Glyph) -> bool:
    apart = max(one.x0, other.x0) - min(one.x1, other.x1)
    return abs(one.y - other.y) < 0.1 * one.size and apart < 0.05 * one.size


def _overlap(found: list[Glyph]) -> bool:
    """Whether one of them lies over another of the same kind."""
    ordered = sorted(found, key=lambda g: g.x0)
    return any(
        b.x0 - a.x0 < 0.9 * (a.x1 - a.x0)
        for a, b in itertools.pairwise(ordered)
        if abs(a.y - b.y) < 0.1
    )


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
    repeated = len(glyph.text) > 1 and is_mark(glyph.text[-1]) and abs(glyph.turn - other.turn) == 1
    return (
        (near or repeated)
        and glyph.text == other.text
        and abs(glyph.y - other.y) < 0.12 * glyph.size
    )


def _with_marks(bases: list[Glyph], marks: list[Glyph]) -> list[str]:
    """Every mark goes to the base that it was drawn with, or else to the nearest."""
    told = [base.text for base in bases]
    middles = [base.middle for base in bases]
    by_turn = sorted(range(len(bases)), key=lambda i: bases[i].turn)
    turns = [bases[i].turn for i in by_turn]
    step = 0 if _drawn_from_left(bases) else -1
    for mark in sorted(marks, key=lambda m: (round(m.y), m.turn)):
        own = bisect_left(turns, mark.turn) + step
        drawn = by_turn[own] if 0 <= own < len(by_turn) else None
        near = bisect_left(middles, mark.middle)
        around = [i for i in (near - 1, near) if 0 <= i < len(bases)]
        if (
            drawn is not None
            and _may_carry(bases[drawn], mark)
            and not _after_the_last(bases, by_turn, turns, mark)
        ):
            around = [drawn]
        if around:
            best = min(around, key=lambda i: abs(middles[i] - mark.middle))
            text = LOST_MARK if mark.text == UNKNOWN else mark.text
            told[best] += "" if len(told[best]) > 1 and told[best].endswith(text) else text
    return told


def _drawn_from_left(bases: list[Glyph]) -> bool:
    """Whether right-to-left letters were drawn from left to right, as shapers hand them over: then
    a mark comes before its base.
    """
    turned = [
        (a.turn, b.turn)
        for a, b in itertools.pairwise(bases)
        if kind_of(a.text) == kind_of(b.text) == "R"
    ]
    return sum(a < b for a, b in turned) * 2 > len(turned)


def _after_the_last(bases: list[Glyph], by_turn: list[int], turns: list[int], mark: Glyph) -> bool:
    """Whether it stands just where the last letter ended: put there by its own width, by a program
    that shapes nothing (and so draws no marks of a font's own).
    """
    own = bisect_left(turns, mark.turn) - 1
    return (
        not is_lost_mark(mark)
        and own >= 0
        and abs(bases[by_turn[own]].x1 - mark.x0) < 0.01 * mark.size
    )


def _may_carry(base: Glyph, mark: Glyph) -> bool:
    reach = 0.35 * base.size
    return (
        kind_of(base.text) == "R"
        and abs(base.turn - mark.turn) <= MOST_MARKS
        and base.x0 - reach < mark.middle < base.x1 + reach
    )


def _between(
    left: Glyph,
    right: Glyph,
    blanks: list[float],
    halves: list[float],
    habit: WordGaps,
    least: float,
) -> tuple[str, float]:
    room = room_between(left, right)
    low, high = left.middle, right.middle
    if _any_in(halves, low, high) and room < 0.3:
        return ZWNJ, room
    apart = (
        abs(left.turn - right.turn) > ONE_STROKE
    )  # drawn at different times: two cells, two runs
    if _any_in(blanks, low, high):
        both = (
            kind_of(left.text) == kind_of(right.text) == "R"
            and left.text[0].isalpha()
            and right.text[0].isalpha()
        )
        return (
            ZWNJ
            if both and room < HALF_SPACE_EM and left.font not in habit.names_halves and not apart
            else " "
        ), room
    if left.text in BULLETS or right.text in BULLETS:
        return " ", room
    if habit.spaced and not apart:
        return (" " if room > LOOSE_EM else ""), room
    return (" " if habit.parts_words(left, right, least) else ""), room


def _any_in(places: list[float], low: float, high: float) -> bool:
    first = bisect_left(places, low)
    return first < len(places) and places[first] <= high
