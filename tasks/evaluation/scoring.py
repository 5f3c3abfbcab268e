"""Let a model sit the questions: every mode, every rotation, one row for each, the same batches for base and tuned.

base = answer(loaded, questions, plan, "fa", machine, tuned=False)
tuned = answer(loaded, questions, plan, "fa", machine)
"""

import math
from collections.abc import Sequence
from typing import Any

from tasks import exam
from tasks.evaluation.answering import read_answer
from tasks.evaluation.listening import listen
from tasks.evaluation.sheets import Sheet, sheets, wording
from tasks.llama import Loaded, base_of
from tasks.plan import EvaluationPlan, Machine
from tasks.progress import Progress, silent
from tasks.records import Question
from tasks.results import Answer


def answer(
    loaded: Loaded,
    questions: list[Question],
    plan: EvaluationPlan,
    language: str = "fa",
    machine: Machine | None = None,
    progress: Progress = silent,
    tuned: bool = True,
) -> list[Answer]:
    """One row for each question, mode and rotation, in that order; with `tuned` off the base below the adapter answers."""
    asked = loaded if tuned else base_of(loaded)
    put = sheets(questions, plan, wording(plan, language), asked.model, asked.tokenizer)
    return sit(asked, put, plan, language, machine or Machine(), progress)


def sit(asked: Loaded, put: Sequence[Sheet], plan: EvaluationPlan, language: str, machine: Machine, progress: Progress) -> list[Answer]:
    """One row for each sheet; what is longer than the window is not put."""
    heard = iter(listen(asked, [sheet for sheet in put if not sheet.truncated], plan.answer_tokens, machine, progress))
    return [row(sheet, [], "", language) if sheet.truncated else row(sheet, *next(heard), language) for sheet in put]


def row(sheet: Sheet, likelihoods: Sequence[float], said: str, language: str) -> Answer:
    """What the model's numbers or words come to."""
    if sheet.mode == "generate":
        shown = read_answer(said, exam.rotated(sheet.question.options, sheet.rotation), language)
        predicted = None if shown is None else exam.own_number(shown, sheet.rotation)
        return _answer(sheet, predicted, said=said)
    scores = _scores(sheet, likelihoods)
    if scores is None:
        return _answer(sheet, None)
    a, b, c, d = scores
    return _answer(sheet, 1 + max(range(4), key=scores.__getitem__), scores=(a, b, c, d), margin=_margin(scores, sheet.question.answer))


def _answer(sheet: Sheet, predicted: int | None, **fields: Any) -> Answer:
    return Answer(
        question_id=sheet.question.id,
        rotation=sheet.rotation,
        mode=sheet.mode,
        predicted=predicted,
        is_correct=predicted == sheet.question.answer,
        truncated=sheet.truncated,
        **fields,
    )


def _scores(sheet: Sheet, likelihoods: Sequence[float]) -> list[float] | None:
    """Log-likelihoods as they are, per character of the option, or with the option's own likelihood taken out."""
    if sheet.truncated or any(math.isnan(value) for value in likelihoods):
        return None  # nothing was said: a model whose numbers broke has no answer
    values = [max(value, IMPOSSIBLE) for value in likelihoods]
    if sheet.mode == "cloze_mean":
        return [value / len(option) for value, option in zip(values, sheet.question.options, strict=True)]
    if sheet.mode == "cloze_prior":
        return [value - prior for value, prior in zip(values[:4], values[4:], strict=True)]
    return values


IMPOSSIBLE = -1e9  # nats; stands for log 0, which JSON cannot hold


def _margin(scores: Sequence[float], key: int) -> float:
    """Score of the key minus the best other, in nats (per character for cloze_mean)."""
    return scores[key - 1] - max(score for place, score in enumerate(scores, 1) if place != key)
