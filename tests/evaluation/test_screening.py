"""Questions are told apart by what a model can do with them."""

import pytest
from support.models import scoring_models

from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.screening import FormResult, classify_question, screen_with_model
from tasks.schemas.item_rows import Passage, Quote
from tasks.schemas.plan_sections import EvaluationPlan


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
