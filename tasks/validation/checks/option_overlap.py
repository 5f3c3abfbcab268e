"""Whether one option holds another: a part of its words, or a range within its range."""

import re

from tasks.language.text import to_latin_digits
from tasks.validation.language_patterns import LanguagePatterns
from tasks.validation.term_matching import fold_words, normalize_name


def contains_option(whole: str, part: str, words: LanguagePatterns) -> bool:
    """The part and something joined to it by «and», or the part as the broader name of the
    whole.
    """
    joined = (
        any(
            normalize_name(piece) == normalize_name(part)
            for piece in re.split(f"{words.also}|،|,", whole)
        )
        if words.also
        else False
    )
    return joined or (
        len(fold_words(part)) > 1
        and f" {normalize_name(whole)} ".startswith(f" {normalize_name(part)} ")
    )


def parse_range(option: str) -> tuple[float, float] | None:
    found = re.fullmatch(
        r"\D*(\d+(?:[.٫]\d+)?)\s*(?:تا|الی|to|-|–)\s*(\d+(?:[.٫]\d+)?)\D*", to_latin_digits(option)
    )
    return (float(found[1].replace("٫", ".")), float(found[2].replace("٫", "."))) if found else None
