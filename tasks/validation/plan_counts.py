"""What a plan asks of the gate."""

from collections.abc import Callable, Sequence

from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import GenerationPlan, ValidationPlan
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.item_checker import CheckedDraft, ItemChecker
from tasks.validation.items import PairOrQuestion
from tasks.validation.validate import PlannedCounts


def get_planned_counts(plan: GenerationPlan) -> PlannedCounts:
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


def build_draft_check(
    language: str, plan: ValidationPlan
) -> Callable[[Draft, list[Passage], Sequence[PairOrQuestion]], CheckedDraft]:
    """The checks on single items, for a writer that asks again for what fell.

    What was kept is remembered from one draft to the next, as long as it is just what the writer
    kept, so that many
    drafts are not compared with all earlier items anew.
    """
    seen, remembered = SeenItems(language, plan), list[str]()

    def check_next_draft(
        draft: Draft, passages: list[Passage], earlier: Sequence[PairOrQuestion]
    ) -> CheckedDraft:
        nonlocal seen, remembered
        if remembered != [row.id for row in earlier]:
            seen, remembered = SeenItems(language, plan, earlier), [row.id for row in earlier]
        accepted = ItemChecker(passages, language, plan, seen).check_draft(draft)
        remembered += [row.id for row in accepted.kept]
        return accepted

    return check_next_draft
