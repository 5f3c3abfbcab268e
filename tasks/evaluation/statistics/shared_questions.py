"""Two tuned models on the questions that both were asked: the paired test of one study, with the
first study's model in the base's place.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet

from tasks.evaluation.statistics.verdict import PairedOutcomes, PairedResult, judge_outcomes
from tasks.schemas.plan_sections import ComparisonPlan


class PairableAnswer(NamedTuple):
    """A question by its words, and what a study's tuned model made of it."""

    words: str  # digest of stem and options, in whatever order they stand
    fact: str  # none: not known, so a fact of its own
    passage: str  # none: not known
    chosen: str  # text of the option that was chosen; none: no legible answer
    is_correct: bool


class SharedResult(NamedTuple):
    """What two studies say to the questions of both."""

    shared: int
    facts: int
    asked: tuple[int, int]  # questions of each study
    result: PairedResult


def compare_on_shared_questions(
    first: Sequence[PairableAnswer], second: Sequence[PairableAnswer], plan: ComparisonPlan
) -> SharedResult | None:
    """The second study's model beside the first's, by fact and by passage; None where no question
    is in both. A question that stands twice in a study counts once, with its first answer.

    Questions are of one fact where either study says so: the two may have drawn the lines
    differently, and the coarser ones claim less.
    """
    there, here = (_index_by_words(rows) for rows in (first, second))
    both = [(there[words], here[words]) for words in there if words in here]
    if not both:
        return None
    facts = _join_units([(a.fact, b.fact) for a, b in both])
    passages = _join_units([(a.passage, b.passage) for a, b in both])
    outcomes = PairedOutcomes(
        base=np.array([a.is_correct for a, _ in both]),
        tuned=np.array([[b.is_correct for _, b in both]]),
        changed=np.array([[a.chosen != b.chosen for a, b in both]]),
        fact=facts,
        passage=passages,
    )
    return SharedResult(
        shared=len(both),
        facts=len(np.unique(facts)),
        asked=(len(there), len(here)),
        result=judge_outcomes(outcomes, plan),
    )


def _index_by_words(rows: Sequence[PairableAnswer]) -> Mapping[str, PairableAnswer]:
    found: dict[str, PairableAnswer] = {}
    for row in rows:
        found.setdefault(row.words, row)
    return found


def _join_units(names: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    """A number for each question; the same for those that share a name in either study, in one or
    more steps.
    """
    units: DisjointSet = DisjointSet(range(len(names)))
    holders: dict[tuple[int, str], int] = {}
    for place, pair in enumerate(names):
        for study, name in enumerate(pair):
            if name:
                units.merge(place, holders.setdefault((study, name), place))
    return np.array([units[place] for place in range(len(names))], dtype=np.int64)
