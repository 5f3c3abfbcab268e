"""Whether a text gives two phrases the same part: two items of one list, or two members of "this,
that and the other".
"""

import re

from tasks.language.text import find_sentence_spans
from tasks.validation.checks.section_topics import is_supported
from tasks.validation.language_patterns import LanguagePatterns
from tasks.validation.term_matching import normalize_name

BETWEEN = 3  # words at most of a further member that stands between the two


def share_a_role(key: str, other: str, text: str, words: LanguagePatterns) -> bool:
    """Both are items of one list, or joined in one sentence with nothing but further members
    between them.
    """
    return _in_one_list(key, other, text) or any(
        _joined(key, other, text[start:end], words) for start, end in find_sentence_spans(text)
    )


def _in_one_list(key: str, other: str, text: str) -> bool:
    """Items are lines that begin with a dash; another kind of line ends a list."""
    for block in re.split(r"(?:^|\n)(?!- )[^\n]*", text):
        lines = [line.removeprefix("- ") for line in block.strip("\n").split("\n") if line.strip()]
        holding = [[is_supported(phrase, line) for line in lines] for phrase in (key, other)]
        if any(holding[0]) and any(b and not a for a, b in zip(*holding, strict=True)):
            return True
    return False


def _joined(key: str, other: str, sentence: str, words: LanguagePatterns) -> bool:
    """The first closes one piece of the sentence and the second opens a later one: «متوپرولول یا
    دیلتیازم».
    """
    joints = "|".join(
        filter(None, [r"[،,]", words.also, words.either if words.either != r"(?!)" else ""])
    )
    pieces = [normalize_name(piece) for piece in re.split(joints, sentence)]
    for first, second in (
        (normalize_name(key), normalize_name(other)),
        (normalize_name(other), normalize_name(key)),
    ):
        closing = [i for i, piece in enumerate(pieces) if f" {piece}".endswith(f" {first}")]
        opening = [i for i, piece in enumerate(pieces) if f"{piece} ".startswith(f"{second} ")]
        for i in closing:
            if any(
                i < j and all(len(p.split()) <= BETWEEN for p in pieces[i + 1 : j]) for j in opening
            ):
                return True
    return False
