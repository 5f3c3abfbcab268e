"""The sign-flip test by fact and its interval, against brute force, scipy and McNemar."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.evaluation.statistics import sign_flip
from tasks.evaluation.statistics.sign_flip import Bounds, Units

SINGLE = [(0, 0, 5), (9, 1, 100), (1, 9, 100), (5, 5, 40), (12, 2, 50), (0, 7, 30), (7, 0, 7), (40, 22, 91), (150, 100, 1000)]  # fmt: skip


def single(gained: int, lost: int, n: int) -> Units:
    """Each fact has one question."""
    balances = np.array([1] * gained + [-1] * lost + [0] * (n - gained - lost))
    return Units(balances, np.ones(n, dtype=np.int64))


def flip_all(balances: list[int]) -> float:
    """Every way of choosing the signs, one by one."""
    flips = itertools.product((1, -1), repeat=len(balances))
    totals = [abs(sum(s * b for s, b in zip(signs, balances, strict=True))) for signs in flips]
    return sum(total >= abs(sum(balances)) for total in totals) / len(totals)


@pytest.mark.parametrize(("gained", "lost", "n"), SINGLE)
def test_with_one_question_a_fact_it_is_mcnemar(gained: int, lost: int, n: int) -> None:
    wanted = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert sign_flip.compute_p_value(single(gained, lost, n).balances) == pytest.approx(wanted)


def test_nine_gained_and_one_lost() -> None:
    """2 · Σ C(10, k) / 2¹⁰ for k ≤ 1 is 22/1024."""
    assert sign_flip.compute_p_value(single(9, 1, 20).balances) == pytest.approx(22 / 1024)


@given(st.lists(st.integers(-7, 7), min_size=1, max_size=10))
@settings(max_examples=80, deadline=None)
def test_it_counts_every_choice_of_signs(balances: list[int]) -> None:
    assert sign_flip.compute_p_value(np.array(balances)) == pytest.approx(flip_all(balances))


def test_it_is_scipy_s_permutation_test() -> None:
    balances = np.array([3, -1, 4, 1, 5, 0, 2, -6, 5])
    wanted = stats.permutation_test(
        (balances,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip.compute_p_value(balances) == pytest.approx(wanted)


def test_few_facts_prove_nothing_however_many_their_questions() -> None:
    assert sign_flip.compute_p_value(np.array([10, 10, 10])) == pytest.approx(0.25)
    assert sign_flip.compute_p_value(np.array([27])) == 1.0
    assert sign_flip.compute_p_value(np.array([0, 0])) == 1.0


def test_the_sums_of_a_fact_are_its_gains_less_its_losses() -> None:
    units = sign_flip.group_units(np.array([1, 1, -1, 0, -1]), np.array([7, 7, 7, 2, 2]), times=3)
    assert units.balances.tolist() == [-1, 1] and units.sizes.tolist() == [6, 9]
    assert units.mean == 0


def halves_of(units: Units) -> list[tuple[float, bool]]:
    """The mean of every half, and whether it is empty."""
    found = []
    for taken in itertools.product((False, True), repeat=len(units.sizes)):
        chosen = np.array(taken)
        size = int(units.sizes[chosen].sum())
        found.append((units.balances[chosen].sum() / size if size else 0.0, not size))
    return found


def test_the_bound_near_zero_is_where_the_test_of_the_difference_ends() -> None:
    """By every half: at the bound, the share of halves at or below it (empty ones count) passes α/2."""
    units = Units(
        np.array([2, 3, 1, 4, 2, 3, 1, 2, 5, -1]), np.array([4, 6, 3, 5, 4, 6, 5, 4, 6, 3])
    )
    low = sign_flip.compute_bounds(units, 0.1, seed=0).low
    below = [empty or mean < low - 0.02 for mean, empty in halves_of(units)]
    upto = [empty or mean <= low + 0.02 for mean, empty in halves_of(units)]
    assert np.mean(below) <= 0.05 <= np.mean(upto)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.2])
@pytest.mark.parametrize(("gained", "lost", "n"), SINGLE)
def test_the_interval_leaves_out_zero_where_the_test_does_and_only_there(
    gained: int, lost: int, n: int, alpha: float
) -> None:
    units = single(gained, lost, n)
    low, high = sign_flip.compute_bounds(units, alpha, seed=1)
    assert -1 <= low <= units.mean <= high <= 1
    assert (low > 0 or high < 0) == (sign_flip.compute_p_value(units.balances) <= alpha)


@given(  # a half of few facts has few values: there the quantile jumps between draws
    st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 3)), min_size=20, max_size=40),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None, derandomize=True)  # the bounds are drawn: no new data
def test_swapping_the_models_mirrors_the_interval(facts: list[tuple[int, int]], seed: int) -> None:
    balances = np.array([b for b, _ in facts])
    sizes = np.array([abs(b) + still + 1 for b, still in facts])
    low, high = sign_flip.compute_bounds(Units(balances, sizes), 0.05, seed)
    other = sign_flip.compute_bounds(Units(-balances, sizes), 0.05, seed)
    assert (low > 0, high < 0) == (other.high < 0, other.low > 0)
    assert other == pytest.approx((-high, -low), abs=0.15)  # drawn anew


@pytest.mark.parametrize(("gained", "upper"), [(0, 3.7), (1, 5.6), (5, 11.7), (20, 30.7)])
def test_beyond_what_was_seen_the_bound_is_about_the_exact_one_of_a_share(
    gained: int, upper: float
) -> None:
    """Clopper and Pearson's upper bound of so many of 1000, none being lost."""
    n = 1000
    exact = stats.beta.ppf(0.975, gained + 1, n - gained)
    assert 1000 * exact == pytest.approx(upper, abs=0.1)
    high = sign_flip.compute_bounds(single(gained, 0, n), 0.05, seed=0).high
    assert exact - 0.0005 <= high <= exact * 1.2


def test_where_no_fact_moved_few_of_them_leave_much_open() -> None:
    """20 facts of ten questions stand still: of such facts a tenth and more may move unseen."""
    still = Units(np.zeros(20, dtype=np.int64), np.full(20, 10))
    low, high = sign_flip.compute_bounds(still, 0.05, seed=0)
    assert high == pytest.approx(4 / 20, abs=0.08) and low == pytest.approx(-high, abs=0.05)


def test_a_large_fact_that_did_not_move_is_not_taken_for_a_small_one() -> None:
    """One of the single questions moved, no fact of 30: their moving is not ruled out."""
    units = Units(np.array([1] + [0] * 14), np.array([1, 1, 1, 1, 30] * 3))
    assert sign_flip.compute_bounds(units, 0.05, seed=0).high > 0.4


@pytest.mark.parametrize(
    ("bounds", "value", "significant", "wanted"),
    [
        (Bounds(-0.01, 0.2), 0.1, True, Bounds(0.005, 0.2)),
        (Bounds(0.02, 0.2), 0.1, True, Bounds(0.02, 0.2)),
        (Bounds(-0.2, 0.01), -0.1, True, Bounds(-0.2, -0.005)),
        (Bounds(-0.2, -0.05), -0.1, True, Bounds(-0.2, -0.05)),
        (Bounds(0.01, 0.2), 0.1, False, Bounds(0.0, 0.2)),
        (Bounds(-0.2, -0.01), -0.1, False, Bounds(-0.2, 0.0)),
        (Bounds(-0.1, 0.05), 0.1, False, Bounds(-0.1, 0.1)),
        (Bounds(-0.05, 0.1), -0.1, False, Bounds(-0.1, 0.1)),
    ],
)
def test_bounds_give_way_to_the_exact_test_of_zero(
    bounds: Bounds, value: float, significant: bool, wanted: Bounds
) -> None:
    assert sign_flip.align_with_test(bounds, value, significant, 100) == pytest.approx(wanted)


def test_the_design_effect_is_the_ratio_of_two_variances() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    dice = np.random.default_rng(3)
    fact = np.repeat(np.arange(20), dice.integers(1, 7, 20))
    moves = dice.choice([-1, 0, 1], len(fact), p=[0.15, 0.6, 0.25])
    model = statsmodels.OLS(moves, np.ones(len(moves)))
    grouped = model.fit(cov_type="cluster", cov_kwds={"groups": fact, "use_correction": False}).bse[
        0
    ]
    wanted = grouped**2 * 20 / 19 / model.fit().bse[0] ** 2
    assert sign_flip.compute_design_effect(moves, fact) == pytest.approx(wanted)


def test_the_design_effect_of_facts_that_move_as_one_is_their_size() -> None:
    fact = np.repeat(np.arange(40), 5)
    moves = np.repeat(np.tile([1, -1], 20), 5)
    assert sign_flip.compute_design_effect(moves, fact) == pytest.approx(5, rel=0.03)
    assert sign_flip.compute_design_effect(np.zeros(200, dtype=int), fact) == 5
    assert sign_flip.compute_design_effect(moves, np.zeros(200, dtype=int)) == 200
    assert sign_flip.compute_design_effect(moves, np.arange(200)) == pytest.approx(1)


def test_eight_hundred_questions_take_well_under_a_second() -> None:
    dice = np.random.default_rng(0)
    units = sign_flip.group_units(dice.choice([-1, 0, 1], 800), dice.integers(0, 200, 800))
    start = time.process_time()
    sign_flip.compute_p_value(units.balances)
    sign_flip.compute_bounds(units, 0.05, seed=0)
    assert time.process_time() - start < 0.5


def test_a_half_of_one_question_counts_and_an_empty_one_lies_beyond() -> None:
    sums, sizes = np.array([0, 0]), np.array([1, 0])
    assert sign_flip._quantile(sums, sizes, 0.0, 1) == 0.0
    assert sign_flip._quantile(sums, sizes, 1.0, 1) == 1.0
