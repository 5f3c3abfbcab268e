"""How a planned number is shared out: over chapters, kinds of questions, sets."""

import math
from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def apportion_total(weights: Mapping[K, float], total: int, sure_from: float = 1) -> dict[K, int]:
    """Share `total` by weight, largest remainder; one for sure for each place from a weight on,
    where that is possible.
    """
    heavy = [name for name, weight in weights.items() if weight > 0]
    shares = dict.fromkeys(weights, 0)
    if not heavy or total <= 0:
        return shares
    sure = [name for name in heavy if weights[name] >= sure_from]
    floors = dict.fromkeys(sure, 1) if total >= len(sure) else {}
    whole = sum(Fraction(weights[name]) for name in heavy)
    exact = {name: total * Fraction(weights[name]) / whole for name in heavy}
    shares |= {name: max(floors.get(name, 0), math.floor(exact[name])) for name in heavy}
    rest = total - sum(shares.values())
    order = sorted(
        heavy, key=lambda name: shares[name] - exact[name]
    )  # the most underserved first; stable
    while rest:
        for name in order if rest > 0 else reversed(order):
            if rest > 0 or shares[name] > floors.get(name, 0):
                shares[name] += 1 if rest > 0 else -1
                rest -= 1 if rest > 0 else -1
            if not rest:
                break
    return shares
