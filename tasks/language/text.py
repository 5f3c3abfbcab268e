"""Words, sentences and the normal form of text in any language; Persian's own part is in
persian.py.
"""

import re
import unicodedata
from collections.abc import Collection

from tasks.language import persian

MIN_FRAME_FACTS = 3  # facts; the gate refuses a leak, and the diagnosis counts one, below it
_IGNORED_CHARACTERS = dict.fromkeys(
    map(
        ord,
        "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        "\ufeff\u00ad\u061c\u200b\u200d\u0640",
    )
)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
_DIGIT = re.compile(r"[^\D0-9]")  # Unicode's Nd without our own
_WORD = re.compile(r"[\w\u200c]+(?:[./٫/-](?=\d)[\w\u200c]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?؟…])(?<!\d\.)[»\")\]]*(?=\s)|\n")


def normalize_text(text: str, language: str = "fa") -> str:
    """One normal form: NFC, one space between words, no bidi marks or tatweel; plus the language's
    own.

    Never NFKC on the whole: that would turn 10⁹/L into 109/L.
    """
    text = (
        unicodedata.normalize("NFC", text)
        .replace("\r\n", "\n")
        .replace("\u00a0", " ")
        .translate(_IGNORED_CHARACTERS)
    )
    if language.partition("-")[0] == "fa":
        text = persian.normalize_persian(text)
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def fold_text(text: str) -> str:
    """For comparing only: case, accents, letter variants, half-spaces and digit scripts
    made equal.
    """
    if text.isascii():
        return text.casefold()  # the same, and a third of the reading of an English book
    bare = "".join(
        c
        for c in unicodedata.normalize("NFD", persian.fold_persian(text))
        if not unicodedata.combining(c)
    )
    return to_latin_digits(bare.casefold())


def to_latin_digits(text: str) -> str:
    """Any script's decimal digits as 0-9; everything else as it is (10⁹ keeps its exponent)."""
    return _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def split_words(text: str) -> list[str]:
    """The words, half-spaces inside kept; numbers such as 140/90 and 6.5 stay whole."""
    return _WORD.findall(text)


def find_sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, without the blank around it; a line break ends a
    sentence too.
    """
    spans, start = [], 0
    for mark in [*_SENTENCE_END.finditer(text), None]:
        end = mark.end() if mark else len(text)
        piece = text[start:end]
        if piece.strip():
            spans.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
        start = end
    return spans


def build_shingles(text: str, n: int) -> set[tuple[str, ...]]:
    """All runs of n folded words (the whole text where it is shorter)."""
    tokens = [fold_text(w) for w in split_words(text)]
    return (
        {tuple(tokens[i : i + n]) for i in range(max(1, len(tokens) - n + 1))} if tokens else set()
    )


def is_frame(facts: Collection[str]) -> bool:
    """Whether a run of words that stands in the items of these facts is their writer's manner
    («بیمار مردی … ساله است که با»), which gives no single fact away."""
    return len(facts) >= MIN_FRAME_FACTS
