"""Whether the conclusions of training pairs belong to their situations: a permutation test.

Situations of one conclusion speak of the same things, so they share more words than situations of
different ones; where a file's columns were sorted apart, or shifted by a row, they do not. The
statistic is the mean likeness of couples of pairs that have one conclusion; chance is the same with
the conclusions dealt out anew. Words that stand in many situations say nothing and are left out.

A consistent error, one wrong name for all pairs of a fact, cannot be seen so.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.language import text
from tasks.schemas.item_rows import Pair
from tasks.schemas.rows.measure_rows import PairAlignment

MAX_PAIRS = 400  # the likeness of each with each is 160,000 numbers
MAX_COUPLES = 2_000
DEALS = 399  # the least p is 1 / 400
COMMON_WORD_SHARE = 0.2  # of the situations; "patient", "years", "with"


def measure_pair_alignment(pairs: Sequence[Pair], seed: int = 0) -> PairAlignment | None:
    """The test of these pairs, of a sample where they are many; none without two alike in their
    conclusion and different in their words.
    """
    dice = np.random.default_rng(seed)
    chosen = sorted(dice.permutation(len(pairs))[:MAX_PAIRS])
    rows = list({_list_words(pairs[i]): pairs[i] for i in chosen}.items())  # copies tell nothing
    likeness = _compute_likeness([words for words, _ in rows])
    names = [text.fold_text(pair.diagnosis).strip() for _, pair in rows]
    couples = _list_couples(names, dice)
    if not len(couples):
        return None
    seen = _average_likeness(likeness, couples)
    dealt = np.array(
        [_average_likeness(likeness, dice.permutation(len(rows))[couples]) for _ in range(DEALS)]
    )
    return PairAlignment(
        couples=len(couples),
        alike=seen,
        by_chance=float(dealt.mean()),
        p_value=float((1 + (dealt >= seen - 1e-12).sum()) / (1 + DEALS)),
    )


def _list_words(pair: Pair) -> frozenset[str]:
    """The different words of a situation; numbers are left out."""
    words = (text.fold_text(word) for word in text.split_words(pair.symptom))
    return frozenset(word for word in words if not word[0].isdigit())


def _compute_likeness(rows: Sequence[frozenset[str]]) -> NDArray[np.float64]:
    """Jaccard's index of each two sets of words, of those that are not in too many of them."""
    spread = Counter(word for words in rows for word in words)
    kept = [
        word for word, n in spread.items() if 1 < n <= max(2, COMMON_WORD_SHARE * len(rows))
    ]  # a word that stands once is shared by none
    place = {word: i for i, word in enumerate(kept)}
    holds = np.zeros((len(rows), len(kept)))
    for row, words in enumerate(rows):
        holds[row, [place[word] for word in words if word in place]] = 1
    shared, sizes = holds @ holds.T, holds.sum(axis=1)
    either = sizes[:, None] + sizes[None, :] - shared
    return np.asarray(shared / np.maximum(either, 1), dtype=np.float64)


def _list_couples(names: Sequence[str], dice: np.random.Generator) -> NDArray[np.int64]:
    """Places of two pairs with one conclusion each, a sample where they are many."""
    number = np.unique(np.asarray(names), return_inverse=True)[1] if names else np.zeros(0)
    first, second = np.nonzero(np.triu(number[:, None] == number[None, :], 1))
    couples = np.stack([first, second], axis=1)
    return couples[dice.permutation(len(couples))[:MAX_COUPLES]]


def _average_likeness(likeness: NDArray[np.float64], couples: NDArray[np.int64]) -> float:
    return float(likeness[couples[:, 0], couples[:, 1]].mean())
