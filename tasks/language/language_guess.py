"""Which language a text is in: by its script where only one language uses it, else by the small
words that hold its sentences together.
"""

import re
from collections import Counter
from typing import NamedTuple

from tasks.language.persian import ZWNJ
from tasks.language.text import fold_text, split_words

LEAST_WORDS = 60  # fewer tell nothing
# share of the words; of the texts in tests/language/test_language_guess.py the language itself has
# 0.16 and more, another one of the same script 0.13 at most
LEAST_SHARE = 0.08
CLEARLY_MORE = 1.5  # times the share of the language that was expected: kin share many small words
OWN_SCRIPT_SHARE = 0.2  # of the letters; Japanese has as many Chinese characters as kana

SCRIPTS = {  # written without spaces, or by one language of those below alone
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "bn": re.compile("[\u0980-\u09ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
}
SMALL_WORDS = {
    code: frozenset(map(fold_text, words.split()))
    for code, words in {
        "en": (
            "the of and to in a is that it for as with was on are by be this from or an at not have"
        ),
        "fa": "و در به از که این را با است برای آن یا تا بر هم می شود شده باشد کند یک نیز اگر هر",
        "ar": (
            "في من على إلى أن هذا هذه التي الذي عن مع كان لا ما أو هو هي ثم قد بين ذلك بعد كل عند"
        ),
        "ur": "کے کی کا میں سے ہے ہیں اور کو نے پر کہ یہ اس ایک بھی تھا کر ہو جو گیا نہیں وہ تھے",
        "ps": "د په او چې له دا کې ته هم سره دی یو ده نه یې دي څخه کړي شي پر شوي دغه ترڅو لري",
        "ku": "لە بۆ کە و ئەم ئەو بە لەگەڵ یان هەر دەکات دەبێت نییە هەیە سەر پێش دوای ئەوە یەک چۆن",
        "de": (
            "der die das und in den von zu mit ist "
            "des sich ein eine auf für nicht dem im werden bei"
        ),
        "fr": "de la le les et des en du une un est pour que dans par sur au qui avec plus ou ne",
        "es": "de la que el en y los del las un por con una para es se al como más su o lo",
        "it": "di e il la che in un del per una della con non sono si da le dei nel al è i",
        "pt": "de a o que e do da em um para com não uma os no na por mais as dos se ao",
        "nl": "de het een van en in is op te dat die voor met zijn niet aan er bij om als ook door",
        "sv": (
            "och att det i en som är på av för med den till ett inte har de om vid kan eller från"
        ),
        "da": "og at det i en som er på af for med den til et ikke har de om ved kan eller fra der",
        "no": "og at det i en som er på av for med den til et ikke har de om ved kan eller fra seg",
        "fi": "ja on ei että se tai kun myös mutta oli joka ovat voi sen kuin jos ole niin sekä",
        "pl": "w i na z do się nie że jest to o jak po przez dla od lub oraz są ze może być",
        "cs": "a v na se je že s z do o to i jako pro ve k za by ale jsou nebo při být od",
        "hu": "a az és hogy nem is egy ez van de vagy meg azt mint csak már ha el ki lehet volt",
        "ro": "de și în la a cu pe o un din care este pentru nu mai prin sau sunt se fi ca au",
        "tr": "ve bir bu için ile de da olarak daha en çok gibi olan veya ise kadar sonra değil ne",
        "az": (
            "və bir bu üçün ilə də da olan olaraq daha çox kimi və ya ki sonra hər isə edir deyil"
        ),
        "ru": "и в на с не что по для из как от при это или к а то его о у же за может так",
        "uk": "і в на з не що та для до як від при це або за у його про є й також може так",
        "vi": "và của là các có trong cho được với một không những này khi từ đến hoặc để người",
        "id": (
            "yang dan di dengan untuk dari pada dalam ini adalah atau tidak ke oleh itu dapat juga"
        ),
    }.items()
}


class LanguageGuess(NamedTuple):
    """A language by its code, and the share of its small words (or letters) in the text."""

    code: str
    share: float


def guess_language(text: str) -> LanguageGuess | None:
    """The likeliest language; none where the text is short, or in no language that is known
    here.
    """
    letters = [character for character in text if character.isalpha()]
    for code, pattern in SCRIPTS.items():
        share = sum(map(bool, map(pattern.match, letters))) / max(1, len(letters))
        if share >= OWN_SCRIPT_SHARE and len(letters) >= LEAST_WORDS:
            return LanguageGuess(code, share)
    shares = measure_shares(text)
    code = max(shares, key=lambda name: shares[name], default="")
    return LanguageGuess(code, shares[code]) if code and shares[code] >= LEAST_SHARE else None


def find_other_language(text: str, expected: str) -> LanguageGuess | None:
    """The language that a text is in, where it is clearly not the expected one."""
    found = guess_language(text)
    if found is None or found.code == expected:
        return None
    own = measure_shares(text).get(expected, 0.0)
    return found if found.share >= CLEARLY_MORE * own else None


def measure_shares(text: str) -> dict[str, float]:
    """Share of each language's small words among the words, letter variants forgiven; nothing for
    fewer words than LEAST_WORDS.
    """
    parts = Counter(part for word in split_words(text.casefold()) for part in word.split(ZWNJ))
    counts: Counter[str] = Counter()
    for part, times in parts.items():
        if part[:1].isalpha():
            counts[fold_text(part)] += times
    whole = counts.total()
    return (
        {code: sum(counts[word] for word in small) / whole for code, small in SMALL_WORDS.items()}
        if whole >= LEAST_WORDS
        else {}
    )
