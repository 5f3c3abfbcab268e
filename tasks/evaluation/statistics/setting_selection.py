"""Choose a setting on one half of the questions and judge it on the other, so that having chosen is
no advantage.

The best of twelve settings that change nothing looks like a gain on the questions that chose it; on
questions that had
no say, it is one more null adapter. The halves are made of whole facts, since questions on one fact
rise and fall together.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from tasks.evaluation.statistics.paired_comparison import (
    apply_holm_correction,
    compare_models,
)
from tasks.schemas.errors import NothingLeft
from tasks.schemas.item_rows import Question, SetName
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer, Comparison, Preflight, TrainingStep
from tasks.schemas.sweep_plan import RankedSetting, Setting, Trial

QuestionsBySet = dict[str, list[Question]]
# of the shortest paper; below that, settings with other questions are compared each on its own
MIN_SHARED_QUESTIONS = 0.5


class QuestionSplit(NamedTuple):
    """The questions that choose and those that decide, by set."""

    selection: QuestionsBySet
    test: QuestionsBySet


def split_questions(
    papers: Sequence[Mapping[str, Sequence[Question]]], primary: SetName, share: float, seed: int
) -> list[QuestionSplit]:
    """Split each paper's primary questions by fact; a fact lies on the same side in every paper.

    The first paper sets where the line is drawn, so that the shares come out as wished there. Where
    most questions are in
    all papers, only those choose, so that all settings sit the same ones. Raises NothingLeft where
    a half has no question.
    """
    asked = [_select_primary_sets(paper, primary) for paper in papers]
    line = _find_threshold(asked[0], share, seed)
    halves = [
        QuestionSplit(
            _select_by_fact(paper, lambda fact: _hash_position(fact, seed) <= line),
            _select_by_fact(paper, lambda f: _hash_position(f, seed) > line),
        )
        for paper in asked
    ]
    shared = set.intersection(*({q.id for q in _list_questions(half.selection)} for half in halves))
    if len(shared) >= MIN_SHARED_QUESTIONS * min(
        len(_list_questions(half.selection)) for half in halves
    ):
        same = {
            name: [q for q in rows if q.id in shared] for name, rows in halves[0].selection.items()
        }  # one order of options for all
        halves = [QuestionSplit(same, half.test) for half in halves]
    if not all(_list_questions(part) for half in halves for part in half):
        facts = len({_get_fact(q) for q in _list_questions(asked[0])})
        raise NothingLeft(build_message("facts-cannot-be-split", facts=facts, set=repr(primary)))
    return halves


def build_trial(
    arm: Setting,
    seed: int,
    questions: Mapping[str, Sequence[Question]],
    base: Sequence[Answer],
    *,
    tuned: Sequence[Answer],
    steps: Sequence[TrainingStep],
    preflight: Preflight,
    plan: ComparisonPlan,
) -> Trial:
    """One setting with one seed on one part of the questions."""
    margins = [answer.margin for answer in tuned if answer.margin is not None]
    return Trial(
        arm=arm,
        seed=seed,
        comparison=compare_models(questions, base, tuned, plan)[0],
        margin=fmean(margins) if margins else 0.0,
        updates=max((step.step for step in steps if step.split == "train"), default=0),
        pairs=preflight.texts,
        held_out=min(
            (step.loss for step in steps if step.split == "held_out" and step.step > 0),
            default=None,
        ),
    )


def rank_settings(trials: Sequence[Trial]) -> list[RankedSetting]:
    """The settings, the best first: by mean share of right answers, then margin, then fewer
    updates, then the plan's order.

    A setting that failed with any seed is last. All p-values are Holm-corrected over the settings,
    and exploratory even so.
    """
    by_arm: dict[str, list[Trial]] = {}
    for one in trials:
        by_arm.setdefault(one.arm.name, []).append(one)
    groups = list(by_arm.values())
    sound = [group for group in groups if not any(one.failed for one in group)]
    adjusted = dict(
        zip(
            (group[0].arm.name for group in sound),
            apply_holm_correction(_require_comparison(group[0]).p_value for group in sound),
            strict=True,
        )
    )
    order = [
        *sorted(sound, key=_build_sort_key),
        *(group for group in groups if group not in sound),
    ]
    return [
        _build_ranked_setting(place, group, adjusted.get(group[0].arm.name))
        for place, group in enumerate(order, 1)
    ]


def get_best_setting(standings: Sequence[RankedSetting]) -> Setting:
    """The best setting. Raises NothingLeft where none could be tuned."""
    if standings[0].rate is None:
        reasons = tuple(
            build_message("setting-not-tuned", name=repr(trial.arm.name), why=trial.failed)
            for one in standings[:3]
            for trial in [next(trial for trial in one.trials if trial.failed)]
        )
        raise NothingLeft(build_message("no-setting-tuned", settings=len(standings), why=reasons))
    return standings[0].setting


def _build_sort_key(group: Sequence[Trial]) -> tuple[float, float, float]:
    """Smaller is better."""
    return (
        -_compute_mean_rate(group),
        -fmean(one.margin for one in group),
        fmean(one.updates for one in group),
    )


def _compute_mean_rate(group: Sequence[Trial]) -> float:
    return round(
        fmean(_require_comparison(one).tuned.rate for one in group), 12
    )  # equal shares are a tie, whatever the order of the sum


def _build_ranked_setting(
    place: int, group: Sequence[Trial], p_holm: float | None
) -> RankedSetting:
    if any(one.failed for one in group):
        return RankedSetting(
            rank=place, trials=tuple(group), rate=None, deviation=0.0, p_value=None, p_holm=None
        )
    rates = [_require_comparison(one).tuned.rate for one in group]
    deviation = stdev(rates) if len(rates) > 1 else 0.0
    return RankedSetting(
        rank=place,
        trials=tuple(group),
        rate=_compute_mean_rate(group),
        deviation=deviation,
        p_value=_require_comparison(group[0]).p_value,
        p_holm=p_holm,
    )


def _require_comparison(one: Trial) -> Comparison:
    if one.comparison is None:
        raise NothingLeft(
            build_message("setting-not-tuned", name=repr(one.arm.name), why=one.failed)
        )
    return one.comparison


def _select_primary_sets(
    paper: Mapping[str, Sequence[Question]], primary: SetName
) -> QuestionsBySet:
    """The questions that count, each in its set."""
    counted = ("same_fact", "new_fact") if primary == "all" else (primary,)
    return {name: list(rows) if name in counted else [] for name, rows in paper.items()}


def _select_by_fact(paper: QuestionsBySet, is_in: Callable[[str], bool]) -> QuestionsBySet:
    return {name: [q for q in rows if is_in(_get_fact(q))] for name, rows in paper.items()}


def _list_questions(paper: QuestionsBySet) -> list[Question]:
    return [question for rows in paper.values() for question in rows]


def _get_fact(question: Question) -> str:
    return question.fact or question.id


def _hash_position(fact: str, seed: int) -> float:
    """Where a fact lies between 0 and 1, in any paper and on any machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{fact}".encode()).digest()[:8], "big") / 2**64


def _find_threshold(paper: QuestionsBySet, share: float, seed: int) -> float:
    """The place of the last fact that chooses: as near to the share of the questions as whole facts
    allow.
    """
    counts: dict[float, int] = {}
    for question in _list_questions(paper):
        place = _hash_position(_get_fact(question), seed)
        counts[place] = counts.get(place, 0) + 1
    places, wanted, sums = sorted(counts), share * sum(counts.values()), [0]
    for place in places:
        sums.append(sums[-1] + counts[place])
    inner = range(1, len(places))  # neither half is to be empty
    best = min(inner, key=lambda number: abs(sums[number] - wanted), default=len(places))
    return places[best - 1] if places else 0.0
