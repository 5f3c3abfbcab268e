"""Exact tests of a paired comparison: did more questions get better than worse, beyond chance?"""

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr


def exact(gained: int, lost: int) -> float:
    """Two-sided p-value of McNemar's test by the binomial; `exact(9, 1)` is 0.0215.

    Only the questions that changed speak; the chi-square form needs many of them, this one does not.
    """
    changed = gained + lost
    return min(1.0, 2 * float(bdtr(min(gained, lost), changed, 0.5))) if changed else 1.0


def by_fact(balances: Sequence[int]) -> float:
    """The same test with facts instead of questions as its units: gains minus losses of each fact.

    Questions on one fact rise and fall together, so they are less evidence than their number. If the adapter did
    nothing, each fact's balance could as well have had the other sign: p is the share of all 2^facts choices of
    signs whose total is at least as far from zero as the one seen, counted exactly by convolution. Where each
    fact has one question this is `exact`.
    """
    moves = [abs(balance) for balance in balances if balance]
    if not moves:
        return 1.0
    seen = abs(sum(balances))
    ways = np.ones(1)  # ways[t]: probability that the moves with a plus sign add up to t
    for move in moves:
        longer = np.zeros(len(ways) + move)
        longer[: len(ways)] += ways / 2
        longer[move:] += ways / 2
        ways = longer
    totals = 2 * np.arange(len(ways)) - sum(moves)  # plus minus minus
    return min(1.0, float(ways[np.abs(totals) >= seen].sum()))
