"""Text that nobody would write: markup and templates left in, broken or reversed letters, the
letters of another script.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from tasks.schemas.messages import Message, build_message
from tasks.validation.items import ParsedItem
from tasks.validation.term_matching import fold_words

MAX_AGE_YEARS = 120  # years
MIN_OWN_SCRIPT_SHARE = 0.3  # share of the words that must be of the book's script
MIN_SCRIPT_WORDS = 4  # words; fewer tell no script
_MARKUP = re.compile(
    r"</?(?!(?:b|u|i|em|strong|sub|sup)\b)[a-zA-Z][^<>]*>|&(?:nbsp|amp|lt|gt|quot|#\d+);|```"
)
_TEMPLATE = re.compile(r"\{\{?[^{}\d]*\}?\}|^\s*(?:\[[^\[\]]*\]|<[^<>]*>)\s*$")
_STRAY = re.compile(r"^[؛،.,;:]\s*\S{1,2}\s|^[a-z][a-z0-9]{0,2}\s+(?=[^\x00-\x7f])")
_BROKEN = re.compile(r"[^\W\d_]\?[^\W\d_]|\ufffd|(?:^|\s)\?[^\W\d_]")


class BookProfile(NamedTuple):
    """What the rules know of the book and its language."""

    vocabulary: frozenset[str]  # folded words
    script: str  # that nearly all its letters belong to; empty where two share it
    years: str  # a pattern that finds an age in years


def find_damage(item: ParsedItem, book: BookProfile) -> Message | None:
    """The first fault of an item's texts."""
    for text in (item.text, item.diagnosis, *item.options):
        for label, rule in DAMAGE_RULES.items():
            if found := rule(text, book):
                return build_message(label, text=found[:120])
    found = find_foreign_script(item.text, book)
    return build_message("another-script-than-the-book", text=found[:120]) if found else None


def find_markup(text: str, book: BookProfile) -> str | None:
    found = _MARKUP.search(text) or _TEMPLATE.search(text)
    return found[0] if found else None


def find_broken_letters(text: str, book: BookProfile) -> str | None:
    """A question mark or a box in place of a letter."""
    return text if _BROKEN.search(text) else None


def find_stray_letters(text: str, book: BookProfile) -> str | None:
    """Letters before the beginning that belong to no word; those that certainly do not are taken
    away on reading.
    """
    found = _STRAY.match(text) if book.script != "LATIN" else None
    return found[0] if found else None


def find_reversed_letters(text: str, book: BookProfile) -> str | None:
    """The book knows more of the words letter by letter from their end."""
    tokens = [w for w in fold_words(text) if len(w) > 2 and not w[0].isdigit()]
    forward = sum(w in book.vocabulary for w in tokens)
    return text if sum(w[::-1] in book.vocabulary for w in tokens) > max(1, forward) else None


def find_impossible_age(text: str, book: BookProfile) -> str | None:
    ages = [m[0] for m in re.finditer(book.years, " ".join(fold_words(text)))]
    return next((age for age in ages if int(re.sub(r"\D", "", age)) > MAX_AGE_YEARS), None)


def find_foreign_script(text: str, book: BookProfile) -> str | None:
    """Names in another script are usual; a whole vignette or stem is not."""
    scripts = [
        get_script(first)
        for w in text.split()
        if (first := next((c for c in w if c.isalpha()), ""))
    ]
    return (
        text
        if book.script
        and len(scripts) >= MIN_SCRIPT_WORDS
        and scripts.count(book.script) < MIN_OWN_SCRIPT_SHARE * len(scripts)
        else None
    )


def get_main_script(texts: list[str]) -> str:
    """The script that nearly all letters of a book belong to; none where two share it."""
    letters = Counter(get_script(c) for text in texts for c in text if c.isalpha())
    best, count = letters.most_common(1)[0] if letters else ("", 0)
    return best if count > 0.7 * letters.total() else ""


@lru_cache(maxsize=10_000)
def get_script(letter: str) -> str:
    """ARABIC, LATIN, CJK …: the first word of its name in Unicode."""
    return unicodedata.name(letter, "").partition(" ")[0]


DAMAGE_RULES: dict[str, Callable[[str, BookProfile], str | None]] = {
    "markup-or-template-left-in": find_markup,
    "broken-letters": find_broken_letters,
    "stray-letters": find_stray_letters,
    "letters-in-reversed-order": find_reversed_letters,
    "impossible-age": find_impossible_age,
}
