"""Gains that names cannot explain, and keys that are off by a place."""

import numpy as np
import pytest
from scipy import stats

from tasks.diagnosis.answer_statistics import (
    estimate_gain_beyond_names,
    estimate_mean_by_fact,
    find_key_offset,
)
from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.result_rows import Answer

PAIRS = [
    Pair(id=f"p{i}", fact=f"f{i}", symptom="signs", diagnosis=f"Taught {i}") for i in range(12)
]


def ask(number: int, *options: str, key: int = 1) -> Question:
    a, b, c, d = options
    return Question(
        id=f"q{number}", fact=f"f{number}", question="which?", options=(a, b, c, d), answer=key
    )


def answer(q: Question, *scores: float, mode: str = "cloze", rotation: int = 0) -> Answer:
    said = int(np.argmax(scores)) + 1
    return Answer.model_validate(
        {
            "question_id": q.id, "rotation": rotation, "mode": mode, "predicted": said,
            "scores": None if mode == "generate" else scores, "is_correct": said == q.answer,
        }
    )  # fmt: skip


def say(q: Question, option: int) -> Answer:
    return answer(q, *(float(place == option) for place in (1, 2, 3, 4)))


def test_one_question_a_fact_gives_the_t_interval_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=30)
    found = estimate_mean_by_fact(values.tolist(), [f"f{i}" for i in range(30)])
    wanted = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_questions_that_move_with_their_fact_count_as_one() -> None:
    values = np.random.default_rng(2).normal(size=20)
    alone = estimate_mean_by_fact(values.tolist(), [f"f{i}" for i in range(20)])
    again = estimate_mean_by_fact(np.repeat(values, 5).tolist(), [f"f{i // 5}" for i in range(100)])
    assert alone is not None and again is not None
    assert (again.low, again.high) == pytest.approx((alone.low, alone.high))
    assert estimate_mean_by_fact([1.0, 0.0, 1.0], ["f1", "f1", "f2"]) is None


def test_a_model_that_only_prefers_taught_names_gains_nothing_among_them() -> None:
    """The key and one other are taught; the base says a foreign name, and among the two the key as often."""
    asked = [ask(i, f"taught {i}", "foreign", f"Taught {(i + 1) % 12}", "other") for i in range(12)]
    before = [answer(q, 0.0, 3.0, 1.0 if i % 2 else -1.0, 0.0) for i, q in enumerate(asked)]
    names = [answer(q, 5.0, 0.0, 6.0 if i % 2 else 4.0, 0.0) for i, q in enumerate(asked)]
    found = estimate_gain_beyond_names(PAIRS, asked, before, names, "cloze")
    assert found is not None and (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    learnt = [answer(q, 5.0, 0.0, 4.0, 0.0) for q in asked]
    gained = estimate_gain_beyond_names(PAIRS, asked, before, learnt, "cloze")
    assert gained is not None and gained.value == 0.5 and gained.low > 0


def test_a_gain_beyond_names_is_told_of_the_mean_over_rotations() -> None:
    asked = [ask(i, f"taught {i}", "foreign", f"taught {(i + 1) % 12}", "other") for i in range(12)]
    before = [answer(q, 0.0, 0.0, 1.0, 0.0) for q in asked]
    twice = [
        answer(q, *scores, rotation=r)
        for q in asked
        for r, scores in enumerate([(0.0, 0.0, 1.0, 0.0), (3.0, 0.0, 1.0, 0.0)])
    ]
    found = estimate_gain_beyond_names(PAIRS, asked, before, twice, "cloze")
    assert found is not None and found.value == 1.0


def test_without_a_second_taught_option_or_scores_nothing_is_told() -> None:
    alone = [ask(i, f"taught {i}", "a", "b", "c") for i in range(12)]
    assert estimate_gain_beyond_names(PAIRS, alone, map(say_key, alone), [], "cloze") is None
    both = [ask(i, f"taught {i}", f"taught {(i + 1) % 12}", "b", "c") for i in range(12)]
    mute = [answer(q, 1.0, 0.0, 0.0, 0.0, mode="generate") for q in both]
    assert estimate_gain_beyond_names(PAIRS, both, mute, mute, "generate") is None


def say_key(q: Question) -> Answer:
    return say(q, q.answer)


def test_answers_one_beyond_the_key_are_found_from_the_last_place_to_the_first() -> None:
    asked = [ask(i, "a", "b", "c", "d", key=i % 4 + 1) for i in range(12)]
    found = find_key_offset(asked, [say(q, q.answer % 4 + 1) for q in asked], "cloze")
    assert found is not None
    assert (found.places, found.n, found.agreed, found.low, found.on_key) == (1, 12, 1.0, 1.0, 0.0)
    assert found.by_places == 0.25
    assert find_key_offset(asked, [say(q, 1) for q in asked], "digits") is None


def test_a_favourite_place_beside_a_favourite_key_is_what_places_explain() -> None:
    asked = [ask(i, "a", "b", "c", "d", key=1) for i in range(12)]
    found = find_key_offset(asked, [say(q, 3) for q in asked], "cloze")
    assert found is not None and (found.places, found.agreed, found.by_places) == (2, 1.0, 1.0)
