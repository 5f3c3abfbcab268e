"""Let a model sit the questions: every mode, every rotation, one row for each, the same batches for
base and tuned.

base = answer(loaded, questions, plan, "fa", machine, tuned=False)
tuned = answer(loaded, questions, plan, "fa", machine)
"""

import math
from collections.abc import Sequence
from typing import Any

from tasks import prompts
from tasks.evaluation.answer_extraction import extract_answer
from tasks.evaluation.eval_requests import EvalRequest, build_requests, get_prompt_builder
from tasks.evaluation.scorer.dispatch import run_requests
from tasks.models.loading import LoadedModel, base_of
from tasks.schemas.item_rows import Question
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer
from tasks.store.progress import ProgressCallback, ignore_progress


def answer_questions(
    loaded: LoadedModel,
    questions: list[Question],
    plan: EvaluationPlan,
    language: str = "fa",
    *,
    machine: Machine | None = None,
    progress: ProgressCallback = ignore_progress,
    tuned: bool = True,
) -> list[Answer]:
    """One row for each question, mode and rotation, in that order; with `tuned` off the base below
    the adapter answers.
    """
    asked = loaded if tuned else base_of(loaded)
    put = build_requests(
        questions, plan, get_prompt_builder(plan, language), asked.model, asked.tokenizer
    )
    return score_requests(asked, put, plan, language, machine or Machine(), progress)


def score_requests(
    asked: LoadedModel,
    put: Sequence[EvalRequest],
    plan: EvaluationPlan,
    language: str,
    machine: Machine,
    progress: ProgressCallback,
) -> list[Answer]:
    """One row for each sheet; what is longer than the window is not put."""
    heard = iter(
        run_requests(
            asked,
            [sheet for sheet in put if not sheet.truncated],
            plan.answer_tokens,
            machine,
            progress,
        )
    )
    return [
        interpret_output(sheet, [], "", language)
        if sheet.truncated
        else interpret_output(sheet, *next(heard), language)
        for sheet in put
    ]


def interpret_output(
    sheet: EvalRequest, likelihoods: Sequence[float], said: str, language: str
) -> Answer:
    """What the model's numbers or words come to."""
    if sheet.mode == "generate":
        shown = extract_answer(
            said, prompts.rotate_options(sheet.question.options, sheet.rotation), language
        )
        predicted = None if shown is None else prompts.unrotate_option_number(shown, sheet.rotation)
        return _build_answer(sheet, predicted, said=said)
    scores = _compute_option_scores(sheet, likelihoods)
    if scores is None:
        return _build_answer(sheet, None)
    a, b, c, d = scores
    return _build_answer(
        sheet,
        1 + max(range(4), key=scores.__getitem__),
        scores=(a, b, c, d),
        margin=_compute_margin(scores, sheet.question.answer),
    )


def _build_answer(sheet: EvalRequest, predicted: int | None, **fields: Any) -> Answer:
    return Answer(
        question_id=sheet.question.id,
        rotation=sheet.rotation,
        mode=sheet.mode,
        predicted=predicted,
        is_correct=predicted == sheet.question.answer,
        truncated=sheet.truncated,
        **fields,
    )


def _compute_option_scores(sheet: EvalRequest, likelihoods: Sequence[float]) -> list[float] | None:
    """Log-likelihoods as they are, per character of the option, or with the option's own likelihood
    taken out.
    """
    if sheet.truncated or any(math.isnan(value) for value in likelihoods):
        return None  # nothing was said: a model whose numbers broke has no answer
    values = [max(value, LOG_ZERO) for value in likelihoods]
    if sheet.mode == "cloze_mean":
        return [
            value / len(option)
            for value, option in zip(values, sheet.question.options, strict=True)
        ]
    if sheet.mode == "cloze_prior":
        return [value - prior for value, prior in zip(values[:4], values[4:], strict=True)]
    return values


LOG_ZERO = -1e9  # nats; stands for log 0, which JSON cannot hold


def _compute_margin(scores: Sequence[float], key: int) -> float:
    """Score of the key minus the best other, in nats (per character for cloze_mean)."""
    return scores[key - 1] - max(score for place, score in enumerate(scores, 1) if place != key)
