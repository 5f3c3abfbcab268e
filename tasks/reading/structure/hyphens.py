"""Hyphens at line ends: a word broken there is whole again, a compound keeps its hyphen; by the
book's own words.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.reading.types import Sheet

BREAK = re.compile(r"(?:(?<=[^\W\d_])|(?<=\d))[-\u2010]$")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010'’][^\W\d_]+)*")
_LAST = re.compile(r"([^\W_]+(?:[-\u2010][^\W_]+)*)[-\u2010]$")
_FIRST = re.compile(r"[^\W_]+(?:[-\u2010'’][^\W_]+)*")
HANGING = frozenset(
    ["and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e", "en", "of"]
)  # short- and long-term
# Parts of the commonest English compounds, for books too short to show them; each is a word of its
# own
# and no syllable that a word is broken after (or before).
FIRST_PARTS = frozenset(
    [
        "well",
        "self",
        "high",
        "low",
        "long",
        "short",
        "full",
        "half",
        "hard",
        "left",
        "right",
        "first",
        "second",
        "third",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "one",
        "ill",
        "all",
        "cross",
        "double",
        "single",
        "early",
        "late",
        "large",
        "small",
        "old",
        "new",
        "evidence",
        "health",
        "care",
        "decision",
        "life",
        "time",
        "year",
        "day",
        "week",
        "dose",
        "drug",
        "age",
        "sex",
        "blood",
        "upper",
        "lower",
        "middle",
    ]
)
SECOND_PARTS = frozenset(
    [
        "known",
        "associated",
        "related",
        "based",
        "income",
        "term",
        "induced",
        "dependent",
        "specific",
        "like",
        "free",
        "onset",
        "acquired",
        "threatening",
        "borne",
        "positive",
        "negative",
        "resistant",
        "year",
        "day",
        "week",
        "dose",
        "grade",
        "level",
        "risk",
        "quality",
        "scale",
        "making",
        "being",
        "care",
        "reported",
        "effective",
        "driven",
        "defined",
        "treated",
        "confirmed",
    ]
)


class BookWords:
    """The words of the book's lines, those that a line's end cuts left out."""

    def __init__(self, sheets: Iterable[Sheet] = ()) -> None:
        self._counts: Counter[str] = Counter()
        for sheet in sheets:
            self._add([line.text for line in sheet.lines])

    def _add(self, texts: Sequence[str]) -> None:
        for before, text in itertools.pairwise(["", *texts]):
            words = _WORD.findall(text)
            first = int(bool(BREAK.search(before)))
            last = len(words) - int(bool(BREAK.search(text)))
            self._counts.update(word.casefold() for word in words[first:last])

    def keeps_hyphen(self, left: str, right: str) -> bool:
        """Whether `left` and `right`, parted by a hyphen and a line's end, are two parts of a
        compound.
        """
        left, right = left.casefold(), right.casefold()
        compound, whole = self._counts[f"{left}-{right}"], self._counts[left + right]
        if compound or whole:
            return compound > whole
        if "-" in left or left in FIRST_PARTS or right in SECOND_PARTS:
            return True
        return bool(self._counts[left] and self._counts[right]) and min(len(left), len(right)) > 2


def join_lines(pieces: Iterable[str], words: BookWords) -> str:
    """The lines of one paragraph as one text."""
    text = ""
    for piece in map(str.strip, pieces):
        text = _join(text, piece, words) if text else piece
    return text


def _join(text: str, piece: str, words: BookWords) -> str:
    if not BREAK.search(text, len(text) - 2):
        return f"{text} {piece}"
    left, right = _LAST.search(text.split()[-1]), _FIRST.match(piece)
    if not (left and right) or right[0].casefold() in HANGING:
        return f"{text} {piece}"
    if piece[0].islower() and text[-2].islower() and not words.keeps_hyphen(left[1], right[0]):
        return text[:-1] + piece
    latin = piece[0].isdigit() or piece[0].lower() != piece[0].upper()
    return text + piece if latin else f"{text} {piece}"
