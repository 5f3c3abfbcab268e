"""Questions are told apart by what a model can do with them; the hard ones are chosen without favour."""

import random
from statistics import fmean, stdev

import pytest
from scipy.stats import binomtest
from support.models import scoring_models

from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.screening import FormResult, classify_question, screen_with_model
from tasks.evaluation.statistics.hard_subset import compare_on_hard_subset, select_hard_subset
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Passage, Question, Quote
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer


@pytest.mark.parametrize(
    ("blind", "closed", "opened", "want"),
    [
        (FormResult(3, 0.7), FormResult(4, 0.9), FormResult(4, 0.9), "guessable"),
        (FormResult(2, 0.4), FormResult(4, 0.9), FormResult(4, 0.9), "too easy"),
        (FormResult(1, 0.3), FormResult(3, 0.6), FormResult(4, 0.9), "useful"),
        (FormResult(0, 0.1), FormResult(0, 0.1), FormResult(2, 0.5), "useful"),
        (FormResult(0, 0.2), FormResult(1, 0.2), FormResult(1, 0.4), "too hard"),
        (FormResult(0, 0.2), FormResult(1, 0.3), FormResult(0, 0.1), "unanswerable"),
        (FormResult(0, 0.2), FormResult(1, 0.3), None, "useful"),
    ],
)
def test_each_kind_of_question_has_its_name(blind, closed, opened, want):
    assert classify_question(4, blind, closed, opened) == want


def book(count):
    questions = [
        question.model_copy(
            update={"quote": Quote(passage_id=f"p{i}", page=1, start=0, end=3, text="متن")}
        )
        for i, question in enumerate(scoring_models.make_questions(count))
    ]
    return questions, [
        Passage(id=f"p{i}", chapter="", page=1, text=f"متن {i} دربارهٔ {q.options[q.answer - 1]}.")
        for i, q in enumerate(questions)
    ]


@pytest.mark.parametrize(
    ("mode", "asked"), [("digits", 4), ("generate", 4), ("cloze", 1), ("cloze_prior", 1)]
)
def test_closed_book_is_the_exam_itself_and_all_rotations_are_put(mode, asked):
    questions, passages = book(6)
    rows = screen_with_model(
        scoring_models.make_tuned_model(), questions, passages[:5], EvaluationPlan(), mode=mode
    )
    put = "cloze" if mode.startswith("cloze") else "digits"
    exam = answer_questions(
        scoring_models.make_base_model(), questions, EvaluationPlan(modes=(put,), rotations=4)
    )
    for row, question in zip(rows, questions, strict=True):
        mine = [a for a in exam if a.question_id == question.id]
        assert (row.question_id, row.mode, row.asked) == (question.id, put, asked)
        assert row.closed == sum(a.is_correct for a in mine)
        assert (row.opened is None) == (question.id == "q005")  # its passage is not there
        assert 0 <= row.blind <= asked


def test_the_blind_form_does_not_depend_on_the_stem_and_the_open_form_on_the_passage():
    questions, passages = book(3)
    other = [question.model_copy(update={"question": "چیز دیگری؟"}) for question in questions]
    a, b = (
        screen_with_model(scoring_models.make_base_model(), asked, passages, EvaluationPlan())
        for asked in (questions, other)
    )
    assert [row.blind_key for row in a] == pytest.approx([row.blind_key for row in b], abs=1e-5)
    assert [row.closed_key for row in a] != pytest.approx([row.closed_key for row in b], abs=1e-3)
    c = screen_with_model(
        scoring_models.make_base_model(),
        questions,
        [p.model_copy(update={"text": "هیچ"}) for p in passages],
        EvaluationPlan(),
    )
    assert [row.closed_key for row in a] == pytest.approx([row.closed_key for row in c], abs=1e-5)
    assert [row.opened_key for row in a] != pytest.approx([row.opened_key for row in c], abs=1e-3)


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
