"""Choose a setting on one half of the questions and judge it on the other, so that having chosen is no advantage.

The best of twelve settings that change nothing looks like a gain on the questions that chose it; on questions that had
no say, it is one more null adapter. The halves are made of whole facts, since questions on one fact rise and fall together.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from tasks.errors import NothingLeft
from tasks.evaluation.paired import between_seeds, compare, holm
from tasks.plan import ComparisonPlan
from tasks.records import Question, SetName
from tasks.results import Answer, Comparison, Preflight, Step
from tasks.sweeps import Arm, Spread, Standing, Trial

Paper = dict[str, list[Question]]
ENOUGH_SHARED = 0.5  # of the shortest paper; below that, settings with other questions are compared each on its own


class Halves(NamedTuple):
    """The questions that choose and those that decide, by set."""

    selection: Paper
    test: Paper


def halve(papers: Sequence[Mapping[str, Sequence[Question]]], primary: SetName, share: float, seed: int) -> list[Halves]:
    """Split each paper's primary questions by fact; a fact lies on the same side in every paper.

    The first paper sets where the line is drawn, so that the shares come out as wished there. Where most questions are in
    all papers, only those choose, so that all settings sit the same ones. Raises NothingLeft where a half has no question.
    """
    asked = [_primary(paper, primary) for paper in papers]
    line = _line(asked[0], share, seed)
    halves = [
        Halves(_part(paper, lambda fact: _place(fact, seed) <= line), _part(paper, lambda f: _place(f, seed) > line)) for paper in asked
    ]
    shared = set.intersection(*({q.id for q in _rows(half.selection)} for half in halves))
    if len(shared) >= ENOUGH_SHARED * min(len(_rows(half.selection)) for half in halves):
        same = {name: [q for q in rows if q.id in shared] for name, rows in halves[0].selection.items()}  # one order of options for all
        halves = [Halves(same, half.test) for half in halves]
    if not all(_rows(part) for half in halves for part in half):
        facts = len({_fact(q) for q in _rows(asked[0])})
        raise NothingLeft(
            f"the {facts} facts of the set {primary!r} cannot be split into a part that chooses and a part that decides; ask more questions."
        )
    return halves


def trial(
    arm: Arm,
    seed: int,
    questions: Mapping[str, Sequence[Question]],
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    steps: Sequence[Step],
    preflight: Preflight,
    plan: ComparisonPlan,
) -> Trial:
    """One setting with one seed on one part of the questions."""
    margins = [answer.margin for answer in tuned if answer.margin is not None]
    return Trial(
        arm=arm,
        seed=seed,
        comparison=compare(questions, base, tuned, plan)[0],
        margin=fmean(margins) if margins else 0.0,
        updates=max((step.step for step in steps if step.split == "train"), default=0),
        pairs=preflight.texts,
        held_out=min((step.loss for step in steps if step.split == "held_out" and step.step > 0), default=None),
    )


def rank(trials: Sequence[Trial]) -> list[Standing]:
    """The settings, the best first: by mean share of right answers, then margin, then fewer updates, then the plan's order.

    A setting that failed with any seed is last. All p-values are Holm-corrected over the settings, and exploratory even so.
    """
    by_arm: dict[str, list[Trial]] = {}
    for one in trials:
        by_arm.setdefault(one.arm.name, []).append(one)
    groups = list(by_arm.values())
    sound = [group for group in groups if not any(one.failed for one in group)]
    adjusted = dict(zip((group[0].arm.name for group in sound), holm(_p(group[0]) for group in sound), strict=True))
    order = [*sorted(sound, key=_merit), *(group for group in groups if group not in sound)]
    return [_standing(place, group, adjusted.get(group[0].arm.name)) for place, group in enumerate(order, 1)]


def chosen(standings: Sequence[Standing]) -> Arm:
    """The best setting. Raises NothingLeft where none could be tuned."""
    if standings[0].rate is None:
        reasons = "; ".join(f"{one.setting.name}: {next(t.failed for t in one.trials if t.failed)}" for one in standings[:3])
        raise NothingLeft(f"none of {len(standings)} settings could be tuned. {reasons}")
    return standings[0].setting


def spread(finals: Sequence[Trial]) -> Spread:
    """How far the effect differs between seeds; a seed whose tuning failed is left out, and stands in the table."""
    return between_seeds([one.comparison for one in finals if one.comparison is not None])


def _merit(group: Sequence[Trial]) -> tuple[float, float, float]:
    """Smaller is better."""
    return -_rate(group), -fmean(one.margin for one in group), fmean(one.updates for one in group)


def _rate(group: Sequence[Trial]) -> float:
    return round(fmean(_comparison(one).tuned.rate for one in group), 12)  # equal shares are a tie, whatever the order of the sum


def _standing(place: int, group: Sequence[Trial], p_holm: float | None) -> Standing:
    if any(one.failed for one in group):
        return Standing(rank=place, trials=tuple(group), rate=None, deviation=0.0, p_value=None, p_holm=None)
    rates = [_comparison(one).tuned.rate for one in group]
    deviation = stdev(rates) if len(rates) > 1 else 0.0
    return Standing(rank=place, trials=tuple(group), rate=_rate(group), deviation=deviation, p_value=_p(group[0]), p_holm=p_holm)


def _p(one: Trial) -> float:
    """As the verdict counts it: by question and by fact."""
    found = _comparison(one)
    return max(found.p_value, found.extra.get("p_facts", 0.0))


def _comparison(one: Trial) -> Comparison:
    if one.comparison is None:
        raise NothingLeft(f"setting {one.arm.name!r} was not tuned: {one.failed}")
    return one.comparison


def _primary(paper: Mapping[str, Sequence[Question]], primary: SetName) -> Paper:
    """The questions that count, each in its set."""
    counted = ("same_fact", "new_fact") if primary == "all" else (primary,)
    return {name: list(rows) if name in counted else [] for name, rows in paper.items()}


def _part(paper: Paper, is_in: Callable[[str], bool]) -> Paper:
    return {name: [q for q in rows if is_in(_fact(q))] for name, rows in paper.items()}


def _rows(paper: Paper) -> list[Question]:
    return [question for rows in paper.values() for question in rows]


def _fact(question: Question) -> str:
    return question.fact or question.id


def _place(fact: str, seed: int) -> float:
    """Where a fact lies between 0 and 1, in any paper and on any machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{fact}".encode()).digest()[:8], "big") / 2**64


def _line(paper: Paper, share: float, seed: int) -> float:
    """The place of the last fact that chooses: as near to the share of the questions as whole facts allow."""
    counts: dict[float, int] = {}
    for question in _rows(paper):
        place = _place(_fact(question), seed)
        counts[place] = counts.get(place, 0) + 1
    places, wanted, sums = sorted(counts), share * sum(counts.values()), [0]
    for place in places:
        sums.append(sums[-1] + counts[place])
    inner = range(1, len(places))  # neither half is to be empty
    best = min(inner, key=lambda number: abs(sums[number] - wanted), default=len(places))
    return places[best - 1] if places else 0.0
