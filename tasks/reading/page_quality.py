"""Which pages hold usable text, and what is wrong with the others."""

from collections import Counter
from collections.abc import Sequence

from tasks.language.text import split_words
from tasks.reading import legibility
from tasks.reading.types import Sheet

FEW = 20  # visible characters; fewer on a page with pictures: it is a scan
# share of a page's words that other pages hold too: then it is language, if without small words
KNOWN_WORDS = 0.5


def bad_pages(sheets: Sequence[Sheet], language: str) -> dict[int, str]:
    """Pages without usable text, by number: failed, empty, picture or illegible."""
    bad = {sheet.page: why for sheet in sheets if (why := _missing(sheet))}
    doubtful = [
        s
        for s in sheets
        if s.page not in bad and legibility.legibility(s.text, language) < legibility.LEGIBLE
    ]
    if doubtful:
        bad |= _illegible(doubtful, [s for s in sheets if s.page not in bad and s not in doubtful])
    return bad


def _missing(sheet: Sheet) -> str:
    if sheet.engine == "none":
        return "failed"
    visible = sum(map(len, sheet.text.split()))
    if visible == 0 or (visible < FEW and sheet.images):
        return "picture" if sheet.images else "empty"
    return ""


def _illegible(doubtful: Sequence[Sheet], good: Sequence[Sheet]) -> dict[int, str]:
    """Pages without small words, less those whose words the book knows: lists, tables, an index."""
    vocabulary = Counter(word for sheet in good for word in set(split_words(sheet.text)))
    found = {}
    for sheet in doubtful:
        tokens = [w for w in split_words(sheet.text) if len(w) > 2]
        known = sum(w in vocabulary for w in tokens)
        if legibility.unmapped(sheet.text) >= 0.05 or known < KNOWN_WORDS * max(1, len(tokens)):
            found[sheet.page] = "illegible"
    return found
