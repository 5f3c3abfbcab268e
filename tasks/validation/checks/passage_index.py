"""The book at hand: its passages by id, and each as a folded view in which quotes are
looked for.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tasks.language.text import fold_text
from tasks.schemas.item_rows import Passage
from tasks.validation.checks.section_topics import SectionTopics
from tasks.validation.term_matching import fold_words, normalize_name, stem_of

_DIGIT_MARKS = {"٫": ".", "٬": ",", "،": ",", "\n": " ", "\t": " "}


class FoldedView(NamedTuple):
    """The letters and digits of a text without spacing, and where each stood."""

    letters: str
    positions: list[int]


class PassageIndex:
    """Passages of one book, with what the checks ask of it."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = {p.id: p for p in passages}
        self.topics = SectionTopics(self.passages.values())
        self.vocabulary = frozenset(w for p in self.passages.values() for w in fold_words(p.text))
        self.stems = frozenset(map(stem_of, self.vocabulary))
        self._views: dict[str, FoldedView] = {}
        self._names: list[str] | None = None

    def holds(self, phrase: str) -> bool:
        """Whether the words of a phrase stand anywhere in the book, one after the other."""
        if self._names is None:
            self._names = [f" {normalize_name(p.text)} " for p in self.passages.values()]
        return any(f" {normalize_name(phrase)} " in text for text in self._names)

    def get_shown_passages(self, ids: Iterable[str]) -> list[Passage]:
        """The passages that a writer was shown; all where none is told."""
        found = [self.passages[i] for i in ids if i in self.passages]
        return found or list(self.passages.values())

    def get_view(self, passage: Passage) -> FoldedView:
        if passage.id not in self._views:
            self._views[passage.id] = build_view(passage.text)
        return self._views[passage.id]


@lru_cache(maxsize=20_000)
def _fold_character(character: str) -> str:
    return "".join(c for c in fold_text(character) if c.isalnum())


def build_view(text: str) -> FoldedView:
    """Spacing and letter variants gone; what stands between two digits stays, so 6.5 is
    never 65.
    """
    letters, places = list[str](), list[int]()
    gap = ""
    for place, character in enumerate(text):
        bare = _fold_character(character)
        if not bare:
            gap += character
            continue
        if gap and letters and letters[-1].isdigit() and bare.isdigit():
            letters.append(_choose_digit_mark(gap))
            places.append(place - 1)
        gap = ""
        letters.extend(bare)
        places.extend([place] * len(bare))
    return FoldedView("".join(letters), places)


def _choose_digit_mark(gap: str) -> str:
    mark = re.sub(r"[\s\u200c]", "", gap)[:1] or " "
    return _DIGIT_MARKS.get(mark, mark)
