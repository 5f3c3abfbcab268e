"""Verdicts over simulated studies: no gain is found where there is none, intervals cover what they say, and the stated difference is found as stated."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from support.items.scored_questions import make_answers, make_questions
from support.simulated_studies import Truth, draw_studies

from tasks.evaluation.statistics import power_analysis
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.evaluation.statistics.verdict import (
    PairedOutcomes,
    PairedResult,
    decide_verdict,
    estimate_difference,
    judge_outcomes,
)
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Interval, VerdictName

PLAN = ComparisonPlan()
slow = pytest.mark.slow


class Judged(NamedTuple):
    """What is decided, without what is planned from it."""

    p_value: float
    difference: Interval
    extra: dict[str, float]
    verdict: VerdictName


def judge(truth: Truth, studies: int) -> list[Judged]:
    found = []
    for marks in draw_studies(truth, studies):
        p_value, difference, extra = estimate_difference(marks, marks.tuned, PLAN)
        verdict = decide_verdict(True, p_value, difference, PLAN)
        found.append(Judged(p_value, difference, extra, verdict))
    return found


def share(found: Sequence[Judged | PairedResult], *names: str) -> float:
    return sum(one.verdict in names for one in found) / len(found)


def noise(rate: float, studies: int) -> float:
    """What chance adds to a rate in 97.7 % of such simulations."""
    return 2 * float(np.sqrt(rate * (1 - rate) / studies))


def measure_share(truth: Truth, studies: int, *names: str) -> tuple[float, float]:
    """The share of such verdicts, and the most that chance makes of 5 %.

    Where chance is passed, the same of eight times as many other studies: one simulation in 44
    passes it although its rate is 5 %, and there are 150 of them. (800 questions on 80 facts:
    7.2 % of 500 studies, 4.7 % of 4,000.)
    """
    for many in (studies, 8 * studies):
        found, most = share(judge(truth, many), *names), 0.05 + noise(0.05, many)
        if found <= most:
            break
    return found, most


NULL_STUDIES = [
    *(Truth(n, shape, 0.3, together=together) for n in (30, 100, 300, 800) for shape in ("four", "ten", "unequal", "mixed") for together in (0.0, 0.7, 1.0)),
    *(Truth(n, "one", discordance) for n in (30, 100, 300, 800) for discordance in (0.1, 0.4)),
    *(Truth(n, shape, 0.3, together=together, too_fine=2) for n in (100, 300) for shape in ("one", "four", "unequal") for together in (0.7, 1.0)),
]  # fmt: skip
QUICK_NULLS = [
    Truth(100, "unequal", 0.3, together=0.7),
    Truth(100, "four", 0.3, together=1.0),
    Truth(100, "one", 0.3, together=1.0, too_fine=2),
]


@pytest.mark.parametrize(
    ("truth", "studies"),
    [*((t, 200) for t in QUICK_NULLS), *(pytest.param(t, 500, marks=slow) for t in NULL_STUDIES)],
    ids=str,
)
def test_a_null_adapter_is_called_better_or_worse_in_at_most_five_percent(
    truth: Truth, studies: int
) -> None:
    found, most = measure_share(truth, studies, "improved", "worse")
    assert found <= most


CLUSTERS = [
    Truth(n, shape, 0.3, difference, together)
    for n in (100, 300, 800)
    for shape in ("four", "ten", "unequal", "mixed")
    for difference, together in ((0.0, 0.7), (0.15, 0.0), (0.15, 0.7))
]


@pytest.mark.parametrize(
    ("truth", "studies"),
    [(Truth(300, "four", 0.3, 0.1, 0.7), 200), *(pytest.param(t, 500, marks=slow) for t in CLUSTERS)],
    ids=str,
)  # fmt: skip
def test_the_interval_covers_the_truth_as_it_says(truth: Truth, studies: int) -> None:
    found = [one.difference for one in judge(truth, studies)]
    covered = np.mean([one.low <= truth.difference <= one.high for one in found])
    assert covered >= 0.93 - noise(0.05, studies)
    if truth.n // {"four": 4, "ten": 10, "unequal": 6.8, "mixed": 6.5}[truth.shape] >= 30:
        assert covered <= 0.97 + noise(0.03, studies)  # of few facts the steps of p are wide


POWER = [
    Truth(200, "one", 0.2),
    Truth(200, "four", 0.3, together=0.5),
    Truth(400, "four", 0.3, together=1.0),
    Truth(400, "ten", 0.4, together=0.5),
    Truth(400, "mixed", 0.3, together=0.3),
    Truth(800, "unequal", 0.4, together=0.5),
]


@pytest.mark.parametrize(
    ("truth", "studies"),
    [(POWER[1], 200), *(pytest.param(t, 500, marks=slow) for t in POWER)],
    ids=str,
)
def test_the_stated_detectable_difference_is_found_in_four_of_five(
    truth: Truth, studies: int
) -> None:
    """With the design effect that such studies measure in the mean."""
    pilot = judge(truth, 60)
    worth = truth.n / np.mean([one.extra["design_effect"] for one in pilot])
    difference = power_analysis.find_detectable_difference(int(worth), truth.discordance)
    found = judge(truth._replace(difference=difference), studies)
    assert share(found, "improved") == pytest.approx(0.8, abs=0.04 + noise(0.8, studies) / 2)


@pytest.mark.parametrize(
    ("truth", "studies"),
    [
        (Truth(500, "ten", PLAN.margin, PLAN.margin, 1.0), 150),
        *(
            pytest.param(Truth(n, shape, discordance, PLAN.margin, together), 500, marks=slow)
            for n in (30, 300, 800)
            for shape in ("one", "four", "ten", "unequal", "mixed")
            for discordance, together in ((PLAN.margin, 1.0), (PLAN.margin, 0.0), (0.1, 0.5))
        ),
    ],
    ids=str,
)
def test_no_difference_is_claimed_in_at_most_five_percent_where_there_is_one_as_large_as_the_margin(
    truth: Truth, studies: int
) -> None:
    found, most = measure_share(truth, studies, "no-difference")
    assert found <= most


@pytest.mark.parametrize("studies", [150, pytest.param(500, marks=slow)])
def test_absence_is_shown_as_often_as_the_plan_is_told(studies: int) -> None:
    truth = Truth(power_analysis.count_questions_for_absence(PLAN.margin, 0.2), "one", 0.2)
    assert share(judge(truth, studies), "no-difference") == pytest.approx(
        0.8, abs=0.04 + noise(0.8, studies)
    )


@pytest.mark.parametrize(
    ("truth", "studies"),
    [
        (Truth(200, "four", 0.4, together=0.3, seeds=3, spread=0.06), 150),
        *(
            pytest.param(
                Truth(n, shape, 0.4, together=0.3, seeds=3, spread=spread, shared=shared),
                500,
                marks=slow,
            )
            for n in (200, 800)
            for shape in ("one", "four")
            for spread in (0.0, 0.02, 0.04, 0.06, 0.1)
            for shared in (0.0, 0.5)
        ),
    ],
    ids=str,
)
def test_a_recipe_with_no_effect_is_called_better_or_worse_in_at_most_five_percent(
    truth: Truth, studies: int
) -> None:
    found, most = measure_share(truth, studies, "improved", "worse")
    assert found <= most


@pytest.mark.parametrize("studies", [300, pytest.param(2000, marks=slow)])
def test_honest_seeds_of_one_effect_are_said_to_differ_in_five_percent(studies: int) -> None:
    found = judge(Truth(200, "four", 0.4, 0.1, 0.3, seeds=3), studies)
    apart = np.mean([one.extra["p_seeds"] <= 0.05 for one in found])
    assert apart == pytest.approx(0.05, abs=0.01 + noise(0.05, studies))
    far = judge(Truth(800, "four", 0.4, 0.1, 0.3, seeds=3, spread=0.1), 50)
    assert np.mean([one.extra["p_seeds"] <= 0.05 for one in far]) > 0.7


def test_the_whole_comparison_says_the_same_as_the_judge() -> None:
    """Answers through the door that studies use: null adapters, 100 questions, 25 facts."""
    asked = make_questions(100, per_fact=4)
    dice = np.random.default_rng(5)
    for _ in range(20):
        base = dice.choice([1, 2], 100, p=[0.3, 0.7])
        tuned = np.where(dice.random(100) < 0.3, dice.choice([1, 2], 100, p=[0.3, 0.7]), base)
        row = compare_models(
            {"same_fact": asked},
            make_answers(asked, base.tolist()),
            make_answers(asked, tuned.tolist()),
            PLAN,
        )[0]
        marks = PairedOutcomes(
            base == 1, (tuned == 1)[None], (base != tuned)[None], np.arange(100) // 4
        )
        judged = judge_outcomes(marks, PLAN)
        assert (row.verdict, row.p_value, row.difference) == (
            judged.verdict,
            judged.p_value,
            judged.difference,
        )
