"""The gate: drafts in, checked pairs and question sets out, every stopped item accounted for."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.errors import NothingLeft
from tasks.plan import ValidationPlan
from tasks.progress import Progress, silent
from tasks.records import Draft, Pair, Passage, Question, Rejection, Stage
from tasks.validation import facts, splitting
from tasks.validation.desk import Accepted, Desk
from tasks.validation.duplicates import Seen
from tasks.validation.funnel import fallen, funnel
from tasks.validation.items import Item, ItemKind, Row, rejection_of
from tasks.validation.keys import balance_keys
from tasks.validation.leakage import leaks
from tasks.validation.recall import recall_questions

KINDS: tuple[ItemKind, ItemKind] = ("pair", "question")
RULES = "rules"  # the writer that gives equal facts equal names


class Wanted(NamedTuple):
    """How many items of each kind the study uses; none: all."""

    pairs: int | None = None
    questions: int | None = None


class Own(NamedTuple):
    """A person's own items, used instead of a writer's or beside them."""

    items: Sequence[Item] = ()
    rejected: Sequence[Rejection] = ()


EVERYTHING = Wanted()
NOTHING = Own()


class Gate(NamedTuple):
    """What goes on, what was stopped, and the count of both."""

    pairs: list[Pair]
    held_out: list[Pair]
    train: list[Question]
    same_fact: list[Question]
    new_fact: list[Question]
    rejected: list[Rejection]
    funnel: list[Stage]


def accept(draft: Draft, passages: Iterable[Passage], earlier: Sequence[Row], language: str, plan: ValidationPlan) -> Accepted:
    """The checks on single items, for one draft against what was kept before. For many drafts keep a `Desk` and call `take`."""
    return Desk(passages, language, plan, Seen(language, plan, earlier)).check_draft(draft)


def needed(wanted: Wanted, plan: ValidationPlan) -> Wanted:
    """How many items must be accepted so that, after new facts are kept out of training, as many as wanted are left."""
    share = 1 - plan.new_fact_share
    return Wanted(None if wanted.pairs is None or not share else math.ceil(wanted.pairs / share), wanted.questions)


def validate(
    drafts: Sequence[Draft],
    passages: Sequence[Passage],
    plan: ValidationPlan,
    language: str,
    wanted: Wanted = EVERYTHING,
    progress: Progress = silent,
    own: Own = NOTHING,
) -> Gate:
    """Check every item, split by fact, refuse what leaks, balance the keys."""
    desk = Desk(passages, language, plan)
    kept, rejected, _ = desk.check_imported(own.items, own.rejected)
    for number, draft in enumerate(drafts, 1):
        one = desk.check_draft(draft)
        kept += one.kept if draft.writer == RULES else map(_unnamed, one.kept)
        rejected += one.rejected
        progress(number, len(drafts), f"{len(kept)} kept")
    pairs, questions = facts.assign(
        [r for r in kept if isinstance(r, Pair)], [r for r in kept if isinstance(r, Question)], desk.passage_index.topics.titles
    )
    taught = splitting.teach(pairs, splitting.kept_out(pairs, questions, plan, wanted.pairs), wanted.pairs, plan)
    found = leaks([*taught.pairs, *taught.held_out], questions, plan)
    lost = {leak.question.id for leak in found}
    rejected += taught.rejected
    rejected += [rejection_of(q.question, "leakage", q.kind, f"with {q.pair.id}: {q.detail}") for q in found]
    asked = splitting.ask([q for q in questions if q.id not in lost], frozenset(p.fact for p in taught.pairs))
    asked, surplus = splitting.trim_questions(asked, wanted.questions, plan.seed)
    rejected += surplus
    stages = funnel({kind: desk.input_counts[kind] for kind in KINDS}, rejected, desk.repair_counts)
    train = recall_questions(taught.pairs, passages, plan, language)
    train, same_fact, new_fact = (balance_keys(questions, plan.seed) for questions in (train, *asked))
    return Gate(taught.pairs, taught.held_out, train, same_fact, new_fact, rejected, stages)


def _unnamed(row: Row) -> Row:
    """Without the fact that a model gave it: it names the same thing otherwise in each request, so names and quotes decide."""
    return row.model_copy(update={"fact": ""})


def refuse_nothing(stages: Sequence[Stage], left: tuple[int, int], wanted: Wanted) -> None:
    """Raise NothingLeft where no pair or no question is left, with what became of those that came."""
    for kind, number, planned in zip(KINDS, left, wanted, strict=True):
        came = next(s.came for s in stages if s.kind == kind)
        if number == 0 and planned != 0:
            raise NothingLeft(
                f"0 of {came} {kind}s survived: {fallen(stages, kind)}. The rejections hold each with its reason; "
                "is the book's text legible, and does the writer quote it?"
                if came
                else f"not one {kind} was written. Rules draw only from what a book lists plainly, in its plan's language: sections with "
                "headings such as signs and complications. For another book take --set generation.writer=gpt, or items of your own: "
                f"--set generation.{kind}s=FILE."
            )
