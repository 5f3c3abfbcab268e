"""MinHash sketches and an index of them: candidates for likeness among a hundred thousand texts
without comparing all pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

PERMUTATIONS = 64
LSH_WEIGHTS = (
    0.1,
    0.9,
)  # weights of false positives and false negatives: candidates are compared exactly afterwards


@cache
def _empty_sketch() -> MinHash:
    """Its permutations are drawn once. datasketch imports SciPy: a second of every command, unless
    it is needed.
    """
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, seed=1)


def build_sketch(pieces: Iterable[str]) -> MinHash:
    """A sketch whose likeness estimates the Jaccard similarity of the sets."""
    made = _empty_sketch().copy()
    made.update_batch([piece.encode() for piece in pieces])
    return made


def build_lsh_index(threshold: float) -> MinHashLSH:
    """An empty index that finds sketches from this likeness on."""
    from datasketch import MinHashLSH

    return MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=LSH_WEIGHTS)


def hash_pieces(pieces: Iterable[str]) -> frozenset[int]:
    """The pieces by their 64-bit hashes of this process: a quarter of the memory."""
    return frozenset(map(hash, pieces))


def compute_jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Jaccard: |A ∩ B| / |A ∪ B|."""
    return len(one & other) / max(1, len(one | other))
