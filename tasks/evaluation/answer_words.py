"""Cut a model's reply into words, each with what it can be: an option's text, number or letter, a
denial, a reason.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from tasks.language import persian, text
from tasks.language.language_pack import load_all_packs

_TOKEN = re.compile(
    r"\x00\d|\d+(?:[./,:٫٬-]\d+)*|[a-z]+(?:-[a-z]{2,})+|[^\W\d_]+(?:['’][^\W\d_]+)*|\n|\S"
)
_KINDS = (
    "answer",
    "option",
    "between",
    "after",
    "joint",
    "either",
    "wrong",
    "without",
    "reason",
    "right",
    "hence",
    "retract",
)
WIDE = {0xFF01 + place: 0x21 + place for place in range(94)}  # the full-width forms of ASCII


class Token(NamedTuple):
    """A word, number or mark, what it can be, and which option it names."""

    kinds: frozenset[str]
    option: int | None
    word: str


def cut_next_question(words: str) -> str:
    """Up to where the model begins a question of its own."""
    starts = "|".join(map(re.escape, sorted(_wording()["question"])))
    found = re.search(rf"(?:^|\n)\W*(?:{starts})\s*\d*\s*:", words)
    return words[: found.start()] if found else words


def mask_options(words: str, options: Sequence[str]) -> str:
    """Each option's own text by a sign of its own, the longest first, so that "type 2" inside a
    name is not an answer.
    """
    folded = sorted(
        (
            (text.fold_text(option.replace(persian.ZWNJ, " ")).strip(), number)
            for number, option in enumerate(options, 1)
        ),
        key=lambda pair: -len(pair[0]),
    )
    for option, number in folded:
        option = option.rstrip(".") or option
        if re.fullmatch(r"[1-4]|[a-d]|" + "|".join(persian.OPTION_LETTERS), option) or not option:
            # a bare number or letter is read as the number of an option, as the paper asks
            continue
        words = re.sub(rf"(?<!\w){_spelling(option)}(?!\w)", f" \x00{number} ", words)
    return words


def _spelling(option: str) -> str:
    """A pattern of an option in all its spellings: blanks and half-spaces, «ی» of ezafe, numbers in
    words.
    """
    parts = []
    for word in option.split():
        same = _wording()["amounts"].get(word, {word})
        one = "|".join(
            re.escape(w) + (r"(?: ?ی)?" if w.endswith("ه") else "") for w in sorted(same)
        )
        parts.append(f"(?:{one})")
    return (" *" if not option.isascii() else r"\s+").join(parts)


def tokenize(words: str) -> list[Token]:
    tokens: list[Token] = []
    for word in _TOKEN.findall(words):
        token = _token(word)
        pronoun = (
            word == "one"
            and bool(tokens)
            and not tokens[-1].kinds & {"option", "mark"}
            and tokens[-1].word != "is"
        )
        tokens.append(Token(frozenset({"between", "after"}), None, word) if pronoun else token)
    return tokens


def _token(word: str) -> Token:
    known = _wording()
    if word.startswith("\x00"):
        return Token(frozenset({"text"}), int(word[1:]), word)
    if re.fullmatch("[1-4]", word):
        return Token(frozenset({"digit"}), int(word), word)
    kinds = {kind for kind in _KINDS if word in known[kind]}
    names = known["names"].get(word)
    if word in known["counts"]:
        kinds.add("count")
    if not re.match(r"\w", word):
        kinds.add("mark")
    return Token(frozenset(kinds), names, word)


@cache
def _wording() -> dict[str, Any]:
    """The words of packs/*/answers.yaml, folded, all languages together."""
    packs = load_all_packs("packs/answers.yaml")
    known: dict[str, Any] = {
        kind: frozenset(text.fold_text(word) for pack in packs for word in pack[kind])
        for kind in packs[0].keys() - {"numbers", "amounts"}
    }
    known["amounts"] = _amounts([pack["amounts"] for pack in packs])
    numbers = {
        text.fold_text(word): number
        for pack in packs
        for language in pack["numbers"]
        for number, words in language.items()
        for word in words
    }
    letters = {
        text.fold_text(letter): number
        for pack in load_all_packs("packs/letters.yaml")
        for letter, number in pack["option_letters"].items()
    }
    known["names"] = numbers | letters
    return known


def _amounts(lists: list[list[str]]) -> dict[str, set[str]]:
    """A number or the word for it → all its spellings: «شش» is 6."""
    spellings: dict[str, set[str]] = {}
    for words in lists:
        for number, word in enumerate(words, 1):
            spellings.setdefault(str(number), {str(number)}).add(text.fold_text(word))
    return {spelling: same for same in spellings.values() for spelling in same}
