"""Gaps between words, learnt from the lines: where a file draws no spaces, distance alone parts
words.

TeX sets one gap for all words of a line, from 0.16 em (shrunk) to 0.5 em (stretched); within words
there is none but kerning, up to 0.12 em (Amiri, after reh). No fixed distance parts the two on
every page, but on one line they are two groups.
"""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from statistics import mean, median
from typing import NamedTuple

from tasks.reading.types import Glyph

UNLEARNT_EM = (
    0.11  # the middle of kerning (0.08 at most in text fonts) and TeX's tightest gap (0.159)
)
WORDS_SHARE = (
    0.05,
    0.45,
)  # of a text's gaps part words: its words have 2 to 20 letters in the mean
LEAST_GAPS = 12  # fewer do not show two groups
TWO_GROUPS = (
    0.8  # of the variance lies between the groups; a single group split in two gives 0.64 to 0.75
)
LEAST_STEP_EM = 0.08  # from the one group's mean to the other's; kerning alone gives less
# The same inside the lower group: TeX's tightest gap, where a bullet or colon stands further off.
FINER_STEP_EM = 0.14
KERNED_EM = 0.135  # between the widest kerning seen (Amiri 0.12) and TeX's tightest gap (0.15)
KERNED_SHARE = 0.8  # of a line's usual gap: what is closer is kerning, 0.12 beside 0.159
LEAST_WORDS = 3  # gaps between words of a line that tells something of its page
WIDE_EM = 0.5  # wider gaps count as this: columns and tabs tell nothing of words
COLUMN_EM = 1.0  # still wider ones count for nothing
NOT_JOINING = frozenset("اآأإٱدذرزژوؤةءۀەڈڑ")  # nothing joins to the letter that follows these
TOUCHING_EM = (
    0.06  # joined letters overlap or touch; a wider gap after a joining letter parts words
)
DOUBLED_EM = -0.3  # closer ones are a letter and its double: text drawn twice, bold or shadow
NO_WIDTH_EM = 0.01  # marks have none


class Parted(NamedTuple):
    """Two groups of gaps, in em."""

    least: float  # a wider gap parts words
    within: list[float]
    between: list[float]


class WordGaps(NamedTuple):
    """How a page's program parts words."""

    spaced: bool  # by space glyphs (nearly all do; TeX does not)
    names_halves: frozenset[
        str
    ]  # fonts that name half-spaces: there a tight space is a tight space
    least: float = UNLEARNT_EM  # em: a wider gap parts words, where no space glyph does
    usual: float = 0.25  # em: the usual gap between words
    learnt: bool = False
    kerns: bool = True  # letters of one word stand apart somewhere on the page

    def parts_words(self, left: Glyph, right: Glyph, least: float) -> bool:
        """Whether the gap between two neighbours, without a space glyph, stands for one."""
        room = room_between(left, right)
        if room > TOUCHING_EM and joins_on(right.text) and left.text[:1].isalpha():
            return True
        return room > least

    def least_on(self, rooms: Sequence[float]) -> float:
        """The same for one line; `rooms` are its gaps in em, those that hold a space glyph left
        out.
        """
        parted = part_gaps(rooms)
        if parted and not self._is_lone(parted):
            usual = parted.between if len(parted.between) >= LEAST_WORDS else [self.usual]
            return max(parted.least, self._kerning(median(usual)))
        inner = [room for room in rooms if room < COLUMN_EM]
        wider = sum(room > self.least for room in inner)
        set_apart = len(inner) >= LEAST_GAPS // 2 and wider > WORDS_SHARE[1] * len(inner)
        kerned = self._kerning(self.usual) if self.learnt else 0.0
        return max(inner) if set_apart and max(inner) < self.usual else max(self.least, kerned)

    def _is_lone(self, parted: Parted) -> bool:
        """A bullet's or colon's wide gap beside what parts words elsewhere on the page."""
        least = max(self.least, self._kerning(self.usual))
        return self.learnt and len(parted.between) < LEAST_WORDS and parted.within[-1] > least

    def _kerning(self, usual: float) -> float:
        """As far as letters of one word may stand apart."""
        return min(KERNED_EM, KERNED_SHARE * usual) if self.kerns else 0.0


def learn_gaps(glyphs: Sequence[Glyph], names_halves: frozenset[str], spaced: bool) -> WordGaps:
    """Learnt from the page's lines; on a page that draws spaces, from the lines that draw none."""
    lines = [rooms for line in _lines(glyphs) if (rooms := list(_rooms(line, spaced)))]
    parted = [found for rooms in lines if (found := _part_line(rooms))]
    if not parted and (whole := part_gaps([room for rooms in lines for room in rooms])):
        parted = [whole]
    within = sorted(room for found in parted for room in found.within)
    between = sorted(room for found in parted for room in found.between)
    if not between:
        return WordGaps(spaced, names_halves)
    widest, tightest = within[int(0.99 * (len(within) - 1))], between[len(between) // 100]
    middle = (widest + tightest) / 2
    kerns = within[-1] > TOUCHING_EM
    return WordGaps(spaced, names_halves, middle, between[len(between) // 2], True, kerns)


def _part_line(rooms: Sequence[float]) -> Parted | None:
    """The line's two groups, where it has words enough to tell of its page."""
    parted = part_gaps(rooms)
    return parted if parted and len(parted.between) >= LEAST_WORDS else None


def part_gaps(rooms: Sequence[float]) -> Parted | None:
    """The gaps within and between words, parted where they vary least about two means (Otsu); None
    for one group.
    """
    ordered = sorted(min(room, WIDE_EM) for room in rooms if room < COLUMN_EM)
    count, total = len(ordered), sum(ordered)
    if count < LEAST_GAPS:
        return None
    centre = total / count
    spread = sum((room - centre) ** 2 for room in ordered)
    lower, best, at = 0.0, 0.0, 0
    for i in range(1, count):
        lower += ordered[i - 1]
        if (
            not WORDS_SHARE[0] * count <= count - i <= WORDS_SHARE[1] * count
            or ordered[i] == ordered[i - 1]
        ):
            continue
        step = (total - lower) / (count - i) - lower / i
        score = i * (count - i) / count * step * step
        if score > best and step >= LEAST_STEP_EM:
            best, at = score, i
    if best < TWO_GROUPS * spread or not at:
        return None
    finer = part_gaps(ordered[:at])
    if finer and mean(finer.between) - mean(finer.within) >= FINER_STEP_EM:
        return finer._replace(between=finer.between + ordered[at:])
    return Parted((ordered[at - 1] + ordered[at]) / 2, ordered[:at], ordered[at:])


def _lines(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    by_height: dict[int, list[Glyph]] = {}
    for glyph in glyphs:
        by_height.setdefault(round(glyph.y), []).append(glyph)
    return list(by_height.values())


def _rooms(line: Sequence[Glyph], spaced: bool) -> Iterator[float]:
    """The gaps of a line in em, from left to right, without those that hold a space glyph."""
    if spaced and any(g.text.isspace() for g in line):
        return
    drawn = [g for g in line if g.x1 - g.x0 > NO_WIDTH_EM * g.size]
    for left, right in itertools.pairwise(sorted(drawn, key=lambda g: g.middle)):
        room = room_between(left, right)
        if room > DOUBLED_EM and not (left.text.isspace() or right.text.isspace()):
            yield room


def room_between(left: Glyph, right: Glyph) -> float:
    """The gap between two neighbours in em."""
    return (right.x0 - left.x1) / max(left.size, right.size)


def joins_on(text: str) -> bool:
    """Whether the last letter would join to a following one."""
    letters = [c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Mn"]
    return (
        bool(letters)
        and unicodedata.bidirectional(letters[-1]) == "AL"
        and letters[-1] not in NOT_JOINING
        and letters[-1].isalpha()
    )
