"""The paired evaluation alone: any causal language model, with or without an adapter, any questions."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tasks.errors import NothingLeft, PlanError
from tasks.evaluation.listening import part
from tasks.evaluation.scoring import sit
from tasks.evaluation.sheets import sheets, wording
from tasks.llama import Loaded, load, resolve
from tasks.plan import BasePlan, EvaluationPlan, Machine
from tasks.progress import Progress, silent
from tasks.records import Question
from tasks.results import Answer


class Both(NamedTuple):
    """What the two models said; without an adapter there is only the base."""

    base: list[Answer]
    tuned: list[Answer]


def evaluate(
    base: str,
    adapter: str | None,
    questions: list[Question],
    plan: EvaluationPlan,
    language: str = "fa",
    machine: Machine | None = None,
    progress: Progress = silent,
) -> Both:
    """Load the model once, and let it sit the questions with the adapter off and on."""
    if not questions:
        raise NothingLeft("there is no question to put; the file is empty.")
    repeated = [name for name, times in Counter(question.id for question in questions).items() if times > 1]
    if repeated:
        raise PlanError(f"questions: the id {repeated[0]!r} is used more than once; each question needs its own.")
    loaded = load(resolve(BasePlan(model=base)), machine, Path(adapter) if adapter else None)
    return both(loaded, questions, plan, language, machine, progress, tuned=adapter is not None)


def both(
    loaded: Loaded,
    questions: list[Question],
    plan: EvaluationPlan,
    language: str = "fa",
    machine: Machine | None = None,
    progress: Progress = silent,
    tuned: bool = True,
) -> Both:
    """Base first, then tuned, from one loaded model; the bar runs through both."""
    put, size = sheets(questions, plan, wording(plan, language), loaded.model, loaded.tokenizer), len(questions)
    first = sit(loaded, put, plan, language, machine or Machine(), part(progress, 0, size, size * (1 + tuned)), tuned=False)
    if not tuned:
        return Both(first, [])
    return Both(first, sit(loaded, put, plan, language, machine or Machine(), part(progress, size, size, 2 * size), tuned=True))
