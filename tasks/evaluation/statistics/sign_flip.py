"""The one test of a paired comparison, with whole facts as its units: flip the sign of a fact's
summed differences.

Questions on one fact rise and fall together, so the facts are the evidence. If tuning did nothing,
a fact's sum of differences (gained minus lost) is as likely to be positive as negative: the p-value
is the share of all ways of choosing the signs that give a total as far from zero. Where each fact
has one question, that is McNemar's exact test. The interval holds the differences that the same
test, of the sums less that difference, does not refuse: such a bound is a quantile of the mean
difference in random halves of the facts (Hartigan, JASA 1969, 64:1303).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Counts = NDArray[np.int64]
DRAWS = 4_000  # halves of the facts: the share beyond a bound, .025, errs by ± .0025
# Facts like those that moved, added towards a bound beyond zero. A fact that none of the asked ones
# shows may still move: with two of them, of n single questions with no change the bound is 4 / n
# (exact, Clopper-Pearson: 3.7 / n), with five gained and none lost 12 / n (11.7), with 20 32 (30.7)
UNSEEN_FACTS = 2


class Bounds(NamedTuple):
    """Where a value may lie."""

    low: float
    high: float


class Units(NamedTuple):
    """What moves together, a place for each."""

    balances: Counts  # questions gained minus lost
    sizes: Counts  # questions

    @property
    def mean(self) -> float:
        return float(self.balances.sum() / self.sizes.sum())


def group_units(differences: Counts, unit: Counts, times: int = 1) -> Units:
    """The sums of each unit; `times`: answers that each question's difference is the sum of."""
    _, number = np.unique(unit, return_inverse=True)
    return Units(
        np.rint(np.bincount(number, differences)).astype(np.int64),
        np.bincount(number).astype(np.int64) * times,
    )


def compute_p_value(balances: Counts) -> float:
    """Two-sided, exact: the sums are whole numbers, so the distribution of their total is a
    convolution, a binomial for each size of sum.
    """
    sums = np.abs(balances[balances != 0])
    if not balances.sum():
        return 1.0
    chances = np.ones(1)  # of so many units of the total being flipped
    for value, count in zip(*np.unique(sums, return_counts=True), strict=True):
        flipped = np.zeros(len(chances) + value * count)
        for times, share in enumerate(_compute_even_binomial(int(count))):
            flipped[times * value : times * value + len(chances)] += share * chances
        chances = flipped
    total = int(sums.sum())
    far = np.abs(total - 2 * np.arange(total + 1)) >= abs(int(balances.sum()))
    return min(1.0, float(chances[far].sum()))


def compute_bounds(units: Units, alpha: float, seed: int) -> Bounds:
    """Interval of the mean difference at level 1 - alpha; it leaves out zero where the test is
    significant, and only there.
    """
    tails = (alpha / 2, 1 - alpha / 2)
    halves = _draw_halves(units, seed)
    size, gain = _describe_unseen(units)
    plain = [_quantile(halves.balances, halves.sizes, tail, end) for tail, end in _ends(tails)]
    beyond = [
        _quantile(
            halves.balances + end * gain * halves.unseen,
            halves.sizes + size * halves.unseen,
            tail,
            end,
        )
        for tail, end in _ends(tails)
    ]
    outer = Bounds(min(plain[0], beyond[0]), max(plain[1], beyond[1]))
    value, significant = units.mean, compute_p_value(units.balances) <= alpha
    low = plain[0] if significant and value > 0 else outer.low
    high = plain[1] if significant and value < 0 else outer.high
    return align_with_test(Bounds(low, high), value, significant, int(units.sizes.sum()))


def align_with_test(bounds: Bounds, value: float, significant: bool, n: int) -> Bounds:
    """The same bounds where they agree with the exact test of zero; else moved to zero, or half a
    question away from it: elsewhere than at zero they are drawn, or approximate.
    """
    low, high = min(bounds.low, value), max(bounds.high, value)
    if not significant:
        return Bounds(min(low, 0.0), max(high, 0.0))
    half = 0.5 / n
    return Bounds(max(low, half), high) if value > 0 else Bounds(low, min(high, -half))


def compute_design_effect(values: Counts, unit: Counts) -> float:
    """How many questions of these units are worth as much as one alone: the variance of the mean by
    unit over that by question. Where all questions are alike, a unit is worth one question.
    """
    n, (sums, sizes) = len(values), group_units(values, unit)
    mean, count = float(values.mean()), len(sizes)
    alone = float(((values - mean) ** 2).sum()) * n / max(1, n - 1)
    if alone == 0 or count == 1:
        return float((sizes.astype(float) ** 2).sum() / n)
    return float(((sums - sizes * mean) ** 2).sum()) * count / (count - 1) / alone


class _Halves(NamedTuple):
    """Random halves of the units: sums and sizes of each, and how many of the unseen units."""

    balances: Counts
    sizes: Counts
    unseen: Counts


def _draw_halves(units: Units, seed: int) -> _Halves:
    """Each unit is in a half or not, by a coin; units alike in both numbers are drawn as a kind."""
    kinds, members = np.unique(np.stack(units, axis=1), axis=0, return_counts=True)
    dice = np.random.default_rng(seed)
    drawn = dice.binomial(members, 0.5, size=(DRAWS, len(members)))
    return _Halves(
        drawn @ kinds[:, 0], drawn @ kinds[:, 1], dice.binomial(UNSEEN_FACTS, 0.5, size=DRAWS)
    )


def _describe_unseen(units: Units) -> tuple[float, float]:
    """Size and gain of a unit that none of those asked shows: the size of a question's unit, and
    what those that moved gained, the larger by sum and by share; all of it where none moved.
    """
    size = float((units.sizes.astype(float) ** 2).sum() / units.sizes.sum())
    moved = units.balances != 0
    if not moved.any():
        return size, size
    sums = np.abs(units.balances[moved]).astype(float)
    gain = max(float((sums**2).sum() / sums.sum()), size * sums.sum() / units.sizes[moved].sum())
    return max(size, gain), gain


def _ends(tails: tuple[float, float]) -> tuple[tuple[float, int], tuple[float, int]]:
    return (tails[0], -1), (tails[1], 1)


def _quantile(
    sums: Counts | NDArray[np.float64], sizes: Counts | NDArray[np.float64], tail: float, end: int
) -> float:
    """Of the means of the halves; an empty half says nothing, so it lies beyond any bound."""
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), end)
    return float(np.quantile(means, tail, method="lower" if end < 0 else "higher"))


def _compute_even_binomial(n: int) -> NDArray[np.float64]:
    k = np.arange(n + 1)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) - n * math.log(2)
    return np.asarray(np.exp(log), dtype=np.float64)
