"""The report's own words, read from wording/<language>.yaml, and how a book's text runs."""

from functools import lru_cache
from pathlib import Path

from tasks.wording import Wording, read

__all__ = ["Wording", "direction", "wording"]
FOLDER = Path(__file__).with_name("wording")
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})  # ISO 639; of books, whatever we speak ourselves


@lru_cache
def wording(language: str) -> Wording:
    """The words for a language; English where we have none of our own."""
    return read(FOLDER, language)


def direction(language: str) -> str:
    """How a language's text runs."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
