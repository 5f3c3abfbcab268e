"""A study small enough for a test: our handbook's first chapters, a base model of a few steps, a short tuning."""

from typing import Any

from tasks.plan import StudyPlan
from tasks.plan_file import parse_plan

TREE: dict[str, Any] = {
    "name": "small",
    "reading": {"last_page": 30},
    "generation": {"pairs": 40, "questions": 40},
    "validation": {"train_questions": 12},
    "base": {"steps": 8},
    "finetuning": {"epochs": 1, "rank": 4},
    "evaluation": {"modes": ["digits", "cloze"]},
}


def small_plan(**changes: Any) -> StudyPlan:
    """The small plan with dotted keys changed: small_plan(**{"finetuning.epochs": 2})."""
    import copy

    return parse_plan(copy.deepcopy(TREE), changes)
