"""The programs that a training's log can go to, beside the study's own."""

import importlib.util

from tasks.plan import FinetuningPlan


def missing(plan: FinetuningPlan) -> list[str]:
    """One sentence with its remedy for each of them that is not installed; imports none of them."""
    return [
        f"finetuning.report_to: {name} is not installed; pip install {name}, or leave it out."
        for name in plan.report_to
        if importlib.util.find_spec(name) is None
    ]
