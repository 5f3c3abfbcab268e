"""What a plan asks of the gate."""

from tasks.schemas.plan import CheckingPlan
from tasks.schemas.plan_sections import GenerationPlan
from tasks.validation.validate import PlannedCounts


def get_planned_counts(plan: GenerationPlan | CheckingPlan) -> PlannedCounts:
    """The planned numbers; all of a person's own items."""
    return PlannedCounts(
        *(number if isinstance(number, int) else None for number in (plan.pairs, plan.questions))
    )


def count_missing_items(plan: GenerationPlan, left: tuple[int, int]) -> tuple[int, int]:
    """How many of the planned pairs and questions the gate did not let through; none of a person's
    own.
    """
    pairs, questions = (
        max(0, (number or 0) - there)
        for number, there in zip(get_planned_counts(plan), left, strict=True)
    )
    return pairs, questions
