"""The book at hand: its passages by id, and each as a folded view in which quotes are looked for."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tasks.records import Passage
from tasks.text import fold
from tasks.validation.names import folded_words
from tasks.validation.topics import Topics

_DIGIT_MARKS = {"٫": ".", "٬": ",", "،": ",", "\n": " ", "\t": " "}


class View(NamedTuple):
    """The letters and digits of a text without spacing, and where each stood."""

    letters: str
    positions: list[int]


class Shelf:
    """Passages of one book, with what the checks ask of it."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = {p.id: p for p in passages}
        self.topics = Topics(self.passages.values())
        self.vocabulary = frozenset(w for p in self.passages.values() for w in folded_words(p.text))
        self._views: dict[str, View] = {}

    def get_shown_passages(self, ids: Iterable[str]) -> list[Passage]:
        """The passages that a writer was shown; all where none is told."""
        found = [self.passages[i] for i in ids if i in self.passages]
        return found or list(self.passages.values())

    def get_view(self, passage: Passage) -> View:
        if passage.id not in self._views:
            self._views[passage.id] = view_of(passage.text)
        return self._views[passage.id]


@lru_cache(maxsize=20_000)
def _folded(character: str) -> str:
    return "".join(c for c in fold(character) if c.isalnum())


def view_of(text: str) -> View:
    """Spacing and letter variants gone; what stands between two digits stays, so 6.5 is never 65."""
    letters, places = list[str](), list[int]()
    gap = ""
    for place, character in enumerate(text):
        bare = _folded(character)
        if not bare:
            gap += character
            continue
        if gap and letters and letters[-1].isdigit() and bare.isdigit():
            letters.append(_between(gap))
            places.append(place - 1)
        gap = ""
        letters.extend(bare)
        places.extend([place] * len(bare))
    return View("".join(letters), places)


def _between(gap: str) -> str:
    mark = re.sub(r"[\s\u200c]", "", gap)[:1] or " "
    return _DIGIT_MARKS.get(mark, mark)
