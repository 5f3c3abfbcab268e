"""Each rule of a verdict at its border, and the level and seed of the plan in every figure."""

import numpy as np
import pytest

from tasks.evaluation.statistics import power_analysis, seed_effects, sign_flip
from tasks.evaluation.statistics.verdict import (
    PairedOutcomes,
    decide_verdict,
    estimate_difference,
    judge_outcomes,
)
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Interval

PLAN = ComparisonPlan()


def spread(value: float, low: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("moved", "p_value", "interval", "verdict"),
    [
        (True, 0.05, spread(0.1, 0.01, 0.2), "improved"),
        (True, 0.05, spread(-0.1, -0.2, -0.01), "worse"),
        (True, 0.0501, spread(0.1, 0.0, 0.2), "inconclusive"),
        (True, 0.5, spread(0.0, -0.05, 0.05), "no-difference"),
        (True, 0.5, spread(0.0, -0.0501, 0.05), "inconclusive"),
        (True, 0.5, spread(0.0, -0.05, 0.0501), "inconclusive"),
        (True, 0.05, spread(0.02, 0.01, 0.03), "improved"),
        (False, 1.0, spread(0.0, -0.01, 0.01), "identical"),
        (True, 1.0, spread(0.0, -0.01, 0.01), "no-difference"),
    ],
)
def test_the_level_and_the_margin_belong_to_the_verdict(moved, p_value, interval, verdict):
    assert decide_verdict(moved, p_value, interval, PLAN) == verdict


def draw_marks(seeds: int = 1, passages: bool = False) -> PairedOutcomes:
    """120 questions on 40 facts, two facts a passage; the tuned models gain about a tenth."""
    dice = np.random.default_rng(11)
    base = dice.random(120) < 0.4
    tuned = np.stack([np.where(dice.random(120) < 0.3, dice.random(120) < 0.8, base) for _ in range(seeds)])  # fmt: skip
    fact = np.arange(120) // 3
    return PairedOutcomes(base, tuned, tuned != base, fact, fact // 2 if passages else None)


@pytest.mark.parametrize(("alpha", "seed"), [(0.05, 0), (0.2, 0), (0.01, 3)])
def test_the_interval_is_the_test_s_at_the_plan_s_level_and_seed(alpha, seed):
    """The equivalence verdict reads this interval: its level is 1 - alpha on both sides."""
    marks = draw_marks()
    plan = ComparisonPlan(alpha=alpha, seed=seed)
    p_value, found, extra = estimate_difference(marks, marks.tuned, plan)
    moves = marks.tuned[0].astype(int) - marks.base
    units = sign_flip.group_units(moves, marks.fact)
    bounds = sign_flip.compute_bounds(units, alpha, seed)
    assert (found.low, found.high) == bounds and found.value == pytest.approx(moves.mean())
    assert p_value == extra["p_facts"] == sign_flip.compute_p_value(units.balances)
    assert extra["discordance"] == (moves != 0).mean() and extra["facts"] == 40
    other = sign_flip.compute_bounds(units, alpha, seed + 1)
    assert bounds != other and bounds == pytest.approx(other, abs=0.02)
    wider = sign_flip.compute_bounds(units, alpha / 2, seed)
    assert wider.high > bounds.high and wider.low <= bounds.low


def test_facts_and_passages_must_both_allow_the_bound():
    marks = draw_marks(passages=True)
    p_value, found, extra = estimate_difference(marks, marks.tuned, PLAN)
    moves = marks.tuned[0].astype(int) - marks.base
    units = [sign_flip.group_units(moves, unit) for unit in (marks.fact, marks.fact // 2)]
    by_unit = [sign_flip.compute_bounds(one, PLAN.alpha, PLAN.seed) for one in units]
    assert found.low == min(b.low for b in by_unit) and found.high == max(b.high for b in by_unit)
    ps = [sign_flip.compute_p_value(one.balances) for one in units]
    assert (extra["p_facts"], extra["p_passages"], p_value) == (*ps, max(ps))
    assert (extra["facts"], extra["passages"]) == (40, 20)
    effects = [
        sign_flip.compute_design_effect(moves, unit) for unit in (marks.fact, marks.fact // 2)
    ]
    assert extra["design_effect"] == max(1.0, *effects)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_recipe_s_interval_is_at_the_plan_s_level(alpha):
    marks, plan = draw_marks(seeds=4), ComparisonPlan(alpha=alpha)
    p_value, found, extra = estimate_difference(marks, marks.tuned, plan)
    moves = marks.tuned.sum(axis=0) - 4 * marks.base.astype(int)
    units = sign_flip.group_units(moves, marks.fact, 4)
    effects = [float(row.mean() - marks.base.mean()) for row in marks.tuned]
    wide = seed_effects.widen_bounds(
        sign_flip.compute_bounds(units, alpha, plan.seed), effects, 1 - alpha
    )
    wanted = sign_flip.align_with_test(wide, float(np.mean(effects)), p_value <= alpha, 120)
    assert (found.low, found.high) == pytest.approx(wanted)
    assert found.value == pytest.approx(np.mean(effects))
    blocks = [
        sign_flip.group_units(row.astype(int) - marks.base, marks.fact).balances
        for row in marks.tuned
    ]
    assert extra["p_seeds"] == seed_effects.compute_heterogeneity_p_value(np.array(blocks))


def test_two_seeds_are_compared_but_judged_as_the_first():
    marks = draw_marks(seeds=2)
    judged = judge_outcomes(marks, PLAN)
    assert judged.claim == "adapter" and len(judged.seeds) == 2 and "p_seeds" in judged.extra
    alone = judge_outcomes(draw_marks(seeds=2)._replace(tuned=marks.tuned[:1]), PLAN)
    assert alone.seeds == () and "p_seeds" not in alone.extra
    assert (alone.p_value, alone.difference, alone.changed) == (
        judged.p_value,
        judged.difference,
        judged.changed,
    )


def test_counts_over_seeds_are_means_to_a_tenth():
    marks = draw_marks(seeds=3)
    judged = judge_outcomes(marks, PLAN)
    assert judged.gained == round(float((marks.tuned & ~marks.base).sum()) / 3, 1)
    assert judged.lost == round(float((~marks.tuned & marks.base).sum()) / 3, 1)
    assert judged.changed == round(float(marks.changed.sum()) / 3, 1)
    assert isinstance(judge_outcomes(draw_marks(), PLAN).gained, int)


def rare(gained: int, lost: int, n: int) -> PairedOutcomes:
    base, tuned = np.zeros(n, bool), np.zeros(n, bool)
    tuned[:gained] = True
    base[gained : gained + lost] = True
    return PairedOutcomes(base, tuned[None], (base != tuned)[None], np.arange(n), same=False)


@pytest.mark.parametrize(("gained", "lost"), [(5, 2), (2, 5), (0, 0), (1, 0)])
def test_how_many_would_decide_follows_from_what_was_seen(gained, lost):
    judged = judge_outcomes(rare(gained, lost, 40), PLAN)
    assert judged.verdict == "inconclusive"
    seen = max((gained + lost) / 40, 1 / 40)
    alone = power_analysis.count_deciding_questions(abs(gained - lost) / 40, seen, PLAN)
    needed = max(41, int(np.ceil(alone * judged.extra["design_effect"])))
    assert judged.extra["questions_needed"] == judged.extra["facts_needed"] == needed


def test_questions_that_could_not_tell_are_never_said_to_suffice():
    """Where chance denied what such questions mostly find, one more at least is asked for."""
    judged = judge_outcomes(rare(12, 3, 16), ComparisonPlan(alpha=0.01, power=0.1))
    assert judged.verdict == "inconclusive" and judged.extra["questions_needed"] == 17
