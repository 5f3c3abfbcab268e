"""Studies whose truth is known: questions on facts that move together, seeds of the tuning that
differ.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics.verdict import PairedOutcomes

SHAPES = {  # questions of each fact, repeated
    "one": (1,),
    "four": (4,),
    "ten": (10,),
    "unequal": (1, 1, 1, 1, 30),
    "mixed": (1, 2, 3, 20),
}


class Truth(NamedTuple):
    """What a simulated study is."""

    n: int
    shape: str = "one"
    discordance: float = 0.3
    difference: float = 0.0
    together: float = 0.0  # share of the questions that move with their fact
    too_fine: int = 1  # facts that move as one
    seeds: int = 1
    spread: float = 0.0  # of the true effect between seeds
    shared: float = 0.5  # share of the questions that move alike in all seeds


def draw_studies(truth: Truth, studies: int, seed: int = 0) -> Iterator[PairedOutcomes]:
    """Marks of so many studies."""
    dice = np.random.default_rng([seed, truth.n, studies])
    sizes = SHAPES[truth.shape]
    fact = np.repeat(np.arange(truth.n), np.resize(sizes, truth.n))[: truth.n]
    for _ in range(studies):
        yield _draw_study(truth, fact, dice)


def _draw_study(truth: Truth, fact: NDArray[np.int64], dice: np.random.Generator) -> PairedOutcomes:
    """Half of the questions are right before; a wrong one becomes right with the chance discordance
    + effect, a right one wrong with discordance - effect.
    """
    group = fact // truth.too_fine
    whole = dice.random(truth.n) < truth.together  # of them, base and change are their fact's
    base = _draw_luck(whole, group, dice) < 0.5
    common, alike = _draw_luck(whole, group, dice), dice.random(truth.n) < truth.shared
    marks = np.empty((truth.seeds, truth.n), dtype=bool)
    for place in range(truth.seeds):
        luck = np.where(alike, common, _draw_luck(whole, group, dice))
        effect = truth.difference + truth.spread * dice.standard_normal()
        effect = float(np.clip(effect, -truth.discordance, truth.discordance))
        marks[place] = base ^ (luck < truth.discordance + np.where(base, -effect, effect))
    passage = group if truth.too_fine > 1 else None
    return PairedOutcomes(base, marks, marks != base, fact, passage, same=False)


def _draw_luck(
    whole: NDArray[np.bool_], group: NDArray[np.int64], dice: np.random.Generator
) -> NDArray[np.float64]:
    return np.where(whole, dice.random(int(group.max()) + 1)[group], dice.random(len(whole)))
