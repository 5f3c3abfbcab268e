"""Text that nobody would write: markup and templates left in, broken or reversed letters, the letters of another script."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from tasks.validation.items import Item
from tasks.validation.names import folded_words
from tasks.validation.support import Why

OLDEST = 120  # years
OWN_SCRIPT = 0.3  # share of the words that must be of the book's script
FEW = 4  # words; fewer tell no script
_MARKUP = re.compile(r"</?(?!(?:b|u|i|em|strong|sub|sup)\b)[a-zA-Z][^<>]*>|&(?:nbsp|amp|lt|gt|quot|#\d+);|```")
_TEMPLATE = re.compile(r"\{\{?[^{}\d]*\}?\}|^\s*(?:\[[^\[\]]*\]|<[^<>]*>)\s*$")
_STRAY = re.compile(r"^[؛،.,;:]\s*\S{1,2}\s|^[a-z][a-z0-9]{0,2}\s+(?=[^\x00-\x7f])")
_BROKEN = re.compile(r"[^\W\d_]\?[^\W\d_]|\ufffd|(?:^|\s)\?[^\W\d_]")


class Book(NamedTuple):
    """What the rules know of the book and its language."""

    vocabulary: frozenset[str]  # folded words
    script: str  # that nearly all its letters belong to; empty where two share it
    years: str  # a pattern that finds an age in years


def damage(item: Item, book: Book) -> Why | None:
    """The first fault of an item's texts."""
    for text in (item.text, item.diagnosis, *item.options):
        for label, rule in RULES.items():
            if found := rule(text, book):
                return Why(label, found[:120])
    found = foreign(item.text, book)
    return Why("another script than the book's", found[:120]) if found else None


def left_in(text: str, book: Book) -> str | None:
    found = _MARKUP.search(text) or _TEMPLATE.search(text)
    return found[0] if found else None


def broken(text: str, book: Book) -> str | None:
    """A question mark or a box in place of a letter."""
    return text if _BROKEN.search(text) else None


def stray(text: str, book: Book) -> str | None:
    """Letters before the beginning that belong to no word; those that certainly do not are taken away on reading."""
    found = _STRAY.match(text) if book.script != "LATIN" else None
    return found[0] if found else None


def backward(text: str, book: Book) -> str | None:
    """The book knows more of the words letter by letter from their end."""
    tokens = [w for w in folded_words(text) if len(w) > 2 and not w[0].isdigit()]
    forward = sum(w in book.vocabulary for w in tokens)
    return text if sum(w[::-1] in book.vocabulary for w in tokens) > max(1, forward) else None


def too_old(text: str, book: Book) -> str | None:
    ages = [m[0] for m in re.finditer(book.years, " ".join(folded_words(text)))]
    return next((age for age in ages if int(re.sub(r"\D", "", age)) > OLDEST), None)


def foreign(text: str, book: Book) -> str | None:
    """Names in another script are usual; a whole vignette or stem is not."""
    scripts = [script_of(first) for w in text.split() if (first := next((c for c in w if c.isalpha()), ""))]
    return text if book.script and len(scripts) >= FEW and scripts.count(book.script) < OWN_SCRIPT * len(scripts) else None


def main_script(texts: list[str]) -> str:
    """The script that nearly all letters of a book belong to; none where two share it."""
    letters = Counter(script_of(c) for text in texts for c in text if c.isalpha())
    best, count = letters.most_common(1)[0] if letters else ("", 0)
    return best if count > 0.7 * letters.total() else ""


@lru_cache(maxsize=10_000)
def script_of(letter: str) -> str:
    """ARABIC, LATIN, CJK …: the first word of its name in Unicode."""
    return unicodedata.name(letter, "").partition(" ")[0]


RULES: dict[str, Callable[[str, Book], str | None]] = {
    "markup or template left in": left_in,
    "broken letters": broken,
    "stray letters": stray,
    "letters in reversed order": backward,
    "impossible age": too_old,
}
