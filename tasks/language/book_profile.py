"""What kind of book a text is, by its own words: a first look before anything is written from it.

Counted are the words that begin as the lists of packs/<language>/profiles.yaml say; what that gives
is in docs/profiles.md. Lists and borders were chosen with the texts at hand that are named there
and tried on no others; the only medical books among them are our own two handbooks.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from tasks.language.language_pack import list_languages, load_pack
from tasks.language.text import fold_text, split_words
from tasks.schemas.sections.profiles import MEDICINE

# Of 1,000 words: between the 9 of the texts without patients and the 31 of a handbook's least part.
MIN_MEDICAL_RATE = 20
# Of 1,000 words: between the 11 of texts that are neither and the 23 of the least licence.
MIN_OTHER_RATE = 16
MIN_WORDS = 80  # below it a text tells nothing


class BookLook(NamedTuple):
    """What the words of a book say."""

    profile: str  # the fitting one; "" where there are too few words, or none in a known language
    medical_rate: float  # words of disease in 1,000


NOTHING_SEEN = BookLook("", 0.0)


def look_at_book(texts: Iterable[str], language: str) -> BookLook:
    """The profile that a text's words speak for."""
    if language not in list_languages():
        return NOTHING_SEEN
    words = [fold_text(word) for text in texts for word in split_words(text)]
    if len(words) < MIN_WORDS:
        return NOTHING_SEEN
    rates = count_profile_words(words, language)
    medical = rates.pop(MEDICINE)
    if medical >= MIN_MEDICAL_RATE:
        return BookLook(MEDICINE, medical)
    best = max(rates, key=lambda name: rates[name])
    return BookLook(best if rates[best] >= MIN_OTHER_RATE else "general", medical)


def count_profile_words(words: list[str], language: str) -> dict[str, float]:
    """Of 1,000 folded words, how many speak for each profile."""
    return {
        profile: 1000 * sum(pattern.match(word) is not None for word in words) / len(words)
        for profile, pattern in _load_patterns(language).items()
    }


@cache
def _load_patterns(language: str) -> dict[str, re.Pattern[str]]:
    lists = load_pack("packs/profiles.yaml", language)["words"]
    return {
        profile: re.compile("|".join(map(_build_pattern, words)))
        for profile, words in lists.items()
    }


def _build_pattern(word: str) -> str:
    """The beginning of a word, or a whole one behind '='."""
    whole = word.startswith("=")
    return re.escape(fold_text(word.removeprefix("="))) + "$" * whole
