"""What only the book can tell of an item's words: half-spaces that got lost are put back, reversed
word order is noticed.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from tasks import prompts
from tasks.language import persian
from tasks.language.text import split_words
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import LanguagePatterns
from tasks.validation.term_matching import fold_words

Z = persian.ZWNJ
MIN_STEM_LETTERS = 3  # letters that a word must have before an ending that is split off
_WORD = re.compile(r"[^\W\d_]+")
_END_FIRST = re.compile(r"^\S+[؟?.](?:\s|$)")
_END_LAST = re.compile(r"[؟?.!:…»)]\s*$")


class BookSpelling(NamedTuple):
    """How the book writes its words, and which word follows which."""

    half_spaced: dict[str, str]  # word without its half-spaces → with them
    known: frozenset[str]
    follows: frozenset[tuple[str, str]]


def learn_spelling(texts: Iterable[str], form: LanguagePatterns, language: str) -> BookSpelling:
    """Learnt from the book; the word order also from the usual wording of vignettes and
    questions.
    """
    lines = list(texts)
    known = frozenset(w for line in lines for w in split_words(line))
    spelt: dict[str, set[str]] = {}
    for word in known:
        if Z in word:
            spelt.setdefault(word.replace(Z, ""), set()).add(word)
    certain = {
        bare: next(iter(forms))
        for bare, forms in spelt.items()
        if len(forms) == 1 and bare not in known
    }
    paper = prompts.get_prompt_template(language)
    usual = [*form.typical, paper.recall.format(symptom=""), paper.instruction]
    follows = frozenset(
        pair
        for line in [*lines, *usual]
        for sentence in line.split("\n")
        for pair in pairwise(_tokenize_words(sentence))
    )
    return BookSpelling(certain, known, follows)


def repair_item(item: ParsedItem, book: BookSpelling, form: LanguagePatterns) -> ParsedItem:
    """The item with the book's half-spaces."""
    text, diagnosis, *options = (
        restore_half_spaces(t, book, form) for t in (item.text, item.diagnosis, *item.options)
    )
    if (text, diagnosis, *options) == (item.text, item.diagnosis, *item.options):
        return item
    return replace(
        item,
        text=text,
        diagnosis=diagnosis,
        options=tuple(options),
        repairs=(*item.repairs, "half-spaces"),
    )


def restore_half_spaces(text: str, book: BookSpelling, form: LanguagePatterns) -> str:
    """«مدلهای» → «مدل‌های» where the book writes it so, or knows the stem and not the
    joined word.
    """

    def respell_word(match: re.Match[str]) -> str:
        word = match[0]
        if word in book.half_spaced:
            return book.half_spaced[word]
        ending = next((e for e in form.endings if word.endswith(e)), "")
        stem = word.removesuffix(ending) if ending else ""
        return (
            f"{stem}{Z}{ending}"
            if len(stem) >= MIN_STEM_LETTERS and stem in book.known and word not in book.known
            else word
        )

    return _WORD.sub(respell_word, text) if book.half_spaced or form.endings else text


def find_reversed_part(item: ParsedItem, book: BookSpelling) -> str | None:
    """The part of an item whose words stand in reversed order, if there is one."""
    for text in (item.text, item.diagnosis):
        if is_reversed(text, book):
            return text
    backward = [o for o in item.options if is_reversed(o, book)]
    return " / ".join(backward) if len(backward) > 1 or item.key in backward else None


def is_reversed(text: str, book: BookSpelling) -> bool:
    """The book knows its neighbouring words mostly the other way round."""
    tokens = _tokenize_words(text)
    forward = sum(pair in book.follows for pair in pairwise(tokens))
    backward = sum((b, a) in book.follows for a, b in pairwise(tokens))
    if len(tokens) > 3 and _END_FIRST.match(text) and not _END_LAST.search(text):
        return backward >= forward
    return backward > 2 * forward and (backward > 1 or (len(tokens) < 4 and forward == 0))


def _tokenize_words(text: str) -> list[str]:
    return ["#" if w.isdigit() else w for w in fold_words(text)]
