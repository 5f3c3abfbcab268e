"""Every figure of a comparison against scipy, statsmodels or brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from tasks.evaluation.statistics import intervals, mcnemar, power_analysis
from tasks.evaluation.statistics.paired_comparison import (
    apply_holm_correction,
)
from tasks.evaluation.statistics.verdict import (
    PairedOutcomes,
    explain_limits,
    explain_verdict,
    judge_outcomes,
)
from tasks.language.catalogue import load_catalogue
from tasks.schemas.plan_sections import ComparisonPlan

COUNTS = [
    (0, 0, 5),
    (9, 1, 100),
    (1, 9, 100),
    (5, 5, 40),
    (12, 2, 50),
    (0, 7, 30),
    (7, 0, 7),
    (40, 22, 91),
    (150, 100, 1000),
]


@pytest.mark.parametrize(("gained", "lost", "n"), COUNTS)
def test_mcnemar_is_the_exact_binomial(gained: int, lost: int, n: int) -> None:
    table = [[0, lost], [gained, n - gained - lost]]
    assert mcnemar.compute_exact_p_value(gained, lost) == pytest.approx(
        reference_mcnemar(table, exact=True).pvalue if gained + lost else 1.0
    )
    if gained + lost:
        assert mcnemar.compute_exact_p_value(gained, lost) == pytest.approx(
            stats.binomtest(gained, gained + lost).pvalue
        )


def test_mcnemar_of_nine_and_one() -> None:
    assert mcnemar.compute_exact_p_value(9, 1) == pytest.approx(
        0.0215, abs=1e-4
    )  # 2 · Σ C(10,k)/2¹⁰, k ≤ 1 = 22/1024


@pytest.mark.parametrize(("correct", "n"), [(0, 10), (31, 91), (10, 10), (250, 1000)])
def test_wilson_is_statsmodels(correct: int, n: int) -> None:
    assert intervals.compute_wilson_interval(correct, n) == pytest.approx(
        proportion_confint(correct, n, method="wilson")
    )


def likelihood_score(gained: int, lost: int, n: int, difference: float) -> float:
    """Tango's z with the restricted likelihood maximised by brute force instead of by its quadratic."""

    def minus_log_likelihood(share: float) -> float:
        parts = (
            (gained, share + difference),
            (lost, share),
            (n - gained - lost, 1 - 2 * share - difference),
        )
        return -sum(count * math.log(max(p, 1e-300)) for count, p in parts if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    share = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    return float(
        (gained - lost - n * difference) / math.sqrt(n * (2 * share + difference - difference**2))
    )


@pytest.mark.parametrize(("gained", "lost", "n"), COUNTS)
def test_tango_s_bounds_are_where_the_brute_force_score_is_z(
    gained: int, lost: int, n: int
) -> None:
    low, high = intervals.compute_tango_interval(gained, lost, n)
    assert low <= (gained - lost) / n <= high
    if low > -1:
        assert likelihood_score(gained, lost, n, low) == pytest.approx(1.95996, abs=2e-3)
    if high < 1:
        assert likelihood_score(gained, lost, n, high) == pytest.approx(-1.95996, abs=2e-3)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_the_interval_is_mirrored_by_swapping_the_models(
    gained: int, lost: int, still: int
) -> None:
    n = gained + lost + still + 1
    low, high = intervals.compute_tango_interval(gained, lost, n)
    assert intervals.compute_tango_interval(lost, gained, n) == pytest.approx(
        (-high, -low), abs=1e-9
    )
    assert -1 <= low <= high <= 1


def test_tango_s_interval_covers_as_it_says() -> None:
    """Exactly, over all outcomes of 40 questions with 25 % discordance and a true difference of 10 points."""
    n, up, down = 40, 0.175, 0.075
    covered = 0.0
    for gained, lost in itertools.product(range(n + 1), repeat=2):
        if gained + lost <= n:
            chance = stats.multinomial.pmf(
                [gained, lost, n - gained - lost], n, [up, down, 1 - up - down]
            )
            if chance > 1e-9:
                low, high = intervals.compute_tango_interval(gained, lost, n)
                covered += chance * (low <= up - down <= high)
    assert covered == pytest.approx(0.95, abs=0.015)


def test_equivalence_is_both_one_sided_tests_and_agrees_with_its_interval() -> None:
    for gained, lost, n in COUNTS:
        low, high = intervals.compute_tango_interval(gained, lost, n, 0.9)
        inside = low > -0.1 and high < 0.1
        assert (intervals.compute_equivalence_p_value(gained, lost, n, 0.1) < 0.05) == inside, (
            gained,
            lost,
            n,
        )


def test_the_t_interval_by_fact_is_a_regression_s_with_clustered_errors() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    dice = np.random.default_rng(3)
    fact = np.repeat(np.arange(20), dice.integers(1, 7, 20))
    moves = dice.choice([-1, 0, 1], len(fact), p=[0.15, 0.6, 0.25])
    fitted = statsmodels.OLS(moves, np.ones(len(moves))).fit(
        cov_type="cluster", cov_kwds={"groups": fact, "use_correction": False}, use_t=True
    )
    balances, sizes = np.bincount(fact, moves).astype(int), np.bincount(fact)
    error = fitted.bse[0] * math.sqrt(20 / 19)  # ours has facts / (facts - 1)
    assert intervals.compute_standard_error(balances, sizes) == pytest.approx(error)
    reach = stats.t.ppf(0.975, 19) * error
    assert intervals.compute_fact_interval(balances, sizes) == pytest.approx(
        (moves.mean() - reach, moves.mean() + reach)
    )
    assert mcnemar.compute_fact_p_value(balances, sizes) == pytest.approx(
        2 * stats.t.sf(moves.mean() / error, 19)
    )


def test_few_facts_prove_nothing() -> None:
    assert (
        mcnemar.compute_fact_p_value(np.array([9, 9, 9]), np.array([10, 10, 10])) == 0.25
    )  # 2^(1-3)
    assert mcnemar.compute_fact_p_value(np.array([27]), np.array([30])) == 1.0
    assert mcnemar.compute_fact_p_value(np.array([1, -1]), np.array([2, 2])) == 1.0


def test_the_bootstrap_by_kinds_is_the_bootstrap_by_facts() -> None:
    balances, sizes = np.array([2, 0, 1, -1, 0, 3, 1, 0]), np.array([4, 4, 2, 2, 4, 4, 2, 2])
    low, high = intervals.bootstrap_difference(balances, sizes, 0.95, seed=0, draws=20_000)
    dice = np.random.default_rng(1)
    drawn = dice.integers(0, 8, (20_000, 8))
    plain = np.quantile(balances[drawn].sum(1) / sizes[drawn].sum(1), [0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(plain), abs=0.02)
    assert intervals.bootstrap_difference(
        balances, sizes, 0.95, 7
    ) == intervals.bootstrap_difference(balances, sizes, 0.95, 7)


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


def test_holm_is_statsmodels() -> None:
    values = [0.01, 0.04, 0.03, 0.005, 0.8, 0.04]
    assert apply_holm_correction(values) == pytest.approx(multipletests(values, method="holm")[1])
    assert apply_holm_correction([]) == []


def marks(
    gained: int, lost: int, right: int, wrong: int, per_fact: int = 1, moved: int = 0
) -> PairedOutcomes:
    """`moved`: wrong answers that became other wrong answers."""
    base = np.array([False] * gained + [True] * (lost + right) + [False] * wrong)
    tuned = np.array([True] * gained + [False] * lost + [True] * right + [False] * wrong)
    changed = (base != tuned) | (np.arange(len(base)) >= len(base) - moved)
    return PairedOutcomes(base, tuned, changed, np.arange(len(base)) // per_fact)


@pytest.mark.parametrize(
    ("verdict", "seen", "words"),
    [
        ("improved", marks(30, 5, 30, 35), "Tuning helped: "),
        ("worse", marks(5, 30, 30, 35), "did harm"),
        ("no-difference", marks(3, 3, 100, 300), "anything beyond 5.0 points is ruled out"),
        ("inconclusive", marks(9, 6, 30, 55), "would be|likely to be missed"),
        ("identical", marks(0, 0, 30, 70), "Tuning changed no answer at all"),
        (
            "no-difference",
            marks(0, 0, 30, 70, moved=20),
            "anything beyond 5.0 points is ruled out",
        ),  # equal totals alone are no alarm
        ("inconclusive", marks(12, 0, 0, 12, per_fact=12), "counted by the 2 facts"),
        (
            "inconclusive",
            marks(0, 0, 200, 200, per_fact=20, moved=20),
            "but the 20 facts are too few",
        ),
    ],
)
def test_each_verdict_has_its_numbers_and_its_sentence(
    verdict: str, seen: PairedOutcomes, words: str
) -> None:
    judged = judge_outcomes(seen, ComparisonPlan())
    assert judged.verdict == verdict
    told = tell_all(judged)
    assert any(part in told for part in words.split("|")), told


def tell_all(judged, illegible: int = 0, shift: float | None = None) -> str:
    """Verdict, figures and limits in English."""
    say, plan = load_catalogue("en"), ComparisonPlan()
    verdict, limits = explain_verdict(judged, plan, illegible), explain_limits(judged, plan, shift)
    figures = say.fill_values(say["messages"]["verdict-figures"], verdict.values)
    parts = [say.format_message(verdict), figures]
    return " ".join(parts + ([say.format_message(limits)] if limits else []))


@pytest.mark.parametrize(
    ("illegible", "shift", "words", "not_said"),
    [
        (100, None, "Of 100 answers 100 could be read neither", "did nothing"),
        (99, None, "Of 100 answers 99 could be read neither", "alarm"),
        (0, None, "these answers do not show it", "did nothing"),
        (40, None, "changed no answer at all", "did nothing"),
        (0, 0.25, "moved by 0.25 nats", "did nothing"),
        (0, 0.0, "did nothing that can be seen", "moved by"),
    ],
)
def test_answers_that_did_not_change_are_told_for_what_they_show(
    illegible: int, shift: float | None, words: str, not_said: str
) -> None:
    told = tell_all(judge_outcomes(marks(0, 0, 30, 70), ComparisonPlan()), illegible, shift)
    assert words in told and not_said not in told


def test_only_what_could_not_be_told_has_limits() -> None:
    plan = ComparisonPlan()
    by_fact, few, plain = (
        judge_outcomes(seen, plan)
        for seen in (marks(12, 0, 0, 12, per_fact=12), marks(9, 6, 30, 55), marks(30, 5, 30, 35))
    )
    assert explain_limits(by_fact, plan).values["facts"] == 2
    codes = [
        explain_limits(one, plan) and explain_limits(one, plan).code
        for one in (by_fact, few, plain)
    ]
    assert codes == ["limits-by-fact", "limits-detectable", None]
    close = judge_outcomes(marks(0, 0, 200, 200, per_fact=20, moved=20), plan)
    told = [explain_verdict(one, plan).code for one in (by_fact, few, close, plain)]
    assert told == [
        "verdict-inconclusive-by-fact",
        "verdict-inconclusive",
        "verdict-inconclusive-few-facts",
        "verdict-improved",
    ]
