"""The words that the checks look for, one table a language (packs/<language>/gate.yaml); a language
without a table has only what all share.
"""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from tasks.language import persian
from tasks.language.language_pack import list_languages, load_pack
from tasks.language.text import fold_text
from tasks.schemas.sections.profiles import MEDICINE, split_tag
from tasks.validation.term_matching import fold_cached


class LanguagePatterns(NamedTuple):
    """Words and patterns of one language, compared with folded text."""

    negations: frozenset[str] = frozenset()
    denying_verbs: frozenset[str] = frozenset()  # at a clause's end they turn its sense round
    denying_next: frozenset[str] = frozenset()  # they deny the word that follows: «بدون تب»
    denied_after: frozenset[str] = frozenset()  # right behind a word they deny it: «تب نیست»
    clause: str = r"[.؛;،,\n]"  # where clauses are parted
    function_words: frozenset[str] = frozenset()
    sexes: frozenset[str] = (
        frozenset()
    )  # words that tell a patient's sex; near duplicates differ only in them
    age: str = r"\b\d{1,3}\b"  # a number that is an age, as a pattern
    years: str = r"(?!)"  # an age in years
    all_or_none: str = r"(?!)"
    absolute: frozenset[str] = frozenset()
    question_words: frozenset[str] = frozenset()
    negative_stem: str = r"(?!)"  # the stem asks what does not hold
    # «unlike X», «why does it not»: the negation tells conditions apart or is what is to be
    # explained, it does not ask for what is wrong
    contrast: str = r"(?!)"
    marked_negative: str = r"\*\*|__|<u>|<b>"  # how a negative word is set off
    told_answer: str = r"(?!)"  # the stem or an option tells the key
    either: str = r"(?!)"  # joins two names: «یا»
    also: str = r"(?!)"  # joins two things: «و»
    placeholder: str = r"(?!)"
    source: str = r"(?!)"  # speaks of a text that the person who answers does not see
    act: str = r"(?!)"  # opens what is done about a disease, not its name
    threshold: str = r"(?!)"  # says that a number is a border: «more than»
    number_words: Mapping[str, str] = MappingProxyType({})  # folded word → its digits
    endings: tuple[str, ...] = ()  # written after a half-space
    typical: tuple[
        str, ...
    ] = ()  # ordinary word order of vignettes and stems, to notice reversed words
    heading_words: frozenset[str] = frozenset()  # of which headings of parts consist
    medical: bool = True  # items are patients and diagnoses; else situations and what follows


@cache
def get_language_patterns(tag: str) -> LanguagePatterns:
    """The table of a language, or of the tag of a profile; an empty one where we have none."""
    language, profile = split_tag(tag)
    if profile != MEDICINE:
        return get_language_patterns(language)._replace(medical=False)
    if language not in list_languages():
        return LanguagePatterns()
    letters, table = (
        load_pack("packs/letters.yaml", language),
        load_pack("packs/gate.yaml", language),
    )
    shared = {name: [*letters[name], *table[name]] for name in ("negations", "function_words")}
    return LanguagePatterns(
        **{name: _read_entry(name, value) for name, value in {**table, **shared}.items()}
    )


def _read_entry(name: str, value: Any) -> Any:
    """Patterns as they are, phrases in their order, words as a folded set, numbers by word."""
    if isinstance(value, str):
        return value
    if name in ("typical", "endings"):
        return tuple(value)
    if name == "number_words":
        return {fold_text(word): str(number) for number, word in enumerate(value, 1)}
    return frozenset(map(fold_text, value))


def search_folded(pattern: str, text: str) -> re.Match[str] | None:
    """Search in the folded text, half-spaces as blanks."""
    return re.search(pattern, fold_cached(text.replace(persian.ZWNJ, " ")), re.IGNORECASE)


def match_negative_stem(stem: str, words: LanguagePatterns) -> re.Match[str] | None:
    """The stem asks for what does not hold."""
    return None if search_folded(words.contrast, stem) else search_folded(words.negative_stem, stem)
