"""Is this language? Every tongue's pages are held together by a few small words; unmapped or
reversed text lacks them.
"""

import re
from collections import Counter

from tasks.language import persian
from tasks.language.text import split_words
from tasks.reading import letters
from tasks.reading.types import Glyph

# The share of small words on a page of prose that counts as fully legible (1.0); half of it is the
# limit.
FULL_SHARE = 0.16
LEGIBLE = 0.5
LEAST_WORDS = 40  # fewer tell nothing


def _set(line: str) -> frozenset[str]:
    return frozenset(line.split())


SMALL_WORDS = {
    "Arab": (
        persian.FUNCTION_WORDS
        | _set(
            "في من على إلى الى أن إن ان عن مع هذا هذه ذلك التي الذي لا ما كان هو هي أو او ثم قد كما"
            " بين بعد عند كل غير حتى"
        )
        | _set("کے کی کا میں سے ہے ہیں اور کو نے پر لە بۆ کە ئەو ئەم لەگەڵ د په او چې کې ته")
    ),
    "Hebr": _set("של את על לא עם זה הוא היא או אם כי גם כל אל מן בין כמו יש אין היה אשר רק עד לפי"),
}
_SCRIPTS = (
    ("Arab", re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")),
    ("Hebr", re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]")),
    ("Latn", re.compile("[A-Za-z\u00c0-\u024f]")),
    ("Cyrl", re.compile("[\u0400-\u052f]")),
    ("Grek", re.compile("[\u0370-\u03ff]")),
    (
        "Othr",
        re.compile(
            "[\u0700-\u074f\u0780-\u08a0\u0900-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
        ),
    ),
)
RTL = frozenset({"Arab", "Hebr"})
_LETTERED = re.compile(r"[\w'’\u200c\u0300-\u036f-]+")
_BROKEN = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]|\\(cid:\\d+\\)")


def script(text: str) -> str:
    """The script that most letters belong to, or "none"."""
    if text.isascii():
        return "Latn" if any(map(str.isalpha, text)) else "none"
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "none"


def rtl_share(text: str) -> float:
    """Share of right-to-left letters among the letters."""
    if text.isascii():
        return 0.0
    count = sum(map(str.isalpha, text))
    turned = sum(len(pattern.findall(text)) for name, pattern in _SCRIPTS if name in RTL)
    return turned / count if count else 0.0


def is_rtl(glyph: Glyph) -> bool:
    """Whether this is a letter of a right-to-left script."""
    return glyph.text > "\u0590" and any(p.match(glyph.text) for n, p in _SCRIPTS if n in RTL)


def words_of_letters(text: str) -> list[str]:
    """Words of two letters or more, units and numbers left out."""
    return [word for word in split_words(text) if len(word) > 1 and word.isalpha()]


def small_words(text: str, reverse: bool = False) -> float:
    """Share of small words among the words of a right-to-left text (0 where we have no list)."""
    known = SMALL_WORDS.get(script(text), frozenset())
    tokens = [part for word in split_words(text) for part in word.split(persian.ZWNJ)]
    tokens = [t[::-1] if reverse else t for t in tokens if t and not t[0].isdigit()]
    return sum(t in known for t in tokens) / len(tokens) if tokens else 0.0


def unmapped(text: str) -> float:
    """Share of characters that stand for no letter at all."""
    visible = sum(map(len, text.split()))
    return len(_BROKEN.findall(text)) / visible if visible else 0.0


def _broken_words(text: str) -> float:
    """Share of the words of letters that lack one."""
    tokens = [word for word in text.split() if any(map(str.isalpha, word))]
    return sum("\ufffd" in word for word in tokens) / len(tokens) if tokens else 0.0


def legibility(text: str, language: str = "en") -> float:
    """0 to 1; under LEGIBLE the page is not language, or not in order, or in letters that are not
    its own.
    """
    lost = max(unmapped(text), _broken_words(text))
    sound = 0.0 if letters.are_wrong(text, language) else max(0.0, 1 - 5 * lost)
    tokens = [w for w in split_words(text) if not w[0].isdigit()]
    if len(tokens) < LEAST_WORDS:
        return sound
    if script(text) in SMALL_WORDS:
        return min(sound, small_words(text) / FULL_SHARE, 1.0)
    return min(sound, _shaped_like_words(tokens))


def _shaped_like_words(tokens: list[str]) -> float:
    """For scripts without a list: words repeat, and they are made of letters of one script."""
    lettered = sum(1 for t in tokens if _LETTERED.fullmatch(t))
    short = Counter(t.casefold() for t in tokens if len(t) <= 4)
    repeated = sum(n for n in short.values() if n > 1) / len(tokens)
    return min(1.0, lettered / len(tokens) * min(1.0, 0.5 + 4 * repeated))
