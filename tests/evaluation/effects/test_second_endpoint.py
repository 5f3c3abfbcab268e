"""The second endpoint: a score's difference by the verdict's own test, against brute force."""

from itertools import product

import numpy as np
import pytest
from support.items.scored_questions import make_questions

from tasks.evaluation.effects.second_endpoint import judge_second_endpoint
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.catalogue import load_catalogue
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Question
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer

PLAN = ComparisonPlan(secondary="brier")


def answer(questions: list[Question], shares: np.ndarray, mode: str = "cloze") -> list[Answer]:
    """The key has this share of probability, the other three have the rest alike."""
    rows = []
    for question, share in zip(questions, shares, strict=True):
        scores = np.full(4, np.log((1 - share) / 3))
        scores[question.answer - 1] = np.log(share)
        chosen = int(scores.argmax()) + 1
        right = chosen == question.answer
        rows.append(
            Answer(question_id=question.id, rotation=0, mode=mode, scores=tuple(scores.tolist()),
                   predicted=chosen, is_correct=right)
        )  # fmt: skip
    return rows


def draw(seed: int, n: int, per_fact: int, gain: float) -> tuple[list[Question], np.ndarray, ...]:
    """A fact's questions move together, by `gain` in the mean."""
    dice = np.random.default_rng(seed)
    asked = make_questions(n, per_fact=per_fact)
    before = dice.uniform(0.1, 0.6, n)
    moved = np.repeat(dice.normal(gain, 0.15, -(-n // per_fact)), per_fact)[:n]
    return asked, before, np.clip(before + moved + dice.normal(0, 0.05, n), 0.01, 0.99)


@pytest.mark.parametrize(("seed", "gain"), [(0, 0.0), (1, 0.05), (2, 0.12), (3, -0.1)])
def test_p_and_interval_are_those_of_all_sign_flips_and_all_halves(seed, gain) -> None:
    asked, before, after = draw(seed, 40, 4, gain)
    found = judge_second_endpoint(asked, answer(asked, before), [answer(asked, after)], PLAN)
    moves = np.rint(1000 * (1 - after) ** 2) - np.rint(1000 * (1 - before) ** 2)
    sums = moves.reshape(10, 4).sum(axis=1)
    flips = np.array(list(product([-1, 1], repeat=10))) @ sums
    assert found.p_value == pytest.approx(np.mean(np.abs(flips) >= abs(sums.sum())))
    exact = ((1 - after) ** 2 - (1 - before) ** 2).mean()
    assert found.difference.value == pytest.approx(moves.mean() / 1000) and found.facts == 10
    assert found.difference.value == pytest.approx(exact, abs=0.0005)
    chosen = np.array(list(product([0, 1], repeat=10)))[1:]
    halves = np.sort(chosen @ sums / (4000 * chosen.sum(axis=1)))
    low, high = np.quantile(halves, [0.025, 0.975])
    if found.p_value <= 0.05:  # the bound towards zero is the halves' own
        near, own = (found.difference.high, high) if exact < 0 else (found.difference.low, low)
        assert near == pytest.approx(own, abs=0.01)
    assert found.difference.low <= low + 0.01 and found.difference.high >= high - 0.01
    assert (found.p_value <= 0.05) == (found.difference.low > 0 or found.difference.high < 0)


def test_a_gain_below_every_answer_is_seen_and_the_verdict_stays() -> None:
    """No answer changes; the key's share rises from .30 to about .37, the others' stay above."""
    asked = make_questions(60, per_fact=2)
    dice = np.random.default_rng(0)
    before, after = np.full(60, 0.26), 0.3 + dice.uniform(0, 0.05, 60)
    base, tuned = answer(asked, before), answer(asked, after)
    found = judge_second_endpoint(asked, base, [tuned], PLAN)
    assert found.told.code == "second-better" and found.p_value < 1e-8
    papers = {"train": [], "same_fact": asked, "new_fact": []}
    plain, named = (
        compare_models(papers, base, tuned, plan)[0] for plan in (ComparisonPlan(), PLAN)
    )
    assert plain == named and plain.gained == 0
    worse = judge_second_endpoint(asked, tuned, [base], PLAN)
    assert worse.told.code == "second-worse" and worse.difference.low > 0
    still = judge_second_endpoint(asked, base, [base], PLAN)
    assert still.told.code == "second-unclear" and still.p_value == 1
    english = load_catalogue("en").format_message(found.told)
    assert (
        "does not rest on it" in english and "0.548 to 0." in english and "60 questions" in english
    )
    assert "سنجهٔ دوم" in load_catalogue("fa").format_message(found.told)


def test_three_seeds_are_counted_in_the_interval() -> None:
    asked, before, after = draw(5, 80, 4, 0.1)
    base = answer(asked, before)
    dice = np.random.default_rng(1)
    seeds = [answer(asked, np.clip(after + shift, 0.01, 0.99)) for shift in dice.normal(0, 0.1, 3)]
    one, three = (judge_second_endpoint(asked, base, seeds[:n], PLAN) for n in (1, 3))
    assert three.tuned != one.tuned
    assert three.difference.high - three.difference.low > one.difference.high - one.difference.low


def test_it_is_told_only_where_the_plan_names_it_and_answers_have_scores() -> None:
    asked, before, after = draw(0, 8, 2, 0.0)
    base, tuned = answer(asked, before), answer(asked, after)
    assert judge_second_endpoint(asked, base, [tuned], ComparisonPlan()) is None
    mute = [one.model_copy(update={"scores": None}) for one in base]
    assert judge_second_endpoint(asked, mute, [tuned], PLAN) is None
    with pytest.raises(PlanError, match="secondary=brier"):
        parse_plan(
            {},
            {
                "comparison.secondary": "brier",
                "comparison.primary_mode": "generate",
                "evaluation.modes": ["generate"],
            },
            "a plan",
        )


@pytest.mark.slow
@pytest.mark.parametrize(("n", "per_fact"), [(40, 1), (200, 4), (300, 10)])
def test_false_alarms_of_facts_that_move_as_one_are_at_most_one_in_twenty(n, per_fact) -> None:
    """The base and the tuned model change places by fact, so nothing is gained in the mean."""
    alarms = 0
    for seed in range(150):
        asked, before, after = draw(seed, n, per_fact, 0.0)
        swap = np.repeat(np.random.default_rng(seed + 9000).random(-(-n // per_fact)) < 0.5,
                         per_fact)[:n]  # fmt: skip
        one, other = np.where(swap, after, before), np.where(swap, before, after)
        found = judge_second_endpoint(asked, answer(asked, one), [answer(asked, other)], PLAN)
        alarms += found.p_value <= 0.05
    assert alarms / 150 <= 0.05 + 0.035
