"""Bookmarks as a check of the reading: a file stores their titles in reading order, so they should
stand on their pages.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.reading.structure.headings import Mark
from tasks.reading.types import Sheet

LEAST = 3  # titles found backwards from which the page order is wrong; a short one may be chance


class Checked(NamedTuple):
    """How many bookmarks were looked for, and how their words stood on the pages they lead to (or
    the next).
    """

    titles: int
    found: int
    backward: int  # all the words, in reversed order

    @property
    def reversed(self) -> bool:
        return self.backward >= LEAST and self.backward > self.found


def check(marks: Sequence[Mark], sheets: Sequence[Sheet]) -> Checked:
    """Titles of two words or more; others tell nothing of the order. A title spelt otherwise counts
    as neither.
    """
    led_to = {page for mark in marks for page in (mark.page, mark.page + 1)}
    texts = {sheet.page: _tokens(sheet.text) for sheet in sheets if sheet.page in led_to}
    told = [
        (title, texts[m.page] + texts.get(m.page + 1, ""))
        for m in marks
        if m.page in texts and " " in (title := _tokens(m.title).strip())
    ]
    found = [f" {title} " in text for title, text in told]
    backward = [f" {' '.join(reversed(title.split()))} " in text for title, text in told]
    return Checked(
        len(told), sum(found), sum(b and not f for b, f in zip(backward, found, strict=True))
    )


def _tokens(text: str) -> str:
    return f" {' '.join(words_of.split_words(words_of.fold_text(text)))} "
