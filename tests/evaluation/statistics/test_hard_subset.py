"""The hard questions are chosen without favour, on other answers than those that are compared."""

import random
from statistics import fmean, stdev

import pytest
from scipy.stats import binomtest

from tasks.evaluation.statistics.hard_subset import compare_on_hard_subset, select_hard_subset
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Question
from tasks.schemas.result_rows import Answer


def sitting(rng, skill, trait, who, mode="digits", rotations=4):
    """Answers of a model: how good it is at a question, by the question's own difficulty, its own trait, and luck."""
    return [
        Answer(
            question_id=name,
            rotation=r,
            mode=mode,
            predicted=1 + (not right),
            is_correct=right,
            margin=rng.gauss(1 if right else -1, 1),
        )
        for name, level in skill.items()
        for r in range(rotations)
        for right in [rng.random() < min(0.95, max(0.05, level + trait * rng_of(who, name)))]
    ]


def rng_of(who, name):
    return random.Random(f"{who}/{name}").uniform(-1, 1)


def gain(base, tuned, chosen):
    right = [
        {a.question_id: a.is_correct for a in rows if a.rotation == 0} for rows in (base, tuned)
    ]
    return fmean(right[1][name] - right[0][name] for name in chosen)


def test_a_null_adapter_gains_nothing_from_the_choice_of_hard_questions():
    ours, naive, one_sided = [], [], []
    for seed in range(150):
        rng = random.Random(seed)
        skill = {f"q{i}": rng.uniform(0.2, 0.8) for i in range(100)}
        base, tuned = (sitting(rng, skill, 0.3, f"{who}{seed}") for who in ("base", "tuned"))
        ours.append(gain(base, tuned, select_hard_subset(base, tuned, "digits")))
        naive.append(
            gain(base, tuned, [a.question_id for a in base if a.rotation == 0 and not a.is_correct])
        )
        one_sided.append(gain(base, tuned, select_hard_subset(base, [], "digits")))
    error = stdev(ours) / 150**0.5
    assert abs(fmean(ours)) < 3 * error < 0.03
    assert (
        fmean(one_sided) > 0.03
    )  # what the base alone said elsewhere still tells of its own weak spots
    assert (
        fmean(naive) > 0.3
    )  # choosing on the compared answers themselves would have shown a gain of 30 points and more


def test_the_chosen_questions_are_the_hard_ones():
    rng = random.Random(1)
    skill = {f"q{i}": 0.1 if i % 2 else 0.9 for i in range(100)}
    base, tuned = (sitting(rng, skill, 0, who) for who in ("base", "tuned"))
    chosen = select_hard_subset(base, tuned, "digits")
    assert len(chosen) == 50
    assert sum(int(name[1:]) % 2 for name in chosen) >= 45
    assert chosen == [
        name for name in skill if name in set(chosen)
    ]  # in the order of the questions


def test_the_compared_answers_have_no_say_in_the_choice():
    rng = random.Random(2)
    skill = {f"q{i}": rng.random() for i in range(40)}
    base, tuned = (sitting(rng, skill, 0, who) for who in ("base", "tuned"))

    def flipped(rows):
        return [
            a.model_copy(update={"is_correct": not a.is_correct, "margin": -9.0})
            if a.rotation == 0
            else a
            for a in rows
        ]

    assert select_hard_subset(base, tuned, "digits") == select_hard_subset(
        flipped(base), flipped(tuned), "digits"
    )


def test_cloze_is_chosen_by_another_mode_or_another_model_or_refused():
    rng = random.Random(3)
    skill = {f"q{i}": rng.random() for i in range(10)}
    cloze = sitting(rng, skill, 0, "base", "cloze", rotations=1) + sitting(
        rng, skill, 0, "base", "cloze_mean", rotations=1
    )
    with pytest.raises(PlanError, match=r"rotations to 4"):
        select_hard_subset(cloze, cloze, "cloze")
    judge = sitting(rng, skill, 0, "judge", "cloze", rotations=1)
    chosen = select_hard_subset(cloze, cloze, "cloze", judge=judge, share=0.3)
    assert len(chosen) == 3
    digits = sitting(rng, skill, 0, "base")
    assert select_hard_subset([*cloze, *digits], cloze, "cloze") == select_hard_subset(
        [*cloze, *digits], [], "cloze"
    )


def test_the_harder_half_is_compared_on_the_compared_answers_alone_and_counted_by_hand():
    rng = random.Random(4)
    skill = {f"q{i}": 0.1 if i % 2 else 0.9 for i in range(60)}
    base, tuned = (sitting(rng, skill, 0, who) for who in ("base", "tuned"))
    asked = [
        Question(id=name, fact=name, question="?", options=("a", "b", "c", "d"), answer=1)
        for name in skill
    ]
    found, chosen = (
        compare_on_hard_subset(asked, base, tuned, "digits"),
        select_hard_subset(base, tuned, "digits"),
    )
    before, after = (
        [a.is_correct for a in rows if a.rotation == 0 and a.question_id in chosen]
        for rows in (base, tuned)
    )
    assert found["hard_n"] == 30
    assert (found["hard_base"], found["hard_tuned"]) == (sum(before) / 30, sum(after) / 30)
    assert found["hard_gained"] - found["hard_lost"] == sum(after) - sum(before)
    changed = int(found["hard_gained"] + found["hard_lost"])
    assert found["hard_p"] == pytest.approx(
        binomtest(int(found["hard_gained"]), changed).pvalue if changed else 1.0
    )
    alone = [a for a in base if a.rotation == 0]
    assert compare_on_hard_subset(asked, alone, alone, "digits") == {}, (
        "nothing tells which are hard"
    )


def answer(name, is_correct, mode="digits", rotation=0, margin=None):
    return Answer(
        question_id=name,
        rotation=rotation,
        mode=mode,
        predicted=1 + (not is_correct),
        is_correct=is_correct,
        margin=margin,
    )


def test_the_hardest_have_the_fewest_right_then_the_lowest_margin_then_the_first_name():
    said = {
        "d": (True, True, 5.0),
        "c": (True, False, 2.0),
        "b": (True, False, None),
        "a": (True, False, 2.0),
        "e": (False, False, 9.0),
    }
    rows = [
        answer(name, right, rotation=turn, margin=margin)
        for name, (first, second, margin) in said.items()
        for turn, right in ((1, first), (2, second))
    ]

    def choose(count):
        return select_hard_subset(rows, [], "digits", share=count / 5)

    assert [choose(count) for count in (1, 2, 3, 4)] == [
        ["e"],
        ["b", "e"],
        ["b", "a", "e"],
        ["c", "b", "a", "e"],
    ]
    assert choose(0) == ["e"]  # one at least


def test_cloze_modes_share_one_text_and_digits_have_one_a_rotation():
    rows = [answer("a", False), answer("b", True)]
    for mode, place, other, rotation in (
        ("cloze", 0, "digits", 0),
        ("digits", 0, "cloze", 0),
        ("digits", 0, "digits", 1),
        ("digits", 2, "generate", 0),
    ):
        told = [a.model_copy(update={"mode": other, "rotation": rotation}) for a in rows]
        assert select_hard_subset(told, [], mode, rotation=place) == ["a"]
    for mode, place, other, rotation in (
        ("cloze", 0, "cloze_mean", 0),
        ("cloze", 0, "cloze_mean", 1),
        ("digits", 0, "digits", 0),
        ("digits", 1, "generate", 1),
    ):
        told = [a.model_copy(update={"mode": other, "rotation": rotation}) for a in rows]
        with pytest.raises(PlanError):
            select_hard_subset(told, [], mode, rotation=place)


def test_the_hard_half_is_tested_by_fact_and_other_questions_have_no_say():
    """Eight questions, the four hard ones on two facts: three gained, one lost."""
    asked = [
        Question(
            id=f"q{i}", fact=f"f{i // 3}", question="?", options=("a", "b", "c", "d"), answer=1
        )
        for i in range(8)
    ]
    elsewhere = [answer(f"q{i}", i >= 4, rotation=1) for i in range(8)]
    strange = [answer("other", False, rotation=1), answer("other", False)]
    base = [answer(f"q{i}", i == 3) for i in range(8)]
    tuned = [answer(f"q{i}", i != 3) for i in range(8)]
    found = compare_on_hard_subset(
        asked, [*elsewhere, *base, *strange], [*elsewhere, *tuned, *strange], "digits"
    )
    assert found == {
        "hard_n": 4.0,
        "hard_base": 0.25,
        "hard_tuned": 0.75,
        "hard_gained": 3.0,
        "hard_lost": 1.0,
        "hard_p": 1.0,  # sums 3 and -1: of the four choices of signs all are as far as 2
    }
    assert not compare_on_hard_subset(
        asked, [*elsewhere[1:], *base], [*elsewhere, *tuned], "digits"
    )
    assert not compare_on_hard_subset(
        asked, [*elsewhere, *base], [*elsewhere[1:], *tuned], "digits"
    )
