"""Pages of contents: titles with page numbers that only grow. They are no text of the book, and
their titles no chapters.
"""

import itertools
import re
from collections.abc import Sequence

from tasks.language import text as words_of
from tasks.reading.types import Sheet

LEAST_LINES = 5
EARLY = 30  # pages; further on, numbers that grow are a table's
SHARE = 0.6  # of a page's lines that name a page
_LEADERS = re.compile(r"(?:[.…·_]\s?){4,}")
_AT_END = re.compile(r"(?:^|\D)(\d{1,4})\s*$")
_AT_START = re.compile(r"^\s*(\d{1,4})\s+\D")


def contents(sheets: Sequence[Sheet]) -> set[int]:
    """The pages of contents, by number; none where nothing else would be left."""
    found = {sheet.page for sheet in sheets if _is_contents(sheet)}
    return found if len(found) < len(sheets) else set()


def _is_contents(sheet: Sheet) -> bool:
    """Leaders before the numbers, or numbers that grow from line to line, on most lines."""
    texts = [
        words_of.to_latin_digits(line.text).replace(" | ", " ")
        for line in sheet.lines
        if any(map(str.isalpha, line.text))
    ]
    if len(texts) < LEAST_LINES:
        return False
    led = sum(bool(_LEADERS.search(t)) for t in texts)
    return led >= SHARE * len(texts) or (
        sheet.page <= EARLY and any(_grow(texts, place) for place in (_AT_END, _AT_START))
    )


def _grow(texts: Sequence[str], place: re.Pattern[str]) -> bool:
    found = [int(m[1]) for t in texts if (m := place.search(t))]
    rising = (
        len(found) > 1
        and all(a <= b for a, b in itertools.pairwise(found))
        and found[-1] - found[0] >= len(found)
    )
    return rising and len(found) >= SHARE * len(texts) and max(map(len, texts)) < 100
