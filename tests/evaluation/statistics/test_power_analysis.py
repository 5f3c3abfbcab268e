"""What so many questions can see, against sums over all outcomes and closed forms."""

import itertools

import pytest
from scipy import stats

from tasks.evaluation.statistics import power_analysis
from tasks.schemas.plan_sections import ComparisonPlan


@pytest.mark.parametrize(
    ("n", "row"),
    [(100, (8.8, 12.8, 15.9, 18.2)), (400, (4.6, 6.4, 7.9, 9.0)), (1000, (2.9, 4.0, 4.9, 5.7))],
)
def test_detectable_differences(n: int, row: tuple[float, ...]) -> None:
    found = [
        100 * power_analysis.find_detectable_difference(n, discordance)
        for discordance in (0.1, 0.2, 0.3, 0.4)
    ]
    assert found == pytest.approx(row, abs=0.051)


def test_power_for_ten_points_with_a_hundred_questions() -> None:
    assert [round(100 * power_analysis.compute_power(100, 0.1, d)) for d in (0.2, 0.3, 0.4)] == [
        54,
        37,
        30,
    ]


def test_power_is_the_sum_over_all_outcomes() -> None:
    n, difference, discordance = 30, 0.25, 0.35
    up, down = (discordance + difference) / 2, (discordance - difference) / 2
    brute = sum(
        float(
            stats.multinomial.pmf([gained, lost, n - gained - lost], n, [up, down, 1 - up - down])
        )
        for gained, lost in itertools.product(range(n + 1), repeat=2)
        if gained + lost <= n
        and gained > lost
        and stats.binomtest(gained, gained + lost).pvalue <= 0.05
    )
    assert power_analysis.compute_power(n, difference, discordance) == pytest.approx(
        brute, abs=1e-9
    )


def test_power_at_its_edges() -> None:
    assert (
        power_analysis.find_detectable_difference(5, 0.4) == 1.0
    )  # five questions: 2 · 2⁻⁵ > .05, nothing can be shown
    assert power_analysis.compute_power(100, 0, 0) == 0
    assert power_analysis.find_detectable_difference(100, 0.0) == pytest.approx(
        0.078, abs=1e-3
    )  # all changes gains: six of a hundred
    assert power_analysis.compute_power(
        100, power_analysis.find_detectable_difference(100, 0.2), 0.2
    ) == pytest.approx(0.8, abs=1e-3)
    assert power_analysis.compute_power(100, -0.1, 0.2) == power_analysis.compute_power(
        100, 0.1, 0.2
    )
    needed = power_analysis.count_questions_needed(0.1, 0.2)
    assert (
        power_analysis.compute_power(needed, 0.1, 0.2)
        >= 0.8
        > power_analysis.compute_power(needed - 5, 0.1, 0.2)
    )
    with pytest.raises(ValueError, match="discordance"):
        power_analysis.compute_power(100, 0.3, 0.2)


def test_absence_is_shown_where_both_ends_of_the_interval_lie_within_the_margin() -> None:
    """2000 questions, 20 % change: standard error 1 point, the ends 1.96 and .1 beyond the mean."""
    room = (5 - 0.1) / 1 - stats.norm.isf(0.025)
    wanted = 2 * stats.norm.cdf(room) - 1
    assert power_analysis.compute_equivalence_power(2000, 0.05, 0.2) == pytest.approx(wanted)
    shifted = stats.norm.cdf(room + 1) + stats.norm.cdf(room - 1) - 1
    assert power_analysis.compute_equivalence_power(
        2000, 0.05, 0.2, difference=0.01
    ) == pytest.approx(shifted)
    assert power_analysis.compute_equivalence_power(50, 0.05, 0.4) == 0.0


def test_how_many_questions_absence_takes() -> None:
    needed = power_analysis.count_questions_for_absence(0.05, 0.4)
    found = [
        power_analysis.compute_equivalence_power(n, 0.05, 0.4) for n in (needed, needed * 0.98)
    ]
    assert found[0] >= 0.8 > found[1]
    reach = stats.norm.isf(0.025) + stats.norm.isf(0.1)  # of both ends, at power .8
    assert needed == pytest.approx(0.4 * (reach / 0.05) ** 2, rel=0.06)  # and 2 facts unseen


def test_what_decides_is_the_difference_or_its_absence_whichever_takes_fewer() -> None:
    plan = ComparisonPlan()
    count = power_analysis.count_deciding_questions
    assert count(0.1, 0.3, plan) == power_analysis.count_questions_needed(0.1, 0.3)
    assert count(0.0, 0.3, plan) == power_analysis.count_questions_for_absence(0.05, 0.3)
    assert count(0.5, 0.1, plan) == power_analysis.count_questions_needed(0.5, 0.5)
    at, below = count(0.025, 0.3, plan), count(0.0249, 0.3, plan)  # half the margin: equally many
    assert at == power_analysis.count_questions_needed(0.025, 0.3)
    assert below == power_analysis.count_questions_for_absence(0.05, 0.3, difference=0.0249)
    assert at == pytest.approx(below, rel=0.05)
    assert count(1e-4, 0.3, plan) == pytest.approx(count(0.0, 0.3, plan), rel=0.02)
