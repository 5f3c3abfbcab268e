"""Notice items that say the same: letter variants, changed ages and sexes, a few other words. Scales by MinHash and LSH."""

import re
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

from tasks.text import fold
from tasks.validation.items import ItemKind
from tasks.validation.shelf import folded_words, name
from tasks.validation.wording import Wording

PERMUTATIONS = 64
RECALL = (0.1, 0.9)  # weights of false positives and false negatives: candidates are checked exactly afterwards


class Seen:
    """The items so far; tells which of them an item repeats."""

    def __init__(self, words: Wording, threshold: float) -> None:
        self.words, self.threshold = words, threshold
        self._exact: dict[str, str] = {}
        self._shingles: dict[str, frozenset[str]] = {}
        self._index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=RECALL)

    def repeats(self, kind: ItemKind, text: str, key: str) -> str | None:
        """The id of an earlier item that says the same, if there is one."""
        form = self.form(kind, text, key)
        if earlier := self._exact.get(form):
            return earlier
        pieces = shingles(form)
        near = sorted(i for i in self._index.query(_signature(pieces)) if similarity(pieces, self._shingles[i]) >= self.threshold)
        return near[0] if near else None

    def add(self, identity: str, kind: ItemKind, text: str, key: str) -> None:
        """Remember an item."""
        form = self.form(kind, text, key)
        pieces = shingles(form)
        self._exact.setdefault(form, identity)
        if identity not in self._shingles:
            self._shingles[identity] = pieces
            self._index.insert(identity, _signature(pieces))

    def form(self, kind: ItemKind, text: str, key: str) -> str:
        """What is compared: folded words, ages and sexes masked, the key at the end."""
        return f"{kind} {masked(text, self.words)} = {name(key)}"


def masked(text: str, words: Wording) -> str:
    """Folded words in which every age and every sex is the same."""
    aged = re.sub(words.age, "#", fold(text))
    return " ".join("@" if w in words.sexes else w for w in folded_words(aged.replace("#", " 0 ")))


def shingles(form: str, n: int = 3) -> frozenset[str]:
    """Runs of n words."""
    tokens = form.split()
    return frozenset(" ".join(tokens[i : i + n]) for i in range(max(1, len(tokens) - n + 1)))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard: |A ∩ B| / |A ∪ B|."""
    return len(one & other) / max(1, len(one | other))


def _signature(pieces: Sequence[str] | frozenset[str]) -> MinHash:
    made = MinHash(num_perm=PERMUTATIONS, seed=1)
    made.update_batch([p.encode() for p in pieces])
    return made
