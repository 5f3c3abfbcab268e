"""What a plan asks of the gate."""

from collections.abc import Callable, Sequence

from tasks.plan import GenerationPlan, ValidationPlan
from tasks.records import Draft, Pair, Passage, Question
from tasks.validation.desk import Accepted
from tasks.validation.gate import Wanted, accept


def wanted(plan: GenerationPlan) -> Wanted:
    """The planned numbers; all of a person's own items."""
    return Wanted(*(number if isinstance(number, int) else None for number in (plan.pairs, plan.questions)))


def acceptance(language: str, plan: ValidationPlan) -> Callable[[Draft, list[Passage], Sequence[Pair | Question]], Accepted]:
    """The checks on single items, for a writer that asks again for what fell."""
    return lambda draft, passages, earlier: accept(draft, passages, earlier, language, plan)
