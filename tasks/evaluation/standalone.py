"""The paired evaluation alone: any causal language model, beside an adapter or another model, any
questions.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.scorer.dispatch import scale_progress
from tasks.models.loading import LoadedModel, load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import NothingLeft, PlanError
from tasks.schemas.item_rows import Question
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan
from tasks.schemas.result_rows import Answer
from tasks.store.progress import ProgressCallback, ignore_progress


class ModelAnswers(NamedTuple):
    """What the two models said; with nothing to compare there is only the base."""

    base: list[Answer]
    tuned: list[Answer]
    notes: tuple[str, ...] = ()  # what a reader should know of the two models


def evaluate_questions(
    base: str,
    adapter: str | None,
    questions: list[Question],
    plan: EvaluationPlan,
    *,
    language: str = "fa",
    machine: Machine | None = None,
    progress: ProgressCallback = ignore_progress,
    tuned: str | None = None,
) -> ModelAnswers:
    """Put the questions to the base, then to the base with the adapter, or to `tuned`, a whole
    model.

    The base has answered before the adapter is loaded, since some adapters write into its weights.
    """
    _refuse_questions(questions)
    if adapter and tuned:
        raise PlanError(build_message("adapter-and-tuned"))
    checkpoint, place, size = (
        resolve_base_model(BasePlan(model=base)),
        machine or Machine(),
        len(questions),
    )
    other = resolve_base_model(BasePlan(model=tuned)) if tuned else checkpoint
    whole = size * (2 if adapter or tuned else 1)

    def put(loaded: LoadedModel, before: int) -> list[Answer]:
        return answer_questions(
            loaded,
            questions,
            plan,
            language,
            machine=place,
            progress=scale_progress(progress, before, size, whole),
        )

    first = put(load_model(checkpoint, place), 0)
    if not (adapter or tuned):
        return ModelAnswers(first, [])
    loaded = load_model(other, place, Path(adapter) if adapter else None)
    return ModelAnswers(first, put(loaded, size), loaded.notes)


def _refuse_questions(questions: list[Question]) -> None:
    if not questions:
        raise NothingLeft(build_message("no-questions-in-file"))
    repeated = [
        name for name, times in Counter(question.id for question in questions).items() if times > 1
    ]
    if repeated:
        raise PlanError(build_message("question-id-twice", id=repr(repeated[0])))
