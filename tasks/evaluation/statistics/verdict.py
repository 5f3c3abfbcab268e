"""From the answers of two models to the same questions to a verdict: direction, size and level."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics import intervals, power_analysis, seed_effects, sign_flip
from tasks.schemas.item_rows import CHANCE_RATE
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Caution, Claim, Interval, Rate, VerdictName


class PairedOutcomes(NamedTuple):
    """One set of questions in one mode, a place for each question, a row for each seed of the
    tuning, the study's own first.
    """

    base: NDArray[np.bool_]  # right before tuning
    tuned: NDArray[np.bool_]  # right after tuning, by seed
    changed: NDArray[np.bool_]  # the predicted option differs, by seed
    fact: NDArray[np.int64]  # number of the question's fact
    passage: NDArray[np.int64] | None = None  # of the passage that it rests on; none: not known
    same: bool = True  # whether scores and texts are the same wherever no answer changed


class PairedResult(NamedTuple):
    """All that is computed from marks."""

    base: Rate
    tuned: Rate
    gained: int | float
    lost: int | float
    changed: int | float
    claim: Claim
    seeds: tuple[float, ...]
    p_value: float
    difference: Interval
    detectable: float
    verdict: VerdictName
    cautions: tuple[Caution, ...]
    extra: dict[str, float]


def judge_outcomes(marks: PairedOutcomes, plan: ComparisonPlan) -> PairedResult:
    """Rates, the test, its interval, what could have been seen, and the verdict, which is read off
    that interval.
    """
    several = len(marks.tuned) >= seed_effects.MIN_SEEDS
    tuned = marks.tuned if several else marks.tuned[:1]
    changed = marks.changed[: len(tuned)]
    p_value, difference, extra = estimate_difference(marks, tuned, plan)
    gained, lost = (_average(rows) for rows in (tuned & ~marks.base, ~tuned & marks.base))
    n, worth = len(marks.base), len(marks.base) / extra["design_effect"]
    after = _estimate_rate(tuned, marks)
    verdict = decide_verdict(bool(changed.any()) or not marks.same, p_value, difference, plan)
    return PairedResult(
        base=_estimate_rate(marks.base[None], marks),
        tuned=after,
        gained=gained,
        lost=lost,
        changed=_average(changed),
        claim="recipe" if several else "adapter",
        seeds=tuple(_list_effects(marks)) if len(marks.tuned) > 1 else (),
        p_value=p_value,
        difference=difference,
        detectable=power_analysis.find_detectable_difference(
            max(1, int(worth)), extra["discordance"], plan.alpha, plan.power
        ),
        verdict=verdict,
        cautions=_list_cautions(verdict, difference, after, plan),
        extra=extra | _count_needed(verdict, difference.value, n, extra, plan),
    )


def decide_verdict(
    moved: bool, p_value: float, difference: Interval, plan: ComparisonPlan
) -> VerdictName:
    """The interval leaves out zero, or lies within the margin, or tells neither."""
    if not moved:
        return "identical"
    if p_value <= plan.alpha:
        return "improved" if difference.value > 0 else "worse"
    return "no-difference" if _is_within(difference, plan.margin) else "inconclusive"


def _list_cautions(
    verdict: VerdictName, difference: Interval, tuned: Rate, plan: ComparisonPlan
) -> tuple[Caution, ...]:
    """What a change's direction leaves unsaid: its size and the level that it reached."""
    found: list[Caution] = []
    if verdict in ("improved", "worse") and _is_within(difference, plan.margin):
        found.append("within-margin")
    if verdict == "improved" and tuned.low <= CHANCE_RATE:
        found.append("not-above-guessing")
    return tuple(found)


def estimate_difference(
    marks: PairedOutcomes, tuned: NDArray[np.bool_], plan: ComparisonPlan
) -> tuple[float, Interval, dict[str, float]]:
    """The p-value and the interval that facts and passages both allow, and further figures."""
    gains = tuned.astype(np.int64) - marks.base
    moves = gains.sum(axis=0)
    p_value, difference, by_unit = compare_gains(gains, marks, plan)
    extra = {"discordance": float((tuned != marks.base).mean())}
    extra |= {name: float(len(np.unique(unit))) for name, unit in _units(marks)}
    extra |= by_unit
    extra["design_effect"] = (
        max(1.0, *(sign_flip.compute_design_effect(moves, unit) for _, unit in _units(marks)))
        if moves.any()
        else power_analysis.ASSUMED_DESIGN_EFFECT
    )
    if len(marks.tuned) > 1:
        extra["p_seeds"] = _compare_seeds(marks)
    return p_value, difference, extra


def compare_gains(
    gains: NDArray[np.int64], marks: PairedOutcomes, plan: ComparisonPlan, parts: int = 1
) -> tuple[float, Interval, dict[str, float]]:
    """Of what each seed (rows) gained on each question, in so many parts of a whole one: the
    p-value and the interval that facts, passages and seeds allow, and each unit's own p-value.
    """
    times = len(gains) * parts
    tests = {
        f"p_{name}": _test_by_unit(gains.sum(axis=0), unit, times, plan)
        for name, unit in _units(marks)
    }
    p_value = max(p for p, _ in tests.values())
    bounds = sign_flip.Bounds(
        min(found.low for _, found in tests.values()),
        max(found.high for _, found in tests.values()),
    )
    value, effects = float(gains.mean()) / parts, (gains.mean(axis=1) / parts).tolist()
    if len(gains) > 1:
        p_value = seed_effects.widen_p_value(p_value, effects)
        bounds = seed_effects.widen_bounds(bounds, effects, 1 - plan.alpha)
        significant, n = p_value <= plan.alpha, gains.shape[1] * parts
        bounds = sign_flip.align_with_test(bounds, value, significant, n)
    interval = Interval(value=value, low=bounds.low, high=bounds.high)
    return p_value, interval, {name: p for name, (p, _) in tests.items()}


def _test_by_unit(
    moves: NDArray[np.int64], unit: NDArray[np.int64], times: int, plan: ComparisonPlan
) -> tuple[float, sign_flip.Bounds]:
    units = sign_flip.group_units(moves, unit, times)
    return (
        sign_flip.compute_p_value(units.balances),
        sign_flip.compute_bounds(units, plan.alpha, plan.seed),
    )


def _units(marks: PairedOutcomes) -> list[tuple[str, NDArray[np.int64]]]:
    """What may move together: facts, which may be too fine, and the passages that they rest on."""
    return [
        ("facts", marks.fact),
        *([] if marks.passage is None else [("passages", marks.passage)]),
    ]


def _compare_seeds(marks: PairedOutcomes) -> float:
    """Of the test that the seeds have one effect, by fact."""
    rows = [
        sign_flip.group_units(row.astype(np.int64) - marks.base, marks.fact).balances
        for row in marks.tuned
    ]
    return seed_effects.compute_heterogeneity_p_value(np.array(rows))


def _list_effects(marks: PairedOutcomes) -> list[float]:
    """Each seed's difference."""
    return [float(row.mean() - marks.base.mean()) for row in marks.tuned]


def _estimate_rate(right: NDArray[np.bool_], marks: PairedOutcomes) -> Rate:
    """A share, the mean over seeds, with the Wilson interval of as many questions as the facts are
    worth.
    """
    n, share = right.shape[1], float(right.mean())
    hits = right.sum(axis=0).astype(np.int64)
    effects = [sign_flip.compute_design_effect(hits, unit) for _, unit in _units(marks)]
    worth = n / max(1.0, *effects)
    low, high = intervals.compute_wilson_interval(share * worth, worth)
    return Rate(correct=_average(right), n=n, rate=share, low=low, high=high)


def _count_needed(
    verdict: VerdictName, value: float, n: int, extra: dict[str, float], plan: ComparisonPlan
) -> dict[str, float]:
    """How many questions, on how many facts, would decide if what was seen is the truth."""
    if verdict != "inconclusive":
        return {}
    worth = power_analysis.count_deciding_questions(
        abs(value), max(extra["discordance"], 1 / n), plan
    )
    needed = max(n + 1, math.ceil(worth * extra["design_effect"]))
    return {
        "questions_needed": float(needed),
        "facts_needed": float(math.ceil(needed * extra["facts"] / n)),
    }


def _is_within(bounds: Interval, margin: float) -> bool:
    return -margin <= bounds.low and bounds.high <= margin


def _average(rows: NDArray[np.bool_]) -> int | float:
    """Questions, the mean over seeds; a whole number where there is one seed."""
    mean = round(float(rows.sum()) / len(rows), 1)
    return int(mean) if mean.is_integer() else mean
