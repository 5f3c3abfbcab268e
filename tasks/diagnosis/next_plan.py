"""The plan of the next study: this one with its first remedy."""

from collections.abc import Sequence

from tasks.plan import StudyPlan
from tasks.plan_file import parse_plan
from tasks.results import Finding


def next_plan(plan: StudyPlan, findings: Sequence[Finding]) -> StudyPlan | None:
    """The first finding that knows a change of plan is followed; none where no finding does."""
    for finding in findings:
        if finding.remedy:
            tree = plan.model_dump(mode="json")
            changed = parse_plan(tree, {**finding.remedy, "name": f"{plan.name.removesuffix('-next')}-next"}, f"remedy of {finding.rule}")
            if changed.model_copy(update={"name": plan.name}) != plan:
                return changed
    return None
