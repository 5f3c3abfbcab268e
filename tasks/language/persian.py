"""One normal form for Persian text, and the letters that Persian writers and programs mix up
(packs/fa/letters.yaml).

Only what never changes a meaning: letters, digits, marks and half-spaces. Words are not touched.
"""

import re
import unicodedata

from tasks.language.language_pack import load_pack

ZWNJ = "\u200c"  # the half-space (نیم‌فاصله)
HAMZA_ABOVE = "\u0654"  # the only mark that is common on a final ه (نشانهٔ)

_DATA = load_pack("packs/letters.yaml", "fa")
FUNCTION_WORDS = frozenset(_DATA["function_words"])
NEGATIONS = frozenset(_DATA["negations"])
OPTION_LETTERS: dict[str, int] = _DATA["option_letters"]  # read only where an answer is expected
_LETTERS, _DIGITS, _FOLDED_LETTERS = (
    str.maketrans(_DATA[name]) for name in ("letters", "digits", "folded")
)
_PRESENTATION = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]+")
_AROUND_ZWNJ = re.compile(r"[ \t]*\u200c+[ \t]*")
_LOOSE_ZWNJ = re.compile(r"(?<![\u0600-\u06ff])\u200c|\u200c(?![\u0600-\u06ff])")


def normalize_persian(text: str) -> str:
    """The normal form: Persian ye, kaf and digits, no presentation forms, tidy half-spaces."""
    text = _PRESENTATION.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = text.translate(_LETTERS).translate(_DIGITS)
    return _LOOSE_ZWNJ.sub("", _AROUND_ZWNJ.sub(ZWNJ, text))


def fold_persian(text: str) -> str:
    """For comparing only: variants of alef, he and hamze made equal, half-spaces gone."""
    return normalize_persian(text).translate(_FOLDED_LETTERS).replace(ZWNJ, "")


def to_persian_digits(number: int | str) -> str:
    """A number in Persian digits: 12 → ۱۲."""
    return str(number).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
