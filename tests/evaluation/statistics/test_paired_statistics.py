"""Every figure of a comparison against scipy, statsmodels or brute force."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tasks.evaluation.statistics import intervals, power_analysis, seed_effects, sign_flip
from tasks.evaluation.statistics.paired_comparison import apply_holm_correction
from tasks.evaluation.statistics.sign_flip import compute_design_effect
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.evaluation.statistics.verdict_message import explain_limits, explain_verdict
from tasks.language.catalogue import load_catalogue
from tasks.reporting.message_words import tell_verdict
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import FIRST_LOOK


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (31, 91), (10, 10), (250, 1000)])
def test_wilson_is_statsmodels(correct: int, n: int) -> None:
    assert intervals.compute_wilson_interval(correct, n) == pytest.approx(
        proportion_confint(correct, n, method="wilson")
    )


def test_holm_is_statsmodels() -> None:
    values = [0.01, 0.04, 0.03, 0.005, 0.8, 0.04]
    assert apply_holm_correction(values) == pytest.approx(multipletests(values, method="holm")[1])
    assert apply_holm_correction([]) == []


def marks(
    gained: int,
    lost: int,
    right: int,
    wrong: int,
    per_fact: int = 1,
    moved: int = 0,
    per_passage: int = 0,
    same: bool = True,
) -> PairedOutcomes:
    """`moved`: wrong answers that became other wrong answers."""
    base = np.array([False] * gained + [True] * (lost + right) + [False] * wrong)
    tuned = np.array([True] * gained + [False] * lost + [True] * right + [False] * wrong)
    place = np.arange(len(base))
    changed = (base != tuned) | (place >= len(base) - moved)
    return PairedOutcomes(
        base,
        tuned[None],
        changed[None],
        place // per_fact,
        place // per_passage if per_passage else None,
        same,
    )


def by_seed(*rows: PairedOutcomes) -> PairedOutcomes:
    """The same questions after tuning with several seeds."""
    first = rows[0]
    return first._replace(
        tuned=np.concatenate([row.tuned for row in rows]),
        changed=np.concatenate([row.changed for row in rows]),
    )


@pytest.mark.parametrize(
    ("verdict", "seen", "words"),
    [
        (
            "improved",
            marks(30, 5, 30, 35),
            "This adapter helped: 60 of 100 questions right instead of 35 (30 gained, 5 lost)",
        ),
        (
            "worse",
            marks(5, 30, 30, 35),
            "This adapter did harm: 35 of 100 questions right instead of 60",
        ),
        ("no-difference", marks(3, 3, 200, 600), "anything beyond 5.0 points is ruled out"),
        ("inconclusive", marks(9, 6, 30, 55), "likely to be missed"),
        (
            "identical",
            marks(0, 0, 30, 70),
            "Tuning changed no answer and hardly a score: 30 of 100",
        ),
        ("no-difference", marks(0, 0, 30, 170, moved=20), "made no difference that matters"),
        ("no-difference", marks(0, 0, 30, 170, same=False), "made no difference that matters"),
        (
            "inconclusive",
            marks(0, 0, 30, 20, same=False),
            "cannot tell whether tuning helped: 30 before, 30 after on 50",
        ),
        ("inconclusive", marks(12, 0, 0, 12, per_fact=12), "p = 1.000 by 2 facts"),
        ("inconclusive", marks(12, 0, 0, 12, per_passage=12), "p = 1.000 by 24 facts"),
        ("inconclusive", marks(0, 0, 200, 200, per_fact=20, moved=20), "cannot tell"),
    ],
)
def test_each_verdict_has_its_numbers_and_its_sentence(
    verdict: str, seen: PairedOutcomes, words: str
) -> None:
    judged = judge_outcomes(seen, ComparisonPlan())
    assert judged.verdict == verdict
    assert words in tell_all(judged)


def tell_all(judged, illegible: int = 0, shift: float | None = None) -> str:
    """Verdict, figures and limits in English."""
    say, limits = load_catalogue("en"), explain_limits(judged, shift)
    told = explain_verdict(judged, ComparisonPlan(), illegible)
    figures = say.fill_values(say["messages"]["verdict-figures"], told.values)
    return " ".join(
        [tell(judged, illegible), figures, *([say.format_message(limits)] if limits else [])]
    )


def tell(judged, illegible: int = 0, primary: bool = True) -> str:
    """The verdict in English."""
    told = explain_verdict(judged, ComparisonPlan(), illegible, primary)
    result = SimpleNamespace(told=told, cautions=judged.cautions)
    return tell_verdict(result, FIRST_LOOK, load_catalogue("en"))


def test_the_figures_shown_are_those_that_decided() -> None:
    """Thirty questions on three facts rose together: by question p < 1e-8, by fact nothing, and nothing else is shown."""
    judged = judge_outcomes(marks(30, 0, 0, 70, per_fact=10), ComparisonPlan())
    assert judged.verdict == "inconclusive"
    assert judged.p_value == judged.extra["p_facts"] == pytest.approx(0.25)
    assert judged.difference.low <= 0 < judged.difference.high
    assert judged.extra["facts"] == 10 and judged.extra["design_effect"] > 5


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=40),
    st.integers(1, 4),
    st.sampled_from([0.01, 0.05, 0.2]),
)
@settings(max_examples=60, deadline=None)
def test_no_verdict_contradicts_its_interval(
    facts: list[tuple[int, int]], seeds: int, alpha: float
) -> None:
    """Facts of three questions, so many right before and after; further seeds lose the first facts."""
    base, tuned = (
        np.concatenate([np.arange(3) < pair[place] for pair in facts]) for place in (0, 1)
    )
    rows = np.stack([tuned & (np.arange(len(tuned)) >= 3 * place) for place in range(seeds)])
    fact = np.arange(len(base)) // 3
    plan = ComparisonPlan(alpha=alpha)
    judged = judge_outcomes(PairedOutcomes(base, rows, rows != base, fact, fact // 2), plan)
    low, value, high = judged.difference.low, judged.difference.value, judged.difference.high
    assert -1 <= low <= value <= high <= 1
    assert (low > 0 or high < 0) == (judged.p_value <= alpha)
    assert (judged.verdict == "improved") == (low > 0) and (judged.verdict == "worse") == (high < 0)
    if judged.verdict == "no-difference":
        assert -plan.margin <= low and high <= plan.margin
    assert judged.p_value >= max(judged.extra["p_facts"], judged.extra["p_passages"]) - 1e-12


@pytest.mark.parametrize(
    ("illegible", "shift", "words", "not_said"),
    [
        (100, None, "Of 100 answers 100 could be read neither", "next to nothing"),
        (51, None, "Of 100 answers 51 could be read neither", "alarm"),
        (50, None, "That is an alarm", "could be read neither"),
        (0, None, "these answers do not show it", "next to nothing"),
        (0, 0.025, "moved by 0.025 nats in the mean: the adapter did next to nothing", "show it"),
    ],
)
def test_answers_that_did_not_change_are_told_for_what_they_show(
    illegible: int, shift: float | None, words: str, not_said: str
) -> None:
    told = tell_all(judge_outcomes(marks(0, 0, 30, 70), ComparisonPlan()), illegible, shift)
    assert words in told and not_said not in told


def test_a_gain_inside_the_plan_s_own_margin_is_told_as_small() -> None:
    """+1.5 points of 2,000."""
    judged = judge_outcomes(marks(40, 10, 1000, 950), ComparisonPlan())
    assert (judged.verdict, judged.cautions) == ("improved", ("within-margin",))
    assert tell(judged).endswith("That is smaller than the margin of 5.0 points that the plan set.")
    bound = judged.difference.high
    for margin, cautions in ((bound, ("within-margin",)), (bound - 1e-6, ())):
        assert judge_outcomes(marks(40, 10, 1000, 950), ComparisonPlan(margin=margin)).cautions == cautions  # fmt: skip


def test_a_level_not_above_guessing_is_told() -> None:
    """17 → 25 % where 25 % is guessing."""
    judged = judge_outcomes(marks(24, 8, 26, 142), ComparisonPlan())
    assert (judged.verdict, judged.cautions) == ("improved", ("not-above-guessing",))
    assert judged.tuned.low <= 0.25
    assert tell(judged).endswith("What was reached is not above guessing.")
    assert judge_outcomes(marks(60, 8, 26, 106), ComparisonPlan()).cautions == ()
    assert judge_outcomes(marks(8, 24, 10, 158), ComparisonPlan()).cautions == ()  # worse


def test_what_is_exploratory_is_told_as_seen_only() -> None:
    plan = ComparisonPlan()
    for seen, words in (
        (marks(30, 5, 30, 35), "A gain was seen and is not confirmed: "),
        (marks(5, 30, 30, 35), "A loss was seen and is not confirmed: "),
        (marks(3, 3, 200, 600), "No difference that matters was seen, and that is not confirmed: "),
    ):
        assert tell(judge_outcomes(seen, plan), primary=False).startswith(words)


def test_only_what_could_not_be_told_has_limits_and_says_how_many_would_decide() -> None:
    plan = ComparisonPlan()
    few = judge_outcomes(marks(16, 6, 30, 48, per_fact=2), plan)
    assert few.verdict == "inconclusive"
    alone = power_analysis.count_questions_needed(0.1, 0.22)
    effect = few.extra["design_effect"]
    assert few.extra["questions_needed"] == math.ceil(alone * effect)
    assert few.extra["facts_needed"] == math.ceil(few.extra["questions_needed"] / 2)
    needed, facts = (few.extra[f"{what}_needed"] for what in ("questions", "facts"))
    assert load_catalogue("en").format_message(explain_limits(few)) == (
        f"A true difference under {100 * few.detectable:.1f} points is likely to be missed; if what"
        f" was seen is the truth, about {needed:.0f} questions on {facts:.0f} facts would decide."
    )
    found = judge_outcomes(marks(30, 5, 30, 35), plan)
    assert explain_limits(found) is None and "questions_needed" not in found.extra


def test_the_detectable_difference_counts_questions_for_what_they_are_worth() -> None:
    plan = ComparisonPlan()
    judged = judge_outcomes(marks(16, 6, 30, 48, per_fact=2), plan)
    worth = int(100 / judged.extra["design_effect"])
    assert worth < 100 and judged.detectable == power_analysis.find_detectable_difference(
        worth, 0.22, plan.alpha, plan.power
    )
    still = judge_outcomes(marks(0, 0, 50, 50), plan)  # nothing measured, so it is assumed
    assert still.extra["design_effect"] == power_analysis.ASSUMED_DESIGN_EFFECT


def test_the_interval_of_a_share_is_by_fact_too() -> None:
    """Facts of five questions, all right or all wrong: 20 facts of 100 questions."""
    base = np.repeat(np.arange(20) % 2 == 0, 5)
    outcomes = PairedOutcomes(base, base[None], np.zeros((1, 100), bool), np.arange(100) // 5)
    found = judge_outcomes(outcomes, ComparisonPlan()).base
    effect = compute_design_effect(base.astype(int), np.arange(100) // 5)
    assert effect == pytest.approx(5.2, abs=0.1)
    wanted = proportion_confint(50 / effect, 100 / effect, method="wilson")
    assert (found.low, found.high) == pytest.approx(wanted)
    assert (found.correct, found.n, found.rate) == (50, 100, 0.5)


def test_with_three_seeds_the_verdict_is_on_the_recipe() -> None:
    one, two, three = marks(30, 5, 30, 35), marks(28, 5, 30, 37), marks(26, 3, 32, 39)
    rows = by_seed(one, two._replace(base=one.base), three)
    judged = judge_outcomes(rows, ComparisonPlan())
    effects = [float(row.mean() - one.base.mean()) for row in rows.tuned]
    assert judged.claim == "recipe" and judged.seeds == pytest.approx(effects)
    assert judged.difference.value == pytest.approx(np.mean(effects))
    assert judged.tuned.rate - judged.base.rate == pytest.approx(np.mean(effects))
    assert judged.gained - judged.lost == pytest.approx(100 * np.mean(effects), abs=0.11)
    alone = judge_outcomes(one, ComparisonPlan())
    assert judged.p_value > judged.extra["p_facts"] and alone.claim == "adapter"
    assert "This recipe, in the mean of 3 seeds, helped: " in tell(judged)
    moves = rows.tuned.sum(0) - 3 * one.base.astype(int)
    by_fact = sign_flip.compute_p_value(moves)
    assert judged.extra["p_facts"] == pytest.approx(by_fact)
    assert judged.p_value == pytest.approx(seed_effects.widen_p_value(by_fact, effects))


def test_with_two_seeds_the_verdict_is_on_the_first_adapter() -> None:
    rows = by_seed(
        marks(30, 5, 30, 35), marks(5, 30, 5, 60)._replace(base=marks(30, 5, 30, 35).base)
    )
    judged, alone = (judge_outcomes(one, ComparisonPlan()) for one in (rows, marks(30, 5, 30, 35)))
    assert (judged.claim, judged.verdict) == ("adapter", "improved")
    assert (judged.p_value, judged.difference, judged.tuned) == (
        alone.p_value,
        alone.difference,
        alone.tuned,
    )
    assert judged.seeds[0] == alone.difference.value and len(judged.seeds) == 2
    assert judged.extra["p_seeds"] < 0.05


def test_one_seed_that_does_harm_keeps_a_recipe_from_being_called_a_help() -> None:
    good = marks(40, 2, 30, 28)
    bad = good._replace(tuned=(good.base & (np.arange(100) < 62))[None])
    judged = judge_outcomes(by_seed(good, good, bad), ComparisonPlan())
    assert judged.extra["p_facts"] <= 0.05 < judged.p_value
    assert judged.verdict == "inconclusive" and judged.extra["p_seeds"] < 1e-6
