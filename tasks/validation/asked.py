"""What a plan asks of the gate."""

from collections.abc import Callable, Sequence

from tasks.plan import GenerationPlan, ValidationPlan
from tasks.records import Draft, Passage
from tasks.validation.desk import Accepted, Desk
from tasks.validation.gate import Wanted
from tasks.validation.items import Row
from tasks.validation.own_items import load_own

__all__ = ["acceptance", "load_own", "wanted"]


def wanted(plan: GenerationPlan) -> Wanted:
    """The planned numbers; all of a person's own items."""
    return Wanted(*(number if isinstance(number, int) else None for number in (plan.pairs, plan.questions)))


def acceptance(language: str, plan: ValidationPlan) -> Callable[[Draft, list[Passage], Sequence[Row]], Accepted]:
    """The checks on single items, for a writer that asks again for what fell.

    The desk is kept from one draft to the next as long as it remembers just what the writer kept, so that a chapter of
    many drafts is not read anew for each of them.
    """
    desks = dict[tuple[str, ...], tuple[Desk, list[str]]]()

    def accept(draft: Draft, passages: list[Passage], earlier: Sequence[Row]) -> Accepted:
        place, known = tuple(p.id for p in passages), [row.id for row in earlier]
        desk, remembered = desks.get(place) or (Desk(passages, language, plan), [])
        if remembered != known:
            desk, remembered = Desk(passages, language, plan, earlier), known
        accepted = desk.take(draft)
        desks[place] = desk, [*remembered, *(row.id for row in accepted.kept)]
        return accepted

    return accept
