"""Letters as they were meant: presentation forms, ligatures read backwards, half-spaces that the
file lost.

Fonts draw Arabic letters in initial, medial, final and isolated forms. A final form inside a word,
before an initial one,
tells of a half-space even where the file holds none; which of a font's glyphs are final is learnt
from the whole book.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.language import persian
from tasks.language import text as words_of
from tasks.reading.layout.bidi import decided
from tasks.reading.layout.glyph_clusters import (
    LOST_MARK,
    MARK_PLACES,
    UNKNOWN,
    ZWNJ,
    Cell,
    form,
    is_lost_mark,
)
from tasks.reading.layout.word_gaps import joins_on
from tasks.reading.types import Glyph

PLACE = 0xF0000  # private characters: "perhaps a half-space", numbered by pair of glyphs
_PLACES = re.compile("[\U000f0000-\U000ffffd]")
# In the place of a letter that the file does not name, until the book names it: mathematical
# letters, which no text holds and which run from right to left and join on both sides.
LETTER_PLACES = "".join(c for c in map(chr, range(0x1EE00, 0x1EEF2)) if joins_on(c))
_ARABIC_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")
_FORMS = re.compile("[\ufb1d-\ufdff\ufe70-\ufefc]+")
_SIGNS = str.maketrans(
    {
        0xF0B7: "•",
        0xF0A7: "▪",
        0xF0A8: "▪",
        0xF076: "❖",
        0xF0D8: "➤",
        0xF0FC: "✓",
        0xF02D: "-",
        0xF06F: "○",
        0xF0B0: "°",
        0xF0B1: "±",
        0xF0B4: "×",
        0xF0A3: "≤",
        0xF0B3: "≥",
        0xF061: "α",
        0xF062: "β",
        0xF06D: "µ",
    }
)  # what Symbol and Wingdings draw there
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ue000-\uf8ff\ufffe\uffff]")
_SWAPPED = re.compile(
    "[\u6100\u6200\u6300\u6400\u6500\u6600\u6700\u6800\u6900\u6a00\u6b00\u6c00\u6d00\u6e00"
    "\u6f00\u7000\u7100\u7200\u7300\u7400]+"
)  # a to t with their bytes exchanged: Ghostscript 10 writes fi, fl so
# of its occurrences, at a word's end (or start), for a glyph to be a final (or initial) form
LEAST_SHARE = 0.1
MOST_HALVES = 0.35  # of a font's junctions: more means that its glyphs tell nothing


class Tally(NamedTuple):
    """How often a glyph stood at a word's end, before a joined letter, at a (joined run's) start,
    after a joined letter.
    """

    ends: int = 0
    before: int = 0
    starts: int = 0
    after: int = 0

    def plus(self, other: Sequence[int]) -> "Tally":
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def is_final(self) -> bool:
        return self.ends > LEAST_SHARE * (self.ends + self.before)

    @property
    def is_initial(self) -> bool:
        return self.starts > LEAST_SHARE * (self.starts + self.after)


def unfolded(text: str) -> str:
    """Presentation forms as plain letters, lam-alef in its right order, no control characters.

    NFKC only here: on the whole text it would turn 10⁹/L into 109/L.
    """
    text = _FORMS.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text).translate(_SIGNS)
    text = _SWAPPED.sub(lambda m: "".join(chr(ord(c) >> 8) for c in m[0]), text)
    return _CONTROLS.sub("", text)


def finished(text: str, language: str) -> str:
    """The last step before the normal form: marks that a font drew and did not name."""
    if language == "fa":
        text = text.replace(f"ه{LOST_MARK}", f"ه{persian.HAMZA_ABOVE}")
    return unfolded(text).replace(LOST_MARK, "")


def ligature(text: str) -> str:
    """One glyph's text in reading order: no font joins an alef to the lam after it, so «ال» in one
    glyph is «لا».
    """
    if len(text) == 2 and text[0] in "اآأإٱ" and text[1] == "ل":
        return text[::-1]
    return text


def same_digits(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Persian digits, in fonts that name some of theirs as Arabic ones, which are read the other
    way round in a number: «۲۰۰۴» of ٢, ٠ and ۴ would be «۴۲۰۰».
    """
    digits = [g for g in glyphs if g.text.isdecimal() and not g.text.isascii()]
    persian_ones = {g.font for g in digits if g.text.translate(_ARABIC_DIGITS) == g.text}
    mixed = persian_ones & {g.font for g in digits if g.text.translate(_ARABIC_DIGITS) != g.text}
    if not mixed:
        return list(glyphs)
    return [
        g._replace(text=g.text.translate(_ARABIC_DIGITS)) if g.font in mixed else g for g in glyphs
    ]


def is_letter(text: str) -> bool:
    """A letter of a right-to-left script (the Arabic semicolon is not)."""
    return bool(text) and text[0].isalpha() and unicodedata.bidirectional(text[0]) in ("AL", "R")


class Forms:
    """Collects, page by page, what tells final from initial glyphs, and marks the places in
    question.
    """

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], int] = {}
        self.tallies: dict[str, Tally] = {}
        self.unnamed: dict[str, str] = {}  # glyph: what stands in its letter's (or mark's) place
        self._places = {False: iter(LETTER_PLACES), True: iter(MARK_PLACES)}

    def number_unnamed(self, glyphs: Sequence[Glyph]) -> list[Glyph]:
        """Glyphs without a letter, in fonts that name others of a right-to-left script, told apart
        for the book to name them.
        """
        fonts = {g.font for g in glyphs if is_letter(g.text)}
        return [
            g._replace(text=self._place_of(g)) if g.text == UNKNOWN and g.font in fonts else g
            for g in glyphs
        ]

    def _place_of(self, glyph: Glyph) -> str:
        key = f"{glyph.font}#{glyph.code}"
        if key not in self.unnamed:
            place = next(self._places[is_lost_mark(glyph)], "")
            if not place:  # too many of them: a font that names nothing
                return UNKNOWN
            self.unnamed[key] = place
        return self.unnamed[key]

    def mark(self, cells: list[Cell]) -> list[Cell]:
        """The cells of a line (left to right) with a private character wherever a half-space may be
        hidden.
        """
        marked = list(cells)
        for place in range(len(cells) - 1, -1, -1):
            first, follower = cells[place], cells[place - 1] if place else None
            if not is_letter(first.text):
                continue
            touching = (
                follower
                if follower is not None and follower.gap == "" and is_letter(follower.text)
                else None
            )
            joining = joins_on(first.text)
            self._count(
                first, touching, joining, cells[place + 1] if place + 1 < len(cells) else None
            )
            if touching and joining:
                marked[place - 1] = touching._replace(gap=self._place(first, touching))
        return marked

    def _count(self, cell: Cell, follower: Cell | None, joining: bool, before: Cell | None) -> None:
        joined = (
            before is not None
            and cell.gap == ""
            and is_letter(before.text)
            and joins_on(before.text)
        )
        tally = Tally(
            int(follower is None),
            int(follower is not None and joining),
            int(not joined),
            int(joined),
        )
        key = glyph_key(cell)
        self.tallies[key] = self.tallies.get(key, Tally()).plus(tally)

    def _place(self, first: Cell, follower: Cell) -> str:
        told = form(first.text), form(follower.text)
        if all(told):
            return (
                ZWNJ
                if told[0] in ("final", "isolated") and told[1] in ("initial", "isolated")
                else ""
            )
        pair = glyph_key(first), glyph_key(follower)
        return chr(PLACE + self.pairs.setdefault(pair, len(self.pairs)))


def glyph_key(cell: Cell) -> str:
    return f"{cell.glyph.font}#{cell.glyph.code}"


def half_spaces(
    pairs: Iterable[tuple[str, str]], tallies: dict[str, Tally]
) -> set[tuple[str, str]]:
    """The pairs of glyphs that a half-space stands between."""
    nothing = Tally()
    return {
        (a, b)
        for a, b in pairs
        if tallies.get(a, nothing).is_final and tallies.get(b, nothing).is_initial
    }


def places(text: str) -> list[int]:
    """The numbers of the pairs in question, one for each place."""
    return [ord(mark) - PLACE for mark in _PLACES.findall(text)]


def settled(text: str, pairs: Sequence[tuple[str, str]], half: set[tuple[str, str]]) -> str:
    """The text with every place in question decided."""
    return _PLACES.sub(lambda m: ZWNJ if tuple(pairs[ord(m[0]) - PLACE]) in half else "", text)


def bare(text: str) -> str:
    """The text without places in question."""
    return decided(_PLACES.sub("", text), "")


def telling_fonts(pairs: dict[tuple[str, str], int], half: set[tuple[str, str]]) -> set[str]:
    """Fonts whose glyphs do differ by form: half-spaces are the exception among their junctions."""
    seen: dict[str, list[int]] = {}
    for pair, count in pairs.items():
        font = seen.setdefault(pair[0].rpartition("#")[0], [0, 0])
        font[0] += count
        font[1] += count * (pair in half)
    return {font for font, (junctions, halves) in seen.items() if halves <= MOST_HALVES * junctions}


def is_arabic_language(text: str) -> bool:
    """Arabic, not Persian, Urdu or Kurdish: many words begin with the article."""
    tokens = [w for w in words_of.split_words(text) if len(w) > 2]
    return len(tokens) >= 20 and sum(
        w.startswith(("ال", "وال", "بال", "لل")) for w in tokens
    ) > 0.12 * len(tokens)
