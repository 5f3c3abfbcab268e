"""Intervals: of a share (Wilson), of a paired difference (Tango's score), and the same with whole
facts resampled.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Counts = NDArray[np.int64]
_BISECTION_STEPS = 60  # of [-1, 1]: 2e-18


class Bounds(NamedTuple):
    """Where a value may lie."""

    low: float
    high: float


def compute_wilson_interval(correct: float, n: int, level: float = 0.95) -> Bounds:
    """The score interval of a share; never leaves 0 to 1 and holds for few questions."""
    z2 = _get_normal_quantile(level) ** 2
    share = correct / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Bounds(max(0.0, centre - reach), min(1.0, centre + reach))


def compute_tango_interval(gained: int, lost: int, n: int, level: float = 0.95) -> Bounds:
    """Tango's score interval of the paired difference (gained - lost) / n (Statistics in Medicine
    1998, 17:891).

    All differences that a two-sided score test at 1 - level would not refuse; at zero it is
    McNemar's test. It holds
    for few and for no discordant questions, where a Wald interval has length zero.
    """
    z = _get_normal_quantile(level)
    seen = (gained - lost) / n
    return Bounds(
        _invert_score(z, gained, lost, n, -1.0, seen), _invert_score(-z, gained, lost, n, seen, 1.0)
    )


def compute_tango_score(gained: int, lost: int, n: int, difference: float) -> float:
    """Tango's z: (gained - lost - n·difference) over its standard error if `difference` is the
    truth.
    """
    over = gained - lost - n * difference
    if over == 0:
        return 0.0
    lost_share = _estimate_lost_share(gained, lost, n, difference)
    variance = n * (2 * lost_share + difference * (1 - difference))
    return over / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, over)


def compute_equivalence_p_value(gained: int, lost: int, n: int, margin: float) -> float:
    """p-value of two one-sided score tests: small where the difference is shown to lie within ±
    margin.
    """
    above = compute_tango_score(gained, lost, n, -margin)
    below = compute_tango_score(gained, lost, n, margin)
    return max(1 - NormalDist().cdf(above), NormalDist().cdf(below))


def bootstrap_difference(
    balances: Counts, sizes: Counts, level: float, seed: int, draws: int = 2000
) -> Bounds:
    """Percentile interval of the paired difference with whole facts drawn anew.

    `balances` are gains minus losses, `sizes` the questions of each fact. Facts alike in both are
    drawn as a kind:
    the same distribution, with a table of kinds instead of facts.
    """
    kinds, members = np.unique(np.stack([balances, sizes], axis=1), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(sizes), members / len(sizes), size=draws)
    differences = (drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1])
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return Bounds(float(low), float(high))


def compute_fact_interval(balances: Counts, sizes: Counts, level: float = 0.95) -> Bounds:
    """The t interval of the paired difference with facts as units; nothing is known from fewer than
    two facts.
    """
    if len(sizes) < 2:
        return Bounds(-1.0, 1.0)
    centre = float(balances.sum() / sizes.sum())
    reach = float(stdtrit(len(sizes) - 1, (1 + level) / 2)) * compute_standard_error(
        balances, sizes
    )
    return Bounds(max(-1.0, centre - reach), min(1.0, centre + reach))


def compute_standard_error(balances: Counts, sizes: Counts) -> float:
    """Of Σ balances / Σ sizes, whole facts being drawn: the ratio estimator's, with facts / (facts
    - 1).
    """
    facts, n = len(sizes), sizes.sum()
    left = balances - sizes * (balances.sum() / n)  # what each fact has beyond its share
    return math.sqrt(float(left @ left) * facts / (facts - 1)) / float(n)


def _estimate_lost_share(gained: int, lost: int, n: int, difference: float) -> float:
    """The likeliest share of lost questions if the share of gained ones is that plus `difference`.

    The larger root of 2n·q² + b·q + c = 0, from setting the derivative of the trinomial likelihood
    to zero.
    """
    b = (2 * n - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    root = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    return max(root, 0.0, -difference)


def _invert_score(z: float, gained: int, lost: int, n: int, low: float, high: float) -> float:
    """The difference at which the score, which falls as the difference grows, is z."""
    for _ in range(_BISECTION_STEPS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if compute_tango_score(gained, lost, n, middle) > z else (low, middle)
        )
    return (low + high) / 2


def _get_normal_quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
