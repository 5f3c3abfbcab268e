"""Groups are drawn towards the whole as far as chance explains their distance, by the model's own integrals."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from tasks.evaluation.effects.group_effects import condition_on, group_effects, shrink_effects
from tasks.evaluation.statistics.sign_flip import compute_design_effect
from tasks.evaluation.statistics.verdict import PairedOutcomes
from tasks.schemas.item_rows import Passage, Question, Quote

EIGHT_SCHOOLS = (  # Rubin 1981; effects and standard errors, here of a hundredth
    np.array([28, 8, -3, 7, -1, 1, 18, 12]) / 100,
    (np.array([15, 10, 16, 11, 9, 11, 10, 18]) / 100) ** 2,
)


def test_with_equal_variances_the_share_kept_is_that_of_james_and_stein() -> None:
    """(τ² + v) is the spread that is seen: a group keeps τ² / (τ² + v) of its distance."""
    effects, v, tau = np.array([0.1, 0.2, 0.6]), 0.01, 0.2
    found = condition_on(tau, effects, np.full(3, v))
    kept = tau**2 / (tau**2 + v)
    assert found.mean == pytest.approx(0.3)
    assert found.values == pytest.approx(0.3 + kept * (effects - 0.3))
    assert found.variances == pytest.approx(
        np.full(3, kept * v + (1 - kept) ** 2 * (tau**2 + v) / 3)
    )


def test_given_the_spread_it_is_the_posterior_of_all_groups_together() -> None:
    """Brute force: the inverse of the joint precision, with a flat prior on the mean."""
    effects, variances = EIGHT_SCHOOLS
    tau = 0.07
    around_mean = (np.eye(8) - np.full((8, 8), 1 / 8)) / tau**2
    covariance = np.linalg.inv(np.diag(1 / variances) + around_mean)
    found = condition_on(tau, effects, variances)
    assert found.values == pytest.approx(covariance @ (effects / variances))
    assert found.variances == pytest.approx(np.diag(covariance))


def test_the_weight_of_a_spread_is_its_likelihood() -> None:
    effects, variances = EIGHT_SCHOOLS

    def weigh(tau: float) -> float:
        return float(
            multivariate_normal(cov=np.diag(variances) + tau**2 * np.eye(8) + 1e3).logpdf(effects)
        )

    for tau in (0.01, 0.1, 0.3):
        told = condition_on(tau, effects, variances).log_weight
        least = condition_on(0.0, effects, variances).log_weight
        assert told - least == pytest.approx(weigh(tau) - weigh(0.0), abs=1e-4)


def test_the_mean_over_spreads_is_the_integral() -> None:
    effects, variances = EIGHT_SCHOOLS

    def integrate(what) -> float:
        return quad(
            lambda t: math.exp(condition_on(t, effects, variances).log_weight) * what(t),
            0,
            1,
            limit=200,
        )[0]

    whole = integrate(lambda t: 1.0)
    found = shrink_effects(effects, variances)
    for school in (0, 2):
        mean = integrate(lambda t, s=school: condition_on(t, effects, variances).values[s]) / whole
        square = (
            integrate(
                lambda t, s=school: (
                    condition_on(t, effects, variances).variances[s]
                    + condition_on(t, effects, variances).values[s] ** 2
                )
            )
            / whole
        )
        assert found.values[school] == pytest.approx(mean, abs=2e-4)
        assert found.deviations[school] == pytest.approx(math.sqrt(square - mean**2), abs=5e-4)
    assert integrate(lambda t: float(t <= found.between)) / whole == pytest.approx(0.5, abs=0.02)
    assert 0.09 < found.values[0] < 0.13  # Gelman et al., table 5.3: 10 to 11 of school A's 28


def ask(chapters: list[str], kind: str = "diagnosis", ocr: str = "") -> tuple[list[Question], dict]:
    questions = [
        Question(
            id=f"q{i}", fact=f"f{i}", question="?", options=("a", "b", "c", "d"), answer=1, kind=kind,
            quote=Quote(passage_id=chapter, page=i + 1, start=0, end=1, text="x"),
        )
        for i, chapter in enumerate(chapters)
    ]  # fmt: skip
    names = dict.fromkeys(chapters)
    return questions, {
        n: Passage(id=n, chapter=f"chapter {n}", page=1, text="x", ocr=n == ocr) for n in names
    }


def mark(base: list[int], *tuned: list[int]) -> PairedOutcomes:
    after = np.array(tuned, dtype=bool)
    return PairedOutcomes(
        np.array(base, dtype=bool), after, after, np.arange(len(base), dtype=np.int64)
    )


def test_each_question_is_counted_once_a_trait_and_groups_sum_to_the_whole() -> None:
    questions, passages = ask(["a"] * 20 + ["b"] * 12 + ["c"] * 8, ocr="c")
    generator = np.random.default_rng(0)
    base, tuned = (list(generator.integers(0, 2, 40)) for _ in range(2))
    found = {g.by: g for g in group_effects(questions, passages, mark(base, tuned), 1.5, 0.05)}
    assert set(found) == {"chapter", "pages", "reading"}  # one kind: nothing to tell apart
    assert [(g.name, g.n) for g in found["chapter"].groups] == [
        ("chapter a", 20), ("chapter b", 12), ("chapter c", 8),
    ]  # fmt: skip
    assert [(g.name, g.n) for g in found["reading"].groups] == [("text", 32), ("ocr", 8)]
    assert [g.name for g in found["pages"].groups] == ["1–10", "11–20", "21–30", "31–40"]
    whole = sum(tuned) - sum(base)
    for grouping in found.values():
        assert sum(g.n * g.seen for g in grouping.groups) == pytest.approx(whole)
        assert all(g.shrunk.low <= g.shrunk.value <= g.shrunk.high for g in grouping.groups)
        near = [abs(g.shrunk.value - grouping.overall) for g in grouping.groups]
        assert max(near) <= max(abs(g.seen - grouping.overall) for g in grouping.groups)


def test_the_mean_over_seeds_is_told_and_the_design_effect_widens() -> None:
    questions, passages = ask(["a"] * 10 + ["b"] * 10)
    marks = mark([0] * 20, [1] * 20, [0] * 10 + [1] * 10)
    narrow, wide = (group_effects(questions, passages, marks, e, 0.05)[0] for e in (1.0, 3.0))
    assert [(g.tuned, g.seen) for g in narrow.groups] == [(0.5, 0.5), (1.0, 1.0)]
    for one, other in zip(narrow.groups, wide.groups, strict=True):
        assert other.shrunk.high - other.shrunk.low > one.shrunk.high - one.shrunk.low


def test_where_nothing_moved_no_group_is_certain() -> None:
    questions, passages = ask(["a"] * 10 + ["b"] * 10)
    (found, *_) = group_effects(questions, passages, mark([1] * 20, [1] * 20), 1.0, 0.05)
    assert all(g.shrunk.value == 0 and g.shrunk.low < -0.01 for g in found.groups)


def test_own_questions_without_quotes_have_no_place() -> None:
    questions = [q.model_copy(update={"quote": None}) for q in ask(["a"] * 8)[0]]
    assert group_effects(questions, {}, mark([0] * 8, [1] * 8), 1.0, 0.05) == []


@pytest.mark.parametrize(("tau", "groups"), [(0.0, 10), (0.1, 10), (0.25, 5)])
def test_intervals_cover_the_groups_true_effects(tau: float, groups: int) -> None:
    generator, inside = np.random.default_rng(1), []
    for _ in range(300):
        variances = generator.uniform(0.005, 0.03, groups)
        truth = np.clip(0.2 + tau * generator.standard_normal(groups), -1, 1)
        found = shrink_effects(
            truth + np.sqrt(variances) * generator.standard_normal(groups), variances
        )
        inside += list(np.abs(found.values - truth) <= 1.96 * found.deviations)
    assert 0.93 <= np.mean(inside) <= (0.995 if tau == 0 else 0.98)


def test_intervals_of_whole_studies_cover_the_groups_true_effects() -> None:
    """Question by question: ten chapters of 20 questions, four a fact, of which seven in ten move
    with their fact; the spread of the true effects is 10 points, the variances are estimated.
    """
    dice, inside = np.random.default_rng(2), []
    fact = np.arange(200) // 4
    for _ in range(60):
        chapter = dice.integers(0, 10, 50)[fact]
        effects = np.clip(0.1 + 0.1 * dice.standard_normal(10), -0.3, 0.3)
        whole = dice.random(200) < 0.7
        alone, shared = dice.random((2, 200)), dice.random((2, 50))[:, fact]
        base, moved = np.where(whole, shared, alone)
        right = base < 0.5
        after = right ^ (moved < 0.3 + np.where(right, -1, 1) * effects[chapter])
        questions, passages = ask([f"{name}" for name in chapter])
        marks = mark(list(right), list(after))
        design = compute_design_effect(after.astype(np.int64) - right, fact)
        found = group_effects(questions, passages, marks, max(1.0, design), 0.05)[0]
        for group in found.groups:
            truth = effects[int(group.name.removeprefix("chapter "))]
            inside.append(group.shrunk.low <= truth <= group.shrunk.high)
    assert 0.93 <= np.mean(inside) <= 0.99
