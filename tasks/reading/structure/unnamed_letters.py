"""Letters that a file draws and does not name, found by the book's own words.

XeTeX leaves the final forms of some fonts without a name: «مراج�» is «مراجع» where «مراجعه» stands
elsewhere. One glyph is one letter in all its words, so these decide together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.language import persian
from tasks.reading.layout.arabic_shaping import LETTER_PLACES
from tasks.reading.layout.glyph_clusters import LOST_MARK, UNKNOWN
from tasks.reading.types import Sheet

# Of the votes, for the letter to be the glyph's. In a Persian manual of 8 pages in XB Zar the right
# letters of 14 glyphs have 0.63 to 1.0; four, of a word each, stay open.
LEAST_SHARE = 0.6
LEAST_WORDS = 2  # different ones that a letter makes known
# Frequent Persian words, for books too short to hold much twice.
_COMMON = (
    "ولی یکی حتی کمی برخی بعضی یعنی کسی چیزی گاهی خیلی اصلی قبلی بعدی کلی علمی فارسی انگلیسی اول"
    " ایرانی جهانی انسانی اجتماعی پزشکی دیگری بسیاری کاری دارای طی سعی معنی نوعی بررسی کوچک کمک"
    " مشترک نزدیک یک تک پزشک کودک خاک خشک سبک بانک ممکن مشکل حکم یکسان کار بکار همکاران لیکن حکایت"
    " بیشتر مگر دیگر بزرگ گیرد بگیرد قرار دانشگاه آنگاه هنگام واقع منبع موضوع نوع شروع"
    " جمع موقع وقوع تاریخ پاسخ سطح شرح طرح صحیح صبح مثال علاوه خلاف برخلاف اطلاعات خلاصه اصلاح لازم"
    " بلافاصله اختلاف اختلال علائم علامت سلامت امروز روز پس سپس نفس حس کامل شامل قابل حال سال مثل"
)
COMMON_WORDS = frozenset(_COMMON.split())
LEAST_STEM = 4  # letters of a word that others begin with
_UNNAMED = "\U000f0000-\U000ffffd"  # in the place of such a glyph, one for all pages
_PLACE = re.compile(f"[{_UNNAMED}]")
_WORD = re.compile(rf"[\u0620-\u064a\u066e-\u06d3{_UNNAMED}]+")


def name_letters(sheets: Sequence[Sheet], titles: Sequence[str] = ()) -> list[Sheet]:
    """The pages with these letters; U+FFFD where the book does not tell which they are."""
    glyphs = {glyph: place for sheet in sheets for glyph, place in sheet.unnamed.items()}
    if not glyphs:
        return list(sheets)
    signs = {glyph: chr(0xF0000 + number) for number, glyph in enumerate(glyphs)}
    marks = {signs[glyph] for glyph, place in glyphs.items() if place not in LETTER_PLACES}
    texts = [
        sheet.text.translate({ord(p): signs[glyph] for glyph, p in sheet.unnamed.items()})
        for sheet in sheets
    ]
    words = Counter(word for text in texts for word in _WORD.findall(text))
    names = {sign: LOST_MARK if sign in marks else UNKNOWN for sign in signs.values()}
    names |= {mark: "ا" for mark in marks if _is_alef(mark, words)}
    bare = str.maketrans({mark: names[mark].strip(LOST_MARK) for mark in marks})
    of_titles = _WORD.findall(persian.normalize_persian("\n".join(titles)))
    names |= learn_letters((word.translate(bare) for word in words), of_titles)
    return [_named(sheet, signs, names) for sheet in sheets]


def _named(sheet: Sheet, signs: dict[str, str], names: dict[str, str]) -> Sheet:
    table = {ord(place): names[signs[glyph]] for glyph, place in sheet.unnamed.items()}
    lines = tuple(line._replace(text=line.text.translate(table)) for line in sheet.lines)
    return sheet._replace(lines=lines, unnamed={})


def _is_alef(mark: str, words: Iterable[str]) -> bool:
    """Whether it stands on lam alone: the second half of a lam-alef that is drawn in two."""
    own = [word for word in words if mark in word]
    return len(own) >= LEAST_WORDS and all(
        word[at - 1 : at] == "ل" for word in own for at, char in enumerate(word) if char == mark
    )


def learn_letters(words: Iterable[str], familiar: Iterable[str] = ()) -> dict[str, str]:
    """The letter of each private character in these words, as far as they tell."""
    told = set(words)
    names: dict[str, str] = {}
    while True:
        table = {ord(sign): letter for sign, letter in names.items()}
        told = {word.translate(table) for word in told}
        known = {word for word in told if not _PLACE.search(word)}
        known |= persian.FUNCTION_WORDS | persian.NEGATIONS | COMMON_WORDS | set(familiar)
        stems = {word[:end] for word in known for end in range(LEAST_STEM, len(word))}
        votes = _count_votes(told, known | stems)
        new = {sign: letter for sign, (letter, share) in votes.items() if share >= LEAST_SHARE}
        if not new:
            return names
        names |= new


def _count_votes(told: set[str], known: set[str]) -> dict[str, tuple[str, float]]:
    """The likeliest letter of each private character, and its share of the words that some letter
    makes known; a word that several letters fit counts in parts.
    """
    alphabet = sorted({char for word in known for char in word})
    votes: dict[str, dict[str, list[float]]] = {}
    for word in told:
        signs = set(_PLACE.findall(word))
        if len(signs) == 1 and len(word) > 1:
            sign = signs.pop()
            fitting = [letter for letter in alphabet if word.replace(sign, letter) in known]
            for letter in fitting:
                votes.setdefault(sign, {}).setdefault(letter, []).append(1 / len(fitting))
    found = {}
    for sign, shares in votes.items():
        letter, own = max(shares.items(), key=lambda item: sum(item[1]))
        if len(own) >= LEAST_WORDS:
            found[sign] = letter, sum(own) / sum(map(sum, shares.values()))
    return found
