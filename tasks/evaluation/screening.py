"""What a question asks of a model, measured: with its options alone, without the passage, with the
passage; all rotations.

    guessable      right in most sittings with the options alone: it tests no knowledge (arXiv
    2402.12483, 2404.07720)
    too easy       right in every sitting without the passage: there is nothing to gain
    unanswerable   wrong in most sittings with the passage, which does not even help: key, quote or
    model is at fault
    too hard       wrong in most sittings with the passage, though it helps
    useful         the rest: the passage makes it answerable, and the model does not always know it

By luck alone a model is right in 3 of 4 rotations of 5 % of the questions, in the single sitting of
cloze of 25 %.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from tasks.evaluation.eval_requests import (
    EvalRequest,
    PromptBuilder,
    build_requests,
    get_prompt_builder,
)
from tasks.evaluation.evaluate import interpret_output
from tasks.evaluation.scorer.dispatch import run_requests
from tasks.models.loading import LoadedModel, base_of
from tasks.schemas.item_rows import AnswerMode, Passage, Question
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer, ScreenedQuestion
from tasks.store.progress import ProgressCallback, ignore_progress

MAJORITY = 0.75  # share of the sittings that is "most"
ScreeningClass = Literal["guessable", "too easy", "too hard", "unanswerable", "useful"]


class FormResult(NamedTuple):
    """How often the key was chosen in one form of a question, and its mean share of probability."""

    correct: int
    key_probability: float


def screen_with_model(
    loaded: LoadedModel,
    questions: list[Question],
    passages: Sequence[Passage],
    plan: EvaluationPlan,
    *,
    language: str = "fa",
    machine: Machine | None = None,
    progress: ProgressCallback = ignore_progress,
    mode: AnswerMode = "digits",
) -> list[ScreenedQuestion]:
    """One row for each question, as the base model sees it. `generate` is screened as digits,
    `cloze_prior` as cloze.
    """
    screened: dict[AnswerMode, AnswerMode] = {"generate": "digits", "cloze_prior": "cloze"}
    mode = screened.get(mode, mode)
    sittings = plan.model_copy(update={"modes": (mode,), "rotations": 4})
    closed = get_prompt_builder(sittings, language)
    books = {passage.id: passage.text for passage in passages}
    known = {
        q.id: books[q.quote.passage_id]
        for q in questions
        if q.quote and q.quote.passage_id in books
    }
    forms: list[tuple[PromptBuilder, list[Question]]] = [
        (_hide_stem(closed), questions),
        (closed, questions),
        (
            prepend_passage(closed, known),
            [question for question in questions if question.id in known],
        ),
    ]
    base = base_of(loaded)
    put = [
        build_requests(asked, sittings, words, base.model, base.tokenizer) for words, asked in forms
    ]
    found = _answer_forms(base, put, language, sittings, machine or Machine(), progress)
    return [
        _build_screened_row(question, mode, [form.get(question.id, []) for form in found])
        for question in questions
    ]


def _hide_stem(words: PromptBuilder) -> PromptBuilder:
    """The stem left out."""
    return words._replace(
        build_prompt=lambda question, rotation: words.build_prompt(
            question.model_copy(update={"question": ""}), rotation
        ),
        build_cloze_prompt=lambda question: words.empty_cloze_prompt,
    )


def prepend_passage(words: PromptBuilder, books: Mapping[str, str]) -> PromptBuilder:
    """The passage put before it."""
    return words._replace(
        build_prompt=lambda question, rotation: (
            f"{books[question.id]}\n\n{words.build_prompt(question, rotation)}"
        ),
        build_cloze_prompt=lambda question: (
            f"{books[question.id]}\n\n{words.build_cloze_prompt(question)}"
        ),
    )


def _answer_forms(
    loaded: LoadedModel,
    put: list[list[EvalRequest]],
    language: str,
    plan: EvaluationPlan,
    machine: Machine,
    progress: ProgressCallback,
) -> list[dict[str, list[Answer]]]:
    """All forms are read together, since they begin alike; the answers by form and question."""
    fitting = [sheet for form in put for sheet in form if not sheet.truncated]
    heard = iter(run_requests(loaded, fitting, plan.answer_tokens, machine, progress))
    found: list[dict[str, list[Answer]]] = []
    for form in put:
        found.append({})
        for sheet in form:
            answer = (
                interpret_output(sheet, [], "", language)
                if sheet.truncated
                else interpret_output(sheet, *next(heard), language)
            )
            found[-1].setdefault(sheet.question.id, []).append(answer)
    return found


def _build_screened_row(
    question: Question, mode: AnswerMode, forms: Sequence[list[Answer]]
) -> ScreenedQuestion:
    """The row of one question; its passage may not be known."""
    asked, key = len(forms[0]), question.answer
    blind, closed = _summarize_form(forms[0], key), _summarize_form(forms[1], key)
    opened = _summarize_form(forms[2], key) if forms[2] else None
    return ScreenedQuestion(
        question_id=question.id,
        mode=mode,
        asked=asked,
        blind=blind.correct,
        closed=closed.correct,
        opened=opened.correct if opened else None,
        blind_key=blind.key_probability,
        closed_key=closed.key_probability,
        opened_key=opened.key_probability if opened else None,
        kind=classify_question(asked, blind, closed, opened),
    )


def _summarize_form(answers: list[Answer], key: int) -> FormResult:
    return FormResult(
        sum(answer.is_correct for answer in answers),
        fmean(_compute_key_share(answer, key) for answer in answers),
    )


def classify_question(
    asked: int, blind: FormResult, closed: FormResult, opened: FormResult | None
) -> ScreeningClass:
    """The first that fits, in the order of the table above."""
    if blind.correct >= MAJORITY * asked:
        return "guessable"
    if closed.correct == asked:
        return "too easy"
    if opened is None or opened.correct > (1 - MAJORITY) * asked:
        return "useful"
    return "too hard" if opened.key_probability > closed.key_probability else "unanswerable"


def _compute_key_share(answer: Answer, key: int) -> float:
    """The key's share of the probability of the four options; a quarter where nothing was said."""
    if answer.scores is None:
        return 0.25
    top = max(answer.scores)
    weights = [math.exp(score - top) for score in answer.scores]
    return weights[key - 1] / sum(weights)
