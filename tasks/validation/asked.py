"""What a plan asks of the gate."""

from collections.abc import Callable, Sequence

from tasks.plan import GenerationPlan, ValidationPlan
from tasks.records import Draft, Passage
from tasks.validation.desk import Accepted, Desk
from tasks.validation.duplicates import Seen
from tasks.validation.gate import Wanted, refuse_nothing
from tasks.validation.items import Row
from tasks.validation.own_items import load_own

__all__ = ["acceptance", "load_own", "missing", "refuse_nothing", "wanted"]


def wanted(plan: GenerationPlan) -> Wanted:
    """The planned numbers; all of a person's own items."""
    return Wanted(*(number if isinstance(number, int) else None for number in (plan.pairs, plan.questions)))


def missing(plan: GenerationPlan, left: tuple[int, int]) -> tuple[int, int]:
    """How many of the planned pairs and questions the gate did not let through; none of a person's own."""
    pairs, questions = (max(0, (number or 0) - there) for number, there in zip(wanted(plan), left, strict=True))
    return pairs, questions


def acceptance(language: str, plan: ValidationPlan) -> Callable[[Draft, list[Passage], Sequence[Row]], Accepted]:
    """The checks on single items, for a writer that asks again for what fell.

    What was kept is remembered from one draft to the next, as long as it is just what the writer kept, so that many
    drafts are not compared with all earlier items anew.
    """
    seen, remembered = Seen(language, plan), list[str]()

    def check_next_draft(draft: Draft, passages: list[Passage], earlier: Sequence[Row]) -> Accepted:
        nonlocal seen, remembered
        if remembered != [row.id for row in earlier]:
            seen, remembered = Seen(language, plan, earlier), [row.id for row in earlier]
        accepted = Desk(passages, language, plan, seen).check_draft(draft)
        remembered += [row.id for row in accepted.kept]
        return accepted

    return check_next_draft
