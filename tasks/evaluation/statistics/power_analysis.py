"""What a paired comparison can see: power, the smallest difference that will be found, and how many
questions would decide.

The model: a question changes from wrong to right with probability (discordance + difference) / 2
and back with (discordance - difference) / 2. The number that change is binomial, and so are the
gains among them: the power is a finite sum, so nothing is approximated but tails below 1e-12. Of
questions on one fact that move together, n are worth n / design effect alone.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln, xlog1py, xlogy

from tasks.evaluation.statistics.sign_flip import UNSEEN_FACTS
from tasks.schemas.plan_sections import ComparisonPlan

# Before a study nothing is measured. Laptop studies: 40 and 43 % of 198 questions changed between
# right and wrong; the variance of the difference by fact was 1.09 and 1.71 times that by question
ASSUMED_DISCORDANCE = 0.4
ASSUMED_DESIGN_EFFECT = 1.7
_BISECTION_STEPS = 24  # halvings of [0, 1]: 6e-8, far below one question


def compute_power(n: int, difference: float, discordance: float, alpha: float = 0.05) -> float:
    """The chance that `n` questions show a true `difference` at `discordance`, by exact McNemar at
    two-sided `alpha`.

    A gain counts only as a gain: significance in the wrong direction is no success.
    """
    if not abs(difference) <= discordance <= 1:
        raise ValueError(f"|difference| {difference} ≤ discordance {discordance} ≤ 1 does not hold")
    if n < 1 or discordance == 0:
        return 0.0
    changed = _list_likely_counts(n, discordance)
    share = (
        1 + abs(difference) / discordance
    ) / 2  # of the changed questions, those in the true direction
    most = find_critical_counts(changed, alpha)
    found = np.where(
        most < 0, 0.0, bdtr(np.maximum(most, 0), changed, 1 - share)
    )  # P(few enough in the other direction)
    return float(np.sum(_compute_binomial_pmf(changed, n, discordance) * found))


@lru_cache(maxsize=4096)
def find_detectable_difference(
    n: int, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest true difference that is found with the given `power`.

    Where even all changes being gains would not do, the discordance is taken to be as large as the
    difference.
    1.0 says that so few questions show nothing at all.
    """
    low, high = 0.0, 1.0
    for _ in range(_BISECTION_STEPS):
        middle = (low + high) / 2
        enough = _compute_power_at(n, middle, max(discordance, middle), alpha) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def count_questions_needed(
    difference: float, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> int:
    """The smallest number of questions that finds `difference` with `power`, to about 1 %."""
    return _find_smallest(lambda n: compute_power(n, difference, discordance, alpha) >= power)


def compute_equivalence_power(
    n: float, margin: float, discordance: float, alpha: float = 0.05, difference: float = 0.0
) -> float:
    """The chance that the whole interval lies within ± margin, the truth being `difference`; by the
    normal distribution, the facts that none of the asked ones shows added at either end.
    """
    error = math.sqrt(discordance / n)
    reach = NormalDist().inv_cdf(1 - alpha / 2)
    room = margin - UNSEEN_FACTS / n
    sides = (NormalDist().cdf((room + d) / error - reach) for d in (difference, -difference))
    return max(0.0, sum(sides) - 1)


def count_questions_for_absence(
    margin: float,
    discordance: float,
    alpha: float = 0.05,
    power: float = 0.8,
    difference: float = 0.0,
) -> int:
    """The smallest number of questions that shows the difference to lie within ± margin, to about
    1 %.
    """
    return _find_smallest(
        lambda n: compute_equivalence_power(n, margin, discordance, alpha, difference) >= power
    )


def count_deciding_questions(difference: float, discordance: float, plan: ComparisonPlan) -> int:
    """How many questions alone would tell if `difference` is the truth: that it is smaller than the
    margin, or, from half the margin on, where that takes fewer, that there is one.
    """
    if difference < plan.margin / 2:
        return count_questions_for_absence(
            plan.margin, discordance, plan.alpha, plan.power, difference
        )
    mixed = max(discordance, difference)
    return count_questions_needed(difference, mixed, plan.alpha, plan.power)


def _find_smallest(is_enough: Callable[[int], bool]) -> int:
    """The smallest count that is enough, to about 1 %."""
    low, high = 1, 8
    while not is_enough(high):
        low, high = high, high * 2
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def find_critical_counts(changed: NDArray[np.int64], alpha: float) -> NDArray[np.int64]:
    """For each number of changed questions, the most that may go the other way at two-sided
    `alpha`; -1: none may.
    """
    most = np.full(changed.shape, -1, dtype=np.int64)
    low, high = most.copy(), changed // 2  # bisection on k: 2 · P(X ≤ k | changed, 1/2) ≤ alpha
    while np.any(low < high):
        middle = (low + high + 1) // 2
        fits = 2 * bdtr(middle, changed, 0.5) <= alpha
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return low


_compute_power_at = compute_power  # `power` is also the name of the aim below


def _list_likely_counts(n: int, share: float) -> NDArray[np.int64]:
    """The counts that a binomial takes but for a mass below 1e-12: mean ± 8 standard deviations."""
    reach = 8 * math.sqrt(n * share * (1 - share)) + 8
    return np.arange(
        max(0, math.floor(n * share - reach)), min(n, math.ceil(n * share + reach)) + 1
    )


def _compute_binomial_pmf(k: NDArray[np.int64], n: int, p: float) -> NDArray[np.float64]:
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlog1py(n - k, -p)
    return np.asarray(np.exp(log), dtype=np.float64)
