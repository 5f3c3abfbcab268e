"""Words and names for comparing."""

import re
from functools import lru_cache

from tasks import text as texts

_NUMBER = re.compile(r"^\s*\d+(?:[.\-–:]\d+)*[.:)\-–]?\s+(?=[^\W\d])")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


def folded_words(text: str) -> list[str]:
    """The folded words of a text."""
    return [_folded(w) for w in texts.words(text)]


@lru_cache(maxsize=200_000)
def _folded(word: str) -> str:
    return texts.fold(word)


@lru_cache(maxsize=50_000)
def folded(text: str) -> str:
    """`text.fold`, remembered: an item's texts are looked at by many checks."""
    return texts.fold(text)


@lru_cache(maxsize=50_000)
def name(text: str) -> str:
    """A name for comparing: folded words with one blank between them."""
    return " ".join(folded_words(text))


def title(text: str) -> str:
    """A heading for comparing: «۳.۲ آسم (Asthma)» is «آسم»."""
    return name(_NUMBER.sub("", _BRACKETS.sub(" ", text))) or name(text)


def also_called(text: str) -> list[str]:
    """The names in a heading's brackets: COPD in «بیماری انسدادی مزمن ریه (COPD)»."""
    return [n for inside in _BRACKETS.findall(text) if (n := name(" ".join(inside))) and not n.replace(" ", "").isdigit()]


def holds(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text`, one after the other."""
    return f" {name(phrase)} " in f" {name(text)} "


def numbers(text: str) -> set[str]:
    """The numbers of a text, in Latin digits: 140/90 is one."""
    return {w for w in folded_words(text) if any(c.isdigit() for c in w)}
