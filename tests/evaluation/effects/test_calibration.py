"""Probabilities against what came true, by counting."""

import math

import numpy as np
import pytest
from support.items.scored_questions import make_questions

from tasks.evaluation.effects.calibration import (
    LOWEST,
    calibrate_models,
    compute_probabilities,
    count_bins,
    measure_calibration,
)
from tasks.schemas.result_rows import Answer


def answer(question, scores, rotation: int = 0, mode: str = "cloze") -> Answer:
    predicted = 1 + int(np.argmax(scores))
    return Answer(
        question_id=question.id,
        rotation=rotation,
        mode=mode,
        scores=tuple(scores),
        predicted=predicted,
        is_correct=predicted == question.answer,
    )


def test_probabilities_are_shares_of_likelihood_and_means_over_rotations() -> None:
    (asked,) = make_questions(1)
    rows = [
        answer(asked, [-1.0, -2.0, -3.0, -800.0], 0),
        answer(asked, [-2.0, -1.0, -3.0, -4.0], 1),
    ]
    found = compute_probabilities(
        [asked], [*rows, answer(asked, [0, -9, -9, -9], 0, "digits")], "cloze"
    )
    shares = [[math.exp(s) / sum(map(math.exp, r.scores)) for s in r.scores] for r in rows]
    assert found[0] == pytest.approx(np.mean(shares, axis=0))
    assert found.sum() == pytest.approx(1)


def count_by_hand(probabilities, keys, bins):
    """Log score, Brier score and calibration error, a question at a time."""
    n = len(keys)
    log = -sum(math.log(p[k]) for p, k in zip(probabilities, keys, strict=True)) / n
    brier = (
        sum(
            sum((p[o] - (o == k)) ** 2 for o in range(4))
            for p, k in zip(probabilities, keys, strict=True)
        )
        / n
    )
    sure = sorted(range(n), key=lambda i: max(probabilities[i]))
    size, more = divmod(n, bins)
    error, start = 0.0, 0
    for number in range(bins):
        part = sure[start : start + size + (number < more)]
        start += len(part)
        right = sum(int(np.argmax(probabilities[i])) == keys[i] for i in part)
        error += abs(right - sum(max(probabilities[i]) for i in part)) / n
    return log, brier, error


def test_the_figures_are_those_counted_by_hand() -> None:
    generator = np.random.default_rng(3)
    probabilities, keys = generator.dirichlet(np.ones(4), 203), generator.integers(0, 4, 203)
    found = measure_calibration("base", probabilities, keys, "cloze")
    assert (found.log_score, found.brier, found.ece) == pytest.approx(
        count_by_hand(probabilities, keys, 10)
    )
    assert [one.n for one in found.bins] == [21] * 3 + [20] * 7
    assert [one.confidence for one in found.bins] == sorted(one.confidence for one in found.bins)


def test_guessing_has_the_scores_that_the_report_names() -> None:
    found = measure_calibration("base", np.full((16, 4), 0.25), np.arange(16) % 4, "cloze")
    assert found.log_score == pytest.approx(1.386, abs=5e-4) and found.brier == pytest.approx(0.75)
    assert found.ece == pytest.approx(0)


def test_true_probabilities_show_the_error_that_is_said_of_them() -> None:
    generator = np.random.default_rng(4)
    probabilities = generator.dirichlet(np.full(4, 0.5), 200)
    errors = []
    for _ in range(400):
        keys = np.array([generator.choice(4, p=p) for p in probabilities])
        found = measure_calibration("base", probabilities, keys, "cloze")
        errors.append(found.ece)
    assert found.ece_by_chance == pytest.approx(np.mean(errors), rel=0.06)
    assert found.ece_by_chance > 0.03


def test_a_key_that_a_model_rules_out_costs_much_and_not_all() -> None:
    sure = np.tile([1.0, 0.0, 0.0, 0.0], (20, 1))
    found = measure_calibration("tuned", sure, np.array([1] + [0] * 19), "cloze")
    assert found.log_score == pytest.approx(LOWEST / 20)


def test_bins_hold_at_least_ten_questions() -> None:
    assert [count_bins(n) for n in (1, 9, 20, 35, 99, 100, 5000)] == [1, 1, 2, 3, 9, 10, 10]


def test_where_scores_are_missing_nothing_is_told() -> None:
    asked = make_questions(3)
    rows = [answer(q, [-1, -2, -3, -4]) for q in asked]
    assert calibrate_models(asked, rows, rows, "cloze")[1].who == "tuned"
    assert calibrate_models(asked, rows, rows[:2], "cloze") == []
    mute = rows[0].model_copy(update={"scores": None})
    assert calibrate_models(asked, [mute, *rows[1:]], rows, "cloze") == []
