"""Notice items that say the same: letter variants, changed ages and sexes, a few other words.
Scales by MinHash and LSH.
"""

import re

from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.minhash import (
    build_lsh_index,
    build_sketch,
    compute_jaccard,
    hash_pieces,
)
from tasks.validation.items import ItemKind
from tasks.validation.language_patterns import LanguagePatterns, get_language_patterns
from tasks.validation.term_matching import fold_cached, fold_words, normalize_name


class SeenItems:
    """The items so far; tells which of them an item repeats."""

    def __init__(self, language: str, plan: ValidationPlan) -> None:
        self.patterns, self.threshold = get_language_patterns(language), plan.near_duplicate
        self._exact: dict[str, str] = {}
        self._shingles: dict[str, frozenset[int]] = {}
        self._index = build_lsh_index(self.threshold)

    def find_repeated(self, kind: ItemKind, text: str, key: str) -> str | None:
        """The id of an earlier item that says the same, if there is one."""
        form = self.build_form(kind, text, key)
        if earlier := self._exact.get(remove_spaces(form)) or self._exact.get(sort_words(form)):
            return earlier
        pieces = join_word_runs(form)
        own = hash_pieces(pieces)
        near = sorted(
            i
            for i in self._index.query(build_sketch(pieces))
            if compute_jaccard(own, self._shingles[i]) >= self.threshold
        )
        return near[0] if near else None

    def add_item(self, identity: str, kind: ItemKind, text: str, key: str) -> None:
        """Remember an item."""
        form = self.build_form(kind, text, key)
        pieces = join_word_runs(form)
        self._exact.setdefault(remove_spaces(form), identity)
        self._exact.setdefault(sort_words(form), identity)
        if identity not in self._shingles:
            self._shingles[identity] = hash_pieces(pieces)
            self._index.insert(identity, build_sketch(pieces))

    def remove_item(self, identity: str) -> None:
        """Forget an item that was refused after all: what mends it may say nearly the same."""
        self._exact = {form: known for form, known in self._exact.items() if known != identity}
        if self._shingles.pop(identity, None) is not None:
            self._index.remove(identity)

    def build_form(self, kind: ItemKind, text: str, key: str) -> str:
        """What is compared: folded words, ages and sexes masked, the key at the end."""
        return f"{kind} {mask_ages_and_sexes(text, self.patterns)} = {normalize_name(key)}"


def mask_ages_and_sexes(text: str, words: LanguagePatterns) -> str:
    """Folded words in which every age and every sex is the same."""
    aged = re.sub(words.age, "#", fold_cached(text))
    return " ".join("@" if w in words.sexes else w for w in fold_words(aged.replace("#", " 0 ")))


def remove_spaces(form: str) -> str:
    """Spacing gone: «می شود», «می‌شود» and «میشود» are one."""
    return form.replace(" ", "")


def sort_words(form: str) -> str:
    """The same words in any order."""
    return " ".join(sorted(set(form.split())))


def join_word_runs(form: str, n: int = 3) -> frozenset[str]:
    """Runs of n words."""
    tokens = form.split()
    return frozenset(" ".join(tokens[i : i + n]) for i in range(max(1, len(tokens) - n + 1)))
