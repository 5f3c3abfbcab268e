"""What only the book can tell of an item's words: half-spaces that got lost are put back, reversed word order is noticed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from tasks import exam, persian
from tasks.text import words
from tasks.validation.items import Item
from tasks.validation.names import folded_words
from tasks.validation.wording import Wording

Z = persian.ZWNJ
STEM = 3  # letters that a word must have before an ending that is split off
_WORD = re.compile(r"[^\W\d_]+")
_END_FIRST = re.compile(r"^\S+[؟?.](?:\s|$)")
_END_LAST = re.compile(r"[؟?.!:…»)]\s*$")


class Habits(NamedTuple):
    """How the book writes its words, and which word follows which."""

    half_spaced: dict[str, str]  # word without its half-spaces → with them
    known: frozenset[str]
    follows: frozenset[tuple[str, str]]


def habits(texts: Iterable[str], form: Wording, language: str) -> Habits:
    """Learnt from the book; the word order also from the usual wording of vignettes and questions."""
    lines = list(texts)
    known = frozenset(w for line in lines for w in words(line))
    spelt: dict[str, set[str]] = {}
    for word in known:
        if Z in word:
            spelt.setdefault(word.replace(Z, ""), set()).add(word)
    certain = {bare: next(iter(forms)) for bare, forms in spelt.items() if len(forms) == 1 and bare not in known}
    paper = exam.paper(language)
    usual = [*form.typical, paper.recall.format(symptom=""), paper.instruction]
    follows = frozenset(pair for line in [*lines, *usual] for sentence in line.split("\n") for pair in pairwise(_tokens(sentence)))
    return Habits(certain, known, follows)


def mend(item: Item, book: Habits, form: Wording) -> Item:
    """The item with the book's half-spaces."""
    text, diagnosis, *options = (half_spaced(t, book, form) for t in (item.text, item.diagnosis, *item.options))
    if (text, diagnosis, *options) == (item.text, item.diagnosis, *item.options):
        return item
    return replace(item, text=text, diagnosis=diagnosis, options=tuple(options), repairs=(*item.repairs, "half-spaces"))


def half_spaced(text: str, book: Habits, form: Wording) -> str:
    """«مدلهای» → «مدل‌های» where the book writes it so, or knows the stem and not the joined word."""

    def respell_word(match: re.Match[str]) -> str:
        word = match[0]
        if word in book.half_spaced:
            return book.half_spaced[word]
        ending = next((e for e in form.endings if word.endswith(e)), "")
        stem = word.removesuffix(ending) if ending else ""
        return f"{stem}{Z}{ending}" if len(stem) >= STEM and stem in book.known and word not in book.known else word

    return _WORD.sub(respell_word, text) if book.half_spaced or form.endings else text


def reversed_part(item: Item, book: Habits) -> str | None:
    """The part of an item whose words stand in reversed order, if there is one."""
    for text in (item.text, item.diagnosis):
        if is_reversed(text, book):
            return text
    backward = [o for o in item.options if is_reversed(o, book)]
    return " / ".join(backward) if len(backward) > 1 or item.key in backward else None


def is_reversed(text: str, book: Habits) -> bool:
    """The book knows its neighbouring words mostly the other way round."""
    tokens = _tokens(text)
    forward = sum(pair in book.follows for pair in pairwise(tokens))
    backward = sum((b, a) in book.follows for a, b in pairwise(tokens))
    if len(tokens) > 3 and _END_FIRST.match(text) and not _END_LAST.search(text):
        return backward >= forward
    return backward > 2 * forward and (backward > 1 or (len(tokens) < 4 and forward == 0))


def _tokens(text: str) -> list[str]:
    return ["#" if w.isdigit() else w for w in folded_words(text)]
