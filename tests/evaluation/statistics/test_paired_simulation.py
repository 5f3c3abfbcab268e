"""Verdicts over thousands of simulated studies: no gain is found where there is none, and the stated one is found as stated."""

import numpy as np
import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.statistics import power_analysis
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import VerdictName

PLAN = ComparisonPlan()


def verdicts(
    studies: int,
    n: int,
    per_fact: int,
    discordance: float,
    difference: float = 0.0,
    together: float = 0.0,
    restless: bool = False,
) -> list[VerdictName]:
    """Studies whose adapter has this true effect; `together`: share of the questions that move with their fact.

    `restless`: wrong answers become other wrong ones, so that a study where nothing was gained or lost is not "identical".
    """
    dice = np.random.default_rng(n + per_fact)
    fact = np.arange(n) // per_fact
    found: list[VerdictName] = []
    for _ in range(studies):
        luck = np.where(dice.random(n) < together, dice.random(n)[fact], dice.random(n))
        gained, lost = (
            luck < (discordance + difference) / 2,
            (luck >= (discordance + difference) / 2) & (luck < discordance),
        )
        base = lost | (~gained & (dice.random(n) < 0.3))
        found.append(
            judge_outcomes(
                PairedOutcomes(
                    base, (base | gained) & ~lost, gained | lost | (restless & ~base), fact
                ),
                PLAN,
            ).verdict
        )
    return found


def share(found: list[VerdictName], *names: VerdictName) -> float:
    return sum(verdict in names for verdict in found) / len(found)


@pytest.mark.parametrize(
    ("n", "per_fact", "discordance", "together"),
    [
        (100, 1, 0.2, 0.0),
        pytest.param(100, 4, 0.3, 0.0, marks=pytest.mark.slow),
        pytest.param(91, 1, 0.05, 0.0, marks=pytest.mark.slow),
        (100, 5, 0.3, 0.7),
        (100, 10, 0.4, 1.0),
    ],
)
def test_a_null_adapter_is_called_better_or_worse_in_at_most_five_percent(
    n: int, per_fact: int, discordance: float, together: float
) -> None:
    found = verdicts(2000 if per_fact == 1 else 1000, n, per_fact, discordance, together=together)
    assert share(found, "improved", "worse") <= 0.05 + 0.01 * (
        together > 0
    )  # a thousand studies see ± 1.4 points; exact where questions are alone


@pytest.mark.parametrize(
    ("n", "per_fact", "discordance"),
    [(100, 1, 0.2), (200, 4, 0.3), pytest.param(400, 4, 0.2, marks=pytest.mark.slow)],
)
def test_the_stated_detectable_difference_is_found_in_four_of_five(
    n: int, per_fact: int, discordance: float
) -> None:
    difference = power_analysis.find_detectable_difference(n, discordance)
    assert share(verdicts(1500, n, per_fact, discordance, difference), "improved") == pytest.approx(
        0.8, abs=0.03
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "per_fact", "discordance", "together"),
    [
        (30, 1, 0.1, 0.0),
        (30, 1, 0.5, 0.0),
        (30, 3, 0.5, 1.0),
        (60, 6, 0.4, 1.0),
        (200, 20, 0.3, 1.0),
        (200, 2, 0.1, 0.5),
        (400, 8, 0.6, 1.0),
    ],
)
def test_few_questions_and_facts_that_move_as_one_give_no_false_gain_either(
    n: int, per_fact: int, discordance: float, together: float
) -> None:
    found = verdicts(2000, n, per_fact, discordance, together=together)
    assert share(found, "improved", "worse") <= 0.05 + 0.01 * (together > 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "discordance"), [(30, 0.5), (50, 0.3), (100, 0.1), (100, 0.5), (400, 0.05)]
)
def test_the_stated_difference_is_found_as_stated_at_low_and_high_discordance(
    n: int, discordance: float
) -> None:
    difference = power_analysis.find_detectable_difference(n, discordance)
    assert share(
        verdicts(2000, n, 1, max(discordance, difference), difference), "improved"
    ) == pytest.approx(0.8, abs=0.03)


def test_no_difference_is_claimed_in_at_most_five_percent_where_there_is_one_as_large_as_the_margin() -> (
    None
):
    found = verdicts(1000, 1000, 1, 0.2, difference=PLAN.margin)
    assert share(found, "no-difference") <= 0.05 + 0.02


@pytest.mark.parametrize(("n", "per_fact"), [(500, 50), (500, 25), (500, 10)])
def test_few_facts_that_move_as_one_do_not_show_the_absence_of_a_difference_either(
    n: int, per_fact: int
) -> None:
    found = verdicts(
        1000,
        n,
        per_fact,
        discordance=PLAN.margin,
        difference=PLAN.margin,
        together=1.0,
        restless=True,
    )
    assert (
        share(found, "no-difference") <= 0.05 + 0.03
    )  # without a floor, 36 % at 20 facts: most often none of them moves


def test_the_whole_comparison_says_the_same_as_the_judge() -> None:
    """Answers through the door that studies use: null adapters, 100 questions, 25 facts."""
    asked = make_questions(100, per_fact=4)
    dice = np.random.default_rng(5)
    found = []
    for _ in range(40):
        base = dice.choice([1, 2], 100, p=[0.3, 0.7])
        tuned = np.where(dice.random(100) < 0.3, dice.choice([1, 2], 100, p=[0.3, 0.7]), base)
        row = compare_models(
            {"same_fact": asked},
            make_answers(asked, base.tolist()),
            make_answers(asked, tuned.tolist()),
            PLAN,
        )[0]
        marks = PairedOutcomes(base == 1, tuned == 1, base != tuned, np.arange(100) // 4)
        assert row.verdict == judge_outcomes(marks, PLAN).verdict
        found.append(row.verdict)
    assert share(found, "improved", "worse") <= 0.1
