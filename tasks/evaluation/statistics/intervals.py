"""The interval of a share (Wilson), for as many questions as those asked are worth."""

import math
from statistics import NormalDist

from tasks.evaluation.statistics.sign_flip import Bounds


def compute_wilson_interval(correct: float, n: float, level: float = 0.95) -> Bounds:
    """The score interval of a share; never leaves 0 to 1 and holds for few questions."""
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    share = correct / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Bounds(max(0.0, centre - reach), min(1.0, centre + reach))
