"""Two studies on the questions of both: the figures by brute force over all ways of choosing signs."""

import itertools
import random

import pytest

from tasks.evaluation.statistics.shared_questions import (
    PairableAnswer,
    compare_on_shared_questions,
)
from tasks.schemas.plan_sections import ComparisonPlan

PLAN = ComparisonPlan()


def answer(words: str, fact: str, right: bool, passage: str = "") -> PairableAnswer:
    return PairableAnswer(words, fact, passage, "a" if right else "b", right)


def brute_force_p(sums: list[int]) -> float:
    """The share of all ways of choosing the signs whose total is as far from zero."""
    totals = [
        abs(sum(s * one for s, one in zip(signs, sums, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    return sum(total >= abs(sum(sums)) for total in totals) / len(totals)


def test_figures_are_those_counted_by_hand_over_shared_questions_alone():
    dice = random.Random(5)
    facts = [f"f{i // 2}" for i in range(16)]
    first = [answer(f"q{i}", facts[i], dice.random() < 0.3) for i in range(16)]
    second = [answer(f"q{i}", facts[i], dice.random() < 0.8) for i in range(16)]
    alone = [answer("only here", "x", True)]
    found = compare_on_shared_questions(first + alone, second, PLAN)
    gains = dict.fromkeys(facts, 0)
    for a, b in zip(first, second, strict=True):
        gains[a.fact] += b.is_correct - a.is_correct
    assert (found.shared, found.facts, found.asked) == (16, 8, (17, 16))
    result = found.result
    assert result.gained == sum(
        b.is_correct > a.is_correct for a, b in zip(first, second, strict=True)
    )
    assert result.lost == sum(
        b.is_correct < a.is_correct for a, b in zip(first, second, strict=True)
    )
    assert result.base.rate == sum(a.is_correct for a in first) / 16
    assert result.tuned.rate == sum(b.is_correct for b in second) / 16
    assert result.difference.value == result.tuned.rate - result.base.rate
    assert result.p_value == pytest.approx(brute_force_p(list(gains.values())))


def test_questions_are_of_one_fact_where_either_study_says_so():
    """a~b in the first, b~c in the second: three questions that move together prove nothing."""
    first = [answer("a", "1", False), answer("b", "1", False), answer("c", "2", False)]
    second = [answer("c", "y", True), answer("a", "x", True), answer("b", "y", True)]
    found = compare_on_shared_questions(first, second, PLAN)
    assert (found.facts, found.result.gained, found.result.p_value) == (1, 3, 1.0)


def test_a_name_of_one_study_is_no_name_of_the_other_and_none_is_no_fact():
    first = [answer("a", "1", False), answer("b", "", False), answer("c", "", False)]
    second = [answer("a", "", True), answer("b", "1", True), answer("c", "", True)]
    assert compare_on_shared_questions(first, second, PLAN).facts == 3


def test_passages_may_be_coarser_than_facts():
    first = [answer(f"q{i}", f"f{i}", False, "p1") for i in range(6)]
    second = [answer(f"q{i}", f"f{i}", True, "p1") for i in range(6)]
    assert compare_on_shared_questions(first, second, PLAN).result.p_value == 1.0
    apart = (
        [row._replace(passage="") for row in first],
        [row._replace(passage="") for row in second],
    )
    assert compare_on_shared_questions(*apart, PLAN).result.p_value == pytest.approx(2 / 2**6)


def test_no_shared_question_gives_nothing_and_a_question_that_stands_twice_counts_once():
    assert (
        compare_on_shared_questions([answer("a", "1", True)], [answer("b", "1", True)], PLAN)
        is None
    )
    twice = [answer("a", "1", True), answer("a", "1", False)]
    found = compare_on_shared_questions(twice, [answer("a", "1", True)], PLAN)
    assert (found.shared, found.asked, found.result.lost) == (1, (1, 1), 0)
