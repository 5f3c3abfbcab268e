"""A study small enough for a test: our handbook's first chapters, a base model of a few steps, a short tuning."""

from pathlib import Path
from typing import Any

import pytest

from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan

SMALL_PLAN_TREE: dict[str, Any] = {
    "name": "small",
    "reading": {"last_page": 30},
    "generation": {"pairs": 40, "questions": 40},
    "validation": {"train_questions": 12},
    "base": {"steps": 8},
    "finetuning": {"epochs": 1, "rank": 4},
    "evaluation": {"modes": ["digits", "cloze"]},
}


def build_small_plan(**changes: Any) -> StudyPlan:
    """The small plan with dotted keys changed: small_plan(**{"finetuning.epochs": 2})."""
    import copy

    return parse_plan(copy.deepcopy(SMALL_PLAN_TREE), changes)


def watch_stages(patch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A list that fills with (stage, "cached" or "done") as stages end, until the patch is undone."""
    from tasks.engine import stage as engine

    ran: list[tuple[str, str]] = []
    add_timing = engine.add_timing

    def note(timing):
        ran.append((timing.stage, "cached" if timing.cached else "done"))
        add_timing(timing)

    patch.setattr(engine, "add_timing", note)
    return ran


def run_study_in(store: Path, patch: pytest.MonkeyPatch, plan, **options) -> list[tuple[str, str]]:
    """Run the flow with its artifacts, results and history of stages in `store`."""
    from flows.study import run_study

    patch.setenv("RUNS_DIR", str(store))
    with pytest.MonkeyPatch.context() as watching:
        ran = watch_stages(watching)
        run_study(plan, **options)
    return ran
