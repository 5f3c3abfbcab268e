"""Several seeds of one tuning: a claim about the recipe counts the seeds beside the facts, and
whether they differ is tested.

The recipe's effect is the mean over its seeds. The sign-flip test by fact, of the sums over all
seeds, knows how far other questions would move that mean; the t interval of the seeds' own means
knows how far other seeds would. The two distances are added as squares (Zou and Donner, Statistics
in Medicine 2008, 27:1693): the facts' share of what differs between seeds is counted in both, so
that the sum errs towards caution.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, stdev

import numpy as np
from scipy.special import chdtrc, stdtrit

from tasks.evaluation.statistics.sign_flip import Bounds, Counts

MIN_SEEDS = 3  # two means have one degree of freedom: a t interval 12.7 standard errors to a side
_BISECTION_STEPS = 60  # of a p-value in [0, 1]: 1e-18


def widen_bounds(bounds: Bounds, effects: Sequence[float], level: float) -> Bounds:
    """The interval of the mean over the seeds, other seeds and other questions being drawn."""
    mean, reach = float(np.mean(effects)), _compute_reach(effects, 1 - level)
    return Bounds(
        max(-1.0, mean - math.hypot(mean - bounds.low, reach)),
        min(1.0, mean + math.hypot(bounds.high - mean, reach)),
    )


def widen_p_value(p_value: float, effects: Sequence[float]) -> float:
    """The level at which such an interval would end at zero, `p_value` being that by fact."""
    mean = abs(float(np.mean(effects)))
    if mean == 0 or p_value >= 1:
        return 1.0
    by_fact = -NormalDist().inv_cdf(max(p_value, 1e-300) / 2)  # in standard errors
    low, high = p_value, 1.0
    for _ in range(_BISECTION_STEPS):
        alpha = (low + high) / 2
        facts = -NormalDist().inv_cdf(alpha / 2) / by_fact
        beyond = math.hypot(facts, _compute_reach(effects, alpha) / mean) <= 1
        low, high = (low, alpha) if beyond else (alpha, high)
    return high


def compute_heterogeneity_p_value(balances: Counts) -> float:
    """Cochran's Q over seeds (rows) in blocks of facts (columns): small where the seeds' effects
    differ by more than the facts' own noise explains.
    """
    seeds = len(balances)
    within = float(balances.var(axis=0, ddof=1).sum()) if seeds > 1 else 0.0
    if within == 0:
        return 1.0
    totals = balances.sum(axis=1)
    return float(chdtrc(seeds - 1, ((totals - totals.mean()) ** 2).sum() / within))


def _compute_reach(effects: Sequence[float], alpha: float) -> float:
    """Half the t interval of the seeds' mean."""
    error = stdev(effects) / math.sqrt(len(effects))
    return float(stdtrit(len(effects) - 1, 1 - alpha / 2)) * error if error else 0.0
