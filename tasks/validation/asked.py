"""What a plan asks of the gate."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tasks.plan import GenerationPlan, ValidationPlan
from tasks.records import Draft, Pair, Passage, Question
from tasks.validation.desk import Accepted
from tasks.validation.gate import Own, Wanted, accept
from tasks.validation.own_items import load_pairs, load_questions


def wanted(plan: GenerationPlan) -> Wanted:
    """The planned numbers; all of a person's own items."""
    return Wanted(*(number if isinstance(number, int) else None for number in (plan.pairs, plan.questions)))


def load_own(files: Iterable[tuple[str, Path]]) -> Own:
    """A person's own files, each with its kind ("pair" or "question")."""
    read = [(load_pairs if kind == "pair" else load_questions)(path) for kind, path in files]
    return Own([item for one in read for item in one.kept], [row for one in read for row in one.rejected])


def acceptance(language: str, plan: ValidationPlan) -> Callable[[Draft, list[Passage], Sequence[Pair | Question]], Accepted]:
    """The checks on single items, for a writer that asks again for what fell."""
    return lambda draft, passages, earlier: accept(draft, passages, earlier, language, plan)
