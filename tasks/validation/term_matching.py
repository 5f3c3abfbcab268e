"""Words and names for comparing."""

import re
from functools import lru_cache

from tasks.language import text as texts

_NUMBER = re.compile(r"^\s*\d+(?:[.\-–:]\d+)*[.:)\-–]?\s+(?=[^\W\d])")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


def fold_words(text: str) -> list[str]:
    """The folded words of a text."""
    return [_fold_word(w) for w in texts.split_words(text)]


@lru_cache(maxsize=200_000)
def _fold_word(word: str) -> str:
    return texts.fold_text(word)


@lru_cache(maxsize=50_000)
def fold_cached(text: str) -> str:
    """`text.fold`, remembered: an item's texts are looked at by many checks."""
    return texts.fold_text(text)


@lru_cache(maxsize=50_000)
def normalize_name(text: str) -> str:
    """A name for comparing: folded words with one blank between them."""
    return " ".join(fold_words(text))


# Endings that change no sense, longest first, and how many letters must be left before them.
# English after the first
# step of Porter's stemmer, Persian plural, ezafe, comparative, infinitive and person.
_ENDINGS = (
    "ically",
    "ation",
    "ities",
    "ness",
    "ment",
    "ings",
    "ing",
    "ies",
    "ity",
    "ive",
    "ed",
    "es",
    "ly",
    "al",
    "s",
    "e",
    "y",
)
_PERSIAN_ENDINGS = (
    "هایی",
    "ترین",
    "های",
    "شان",
    "اند",
    "ها",
    "ات",
    "تر",
    "ان",
    "ای",
    "ند",
    "اش",
    "ه",
    "ی",
    "ن",
    "م",
    "ش",
)
_LEAST_STEM = 3


@lru_cache(maxsize=200_000)
def stem_of(word: str) -> str:
    """A folded word without its endings: masks → mask, running → run, weekly → week, «می‌ماند» and
    «ماندن» → «ماند».
    """
    if word.isascii():
        bare = next(
            (
                word[: -len(e)]
                for e in _ENDINGS
                if word.endswith(e) and len(word) - len(e) >= _LEAST_STEM
            ),
            word,
        )
        bare = bare[:-1] if len(bare) > _LEAST_STEM and bare[-1] == bare[-2] else bare
        return bare if bare == word else stem_of(bare)
    for prefix in ("نمی", "می"):
        if word.startswith(prefix) and len(word) - len(prefix) >= _LEAST_STEM:
            word = word.removeprefix(prefix)
            break
    return next(
        (
            word[: -len(e)]
            for e in _PERSIAN_ENDINGS
            if word.endswith(e) and len(word) - len(e) >= _LEAST_STEM
        ),
        word,
    )


def stem_set(text: str) -> set[str]:
    """The words of a text without their endings."""
    return {stem_of(w) for w in fold_words(text)}


def normalize_title(text: str) -> str:
    """A heading for comparing: «۳.۲ آسم (Asthma)» is «آسم»."""
    return normalize_name(_NUMBER.sub("", _BRACKETS.sub(" ", text))) or normalize_name(text)


def list_bracket_names(text: str) -> list[str]:
    """The names in a heading's brackets: COPD in «بیماری انسدادی مزمن ریه (COPD)»."""
    return [
        n
        for inside in _BRACKETS.findall(text)
        if (n := normalize_name(" ".join(inside))) and not n.replace(" ", "").isdigit()
    ]


def contains_phrase(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text`, one after the other."""
    return f" {normalize_name(phrase)} " in f" {normalize_name(text)} "


# with the first word behind it
_NUMBER_AND_UNIT = re.compile(r"(\d[\d.,/]*) ?([^\W\d_][^\W\d_/]*|%)")


def find_numbers(text: str) -> set[str]:
    """The numbers of a text, in Latin digits: 140/90 is one."""
    return {w for w in fold_words(text) if any(c.isdigit() for c in w)}


def applies_threshold(key: str, numbers: set[str], text: str, threshold: str) -> bool:
    """Whether every one of the key's numbers may be a value beyond a border that the text sets for
    the same unit: «70 ng/mL» where it says «seldom above 100 ng/mL». A key that itself sets a
    border must have it from the text.
    """
    said, told = texts.fold_text(key), texts.fold_text(text)
    if re.search(threshold, said, re.IGNORECASE):
        return False
    units = {m[2] for m in _NUMBER_AND_UNIT.finditer(said) if m[1] in numbers}
    borders = re.finditer(rf"(?:{threshold}) {_NUMBER_AND_UNIT.pattern}", told, re.IGNORECASE)
    return bool(units) and units <= {m[2] for m in borders}
