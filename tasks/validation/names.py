"""Words and names for comparing."""

from functools import lru_cache

from tasks import text as texts


def folded_words(text: str) -> list[str]:
    """The folded words of a text."""
    return [_folded(w) for w in texts.words(text)]


@lru_cache(maxsize=200_000)
def _folded(word: str) -> str:
    return texts.fold(word)


@lru_cache(maxsize=50_000)
def name(text: str) -> str:
    """A name for comparing: folded words with one blank between them."""
    return " ".join(folded_words(text))


def holds(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text`, one after the other."""
    return f" {name(phrase)} " in f" {name(text)} "


def numbers(text: str) -> set[str]:
    """The numbers of a text, in Latin digits: 140/90 is one."""
    return {w for w in folded_words(text) if any(c.isdigit() for c in w)}
