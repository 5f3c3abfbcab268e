"""Notice items that say the same: letter variants, changed ages and sexes, a few other words. Scales by MinHash and LSH."""

import re
from collections.abc import Iterable

from tasks.plan import ValidationPlan
from tasks.validation.items import ItemKind, Row, key_of, kind_of, text_of
from tasks.validation.names import folded, folded_words, name
from tasks.validation.sketches import index, numbered, similarity, sketch
from tasks.validation.wording import Wording, wording


class Seen:
    """The items so far; tells which of them an item repeats."""

    def __init__(self, language: str, plan: ValidationPlan, earlier: Iterable[Row] = ()) -> None:
        self.patterns, self.threshold = wording(language), plan.near_duplicate
        self._exact: dict[str, str] = {}
        self._shingles: dict[str, frozenset[int]] = {}
        self._index = index(self.threshold)
        for row in earlier:
            self.add_item(row.id, kind_of(row), text_of(row), key_of(row))

    def find_repeated(self, kind: ItemKind, text: str, key: str) -> str | None:
        """The id of an earlier item that says the same, if there is one."""
        form = self.build_form(kind, text, key)
        if earlier := self._exact.get(squeezed(form)) or self._exact.get(shuffled(form)):
            return earlier
        pieces = shingles(form)
        own = numbered(pieces)
        near = sorted(i for i in self._index.query(sketch(pieces)) if similarity(own, self._shingles[i]) >= self.threshold)
        return near[0] if near else None

    def add_item(self, identity: str, kind: ItemKind, text: str, key: str) -> None:
        """Remember an item."""
        form = self.build_form(kind, text, key)
        pieces = shingles(form)
        self._exact.setdefault(squeezed(form), identity)
        self._exact.setdefault(shuffled(form), identity)
        if identity not in self._shingles:
            self._shingles[identity] = numbered(pieces)
            self._index.insert(identity, sketch(pieces))

    def build_form(self, kind: ItemKind, text: str, key: str) -> str:
        """What is compared: folded words, ages and sexes masked, the key at the end."""
        return f"{kind} {masked(text, self.patterns)} = {name(key)}"


def masked(text: str, words: Wording) -> str:
    """Folded words in which every age and every sex is the same."""
    aged = re.sub(words.age, "#", folded(text))
    return " ".join("@" if w in words.sexes else w for w in folded_words(aged.replace("#", " 0 ")))


def squeezed(form: str) -> str:
    """Spacing gone: «می شود», «می‌شود» and «میشود» are one."""
    return form.replace(" ", "")


def shuffled(form: str) -> str:
    """The same words in any order."""
    return " ".join(sorted(set(form.split())))


def shingles(form: str, n: int = 3) -> frozenset[str]:
    """Runs of n words."""
    tokens = form.split()
    return frozenset(" ".join(tokens[i : i + n]) for i in range(max(1, len(tokens) - n + 1)))
