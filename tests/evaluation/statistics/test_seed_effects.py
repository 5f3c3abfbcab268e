"""Several seeds of one tuning: the recipe's interval and test, and whether the seeds differ."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import cochrans_q

from tasks.evaluation.statistics import seed_effects
from tasks.evaluation.statistics.sign_flip import Bounds

LAPTOP = (0.227, 0.312, 0.284)  # three seeds of the laptop study


def test_the_recipe_s_interval_adds_both_distances_as_squares() -> None:
    """Seeds .227, .312, .284: standard error .0250, t(.975, 2) = 4.303, so .1077 to a side."""
    reach = stats.t.ppf(0.975, 2) * np.std(LAPTOP, ddof=1) / math.sqrt(3)
    assert reach == pytest.approx(0.1077, abs=1e-4)
    mean = np.mean(LAPTOP)
    found = seed_effects.widen_bounds(Bounds(mean - 0.12, mean + 0.1), LAPTOP, 0.95)
    assert found.low == pytest.approx(mean - math.hypot(0.12, reach))
    assert found.high == pytest.approx(mean + math.hypot(0.1, reach))


def test_it_is_scipy_s_t_interval_where_the_facts_say_all() -> None:
    mean = float(np.mean(LAPTOP))
    wanted = stats.t.interval(0.9, 2, loc=mean, scale=stats.sem(LAPTOP))
    assert seed_effects.widen_bounds(Bounds(mean, mean), LAPTOP, 0.9) == pytest.approx(wanted)


def test_no_bound_lies_beyond_one() -> None:
    found = seed_effects.widen_bounds(Bounds(0.1, 0.9), (-0.9, 0.9, 0.9), 0.95)
    assert found == Bounds(-1.0, 1.0)


@pytest.mark.parametrize("p_value", [1e-9, 2e-4, 0.03, 0.4])
def test_the_recipe_s_p_is_the_level_whose_interval_ends_at_zero(p_value: float) -> None:
    p = seed_effects.widen_p_value(p_value, LAPTOP)
    mean, error = np.mean(LAPTOP), stats.sem(LAPTOP)
    by_fact = mean / stats.norm.isf(p_value / 2)  # standard error that gives this p
    assert math.hypot(
        by_fact * stats.norm.isf(p / 2), error * stats.t.isf(p / 2, 2)
    ) == pytest.approx(mean)
    assert p_value < p < 1


def test_seeds_that_agree_to_the_last_digit_leave_the_p_by_fact() -> None:
    assert seed_effects.widen_p_value(0.031, (0.125, 0.125, 0.125)) == pytest.approx(0.031)


def test_facts_that_say_all_leave_the_t_test_of_the_seeds() -> None:
    wanted = stats.ttest_1samp(LAPTOP, 0).pvalue
    assert seed_effects.widen_p_value(0.0, LAPTOP) == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("effects", [(0.1, -0.1, 0.0), LAPTOP])
def test_no_effect_is_no_evidence(effects: tuple[float, ...]) -> None:
    assert seed_effects.widen_p_value(1.0, effects) == 1.0
    assert seed_effects.widen_p_value(1e-5, (0.2, -0.2, 0.0)) == 1.0


def test_heterogeneity_is_cochran_s_q() -> None:
    dice = np.random.default_rng(4)
    rows = (dice.random((4, 60)) < np.array([[0.2], [0.3], [0.5], [0.4]])).astype(int)
    wanted = cochrans_q(rows.T).pvalue
    assert seed_effects.compute_heterogeneity_p_value(rows) == pytest.approx(wanted)
    assert wanted < 0.05


def test_seeds_that_say_the_same_do_not_differ() -> None:
    assert seed_effects.compute_heterogeneity_p_value(np.tile([2, -1, 0, 3], (3, 1))) == 1.0
    assert seed_effects.compute_heterogeneity_p_value(np.array([[2, -1]])) == 1.0


def test_of_seeds_with_one_effect_one_in_twenty_is_said_to_differ() -> None:
    """Facts of three questions, half of what moves shared by the seeds: permuted within facts."""
    dice = np.random.default_rng(7)
    found = []
    for _ in range(2000):
        common = dice.integers(-2, 3, 40)
        rows = np.where(dice.random((3, 40)) < 0.5, common, dice.integers(-2, 3, (3, 40)))
        found.append(seed_effects.compute_heterogeneity_p_value(rows))
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.015)
