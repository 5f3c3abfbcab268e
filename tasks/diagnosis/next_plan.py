"""The plan of the next study: this one with its first remedy, and with what else its answers need
to be read at all.
"""

from collections.abc import Sequence

from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.plan_lineage import with_lineage
from tasks.schemas.result_rows import FIRST_LOOK, Finding, History

READABILITY_RULES = frozenset(
    {"illegible-answers", "prompts-cut"}
)  # left as they are, the next run would tell nothing, whatever it learnt


def select_followed_findings(plan: StudyPlan, findings: Sequence[Finding]) -> list[Finding]:
    """The first finding that knows a change of plan; beside it those that would leave the next run
    mute, where they touch other choices.
    """
    first = next(
        (finding for finding in findings if _apply_remedies(plan, [finding]) is not None), None
    )
    if first is None:
        return []
    return [
        first,
        *(
            one
            for one in findings
            if one.rule in READABILITY_RULES
            and one.remedy
            and not one.remedy.keys() & first.remedy.keys()
        ),
    ]


def build_next_plan(
    plan: StudyPlan, findings: Sequence[Finding], history: History = FIRST_LOOK
) -> StudyPlan | None:
    """The plan with the remedies that are followed, and its lineage; none where no finding knows a
    change.
    """
    changed = _apply_remedies(plan, select_followed_findings(plan, findings))
    return with_lineage(changed, plan, history) if changed else None


def _apply_remedies(plan: StudyPlan, findings: Sequence[Finding]) -> StudyPlan | None:
    """The plan with these remedies, under its next name; none where it stays what it is."""
    changes = {key: value for finding in findings for key, value in finding.remedy.items()}
    name = f"{plan.name.removesuffix('-next')}-next"
    rules = ", ".join(finding.rule for finding in findings)
    changed = parse_plan(
        plan.model_dump(mode="json"), {**changes, "name": name}, f"remedy of {rules}"
    )
    return changed if changed.model_copy(update={"name": plan.name}) != plan else None
