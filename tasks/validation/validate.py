"""The gate: drafts in, checked pairs and question sets out, every stopped item accounted for."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.schemas.errors import NothingLeft
from tasks.schemas.item_rows import Draft, FilterStep, Pair, Passage, Question, Rejection
from tasks.schemas.plan_sections import ValidationPlan
from tasks.store.progress import ProgressCallback, ignore_progress
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.checks.leakage import find_leaks
from tasks.validation.filter_counts import count_filter_steps, describe_rejections
from tasks.validation.item_checker import CheckedDraft, ItemChecker
from tasks.validation.items import ItemKind, PairOrQuestion, ParsedItem, build_row_rejection
from tasks.validation.splitting import fact_groups, fact_split
from tasks.validation.splitting.answer_positions import balance_keys
from tasks.validation.splitting.train_questions import build_train_questions

ITEM_KINDS: tuple[ItemKind, ItemKind] = ("pair", "question")
RULES_WRITER = "rules"  # the writer that gives equal facts equal names


class PlannedCounts(NamedTuple):
    """How many items of each kind the study uses; none: all."""

    pairs: int | None = None
    questions: int | None = None


class ImportedItems(NamedTuple):
    """A person's own items, used instead of a writer's or beside them."""

    items: Sequence[ParsedItem] = ()
    rejected: Sequence[Rejection] = ()


ALL_ITEMS = PlannedCounts()
NO_IMPORTED_ITEMS = ImportedItems()


class ValidationResult(NamedTuple):
    """What goes on, what was stopped, and the count of both."""

    pairs: list[Pair]
    held_out: list[Pair]
    train: list[Question]
    same_fact: list[Question]
    new_fact: list[Question]
    rejected: list[Rejection]
    funnel: list[FilterStep]


def check_single_draft(
    draft: Draft,
    passages: Iterable[Passage],
    earlier: Sequence[PairOrQuestion],
    language: str,
    plan: ValidationPlan,
) -> CheckedDraft:
    """The checks on single items, for one draft against what was kept before. For many drafts keep
    a `Desk` and call `take`.
    """
    return ItemChecker(passages, language, plan, SeenItems(language, plan, earlier)).check_draft(
        draft
    )


def compute_needed_counts(wanted: PlannedCounts, plan: ValidationPlan) -> PlannedCounts:
    """How many items must be accepted so that, after new facts are kept out of training, as many as
    wanted are left.
    """
    share = 1 - plan.new_fact_share
    return PlannedCounts(
        None if wanted.pairs is None or not share else math.ceil(wanted.pairs / share),
        wanted.questions,
    )


def validate_items(
    drafts: Sequence[Draft],
    passages: Sequence[Passage],
    plan: ValidationPlan,
    language: str,
    *,
    wanted: PlannedCounts = ALL_ITEMS,
    progress: ProgressCallback = ignore_progress,
    own: ImportedItems = NO_IMPORTED_ITEMS,
) -> ValidationResult:
    """Check every item, split by fact, refuse what leaks, balance the keys."""
    desk = ItemChecker(passages, language, plan)
    kept, rejected, _ = desk.check_imported(own.items, own.rejected)
    for number, draft in enumerate(drafts, 1):
        one = desk.check_draft(draft)
        kept += one.kept if draft.writer == RULES_WRITER else map(_remove_fact, one.kept)
        rejected += one.rejected
        progress(number, len(drafts), f"{len(kept)} kept")
    pairs, questions = fact_groups.assign_facts(
        [r for r in kept if isinstance(r, Pair)],
        [r for r in kept if isinstance(r, Question)],
        desk.passage_index.topics.titles,
        SeenItems(language, plan),
    )
    taught = fact_split.select_taught_pairs(
        pairs,
        fact_split.choose_untaught_facts(pairs, questions, plan, wanted.pairs),
        wanted.pairs,
        plan,
    )
    found = find_leaks([*taught.pairs, *taught.held_out], questions, plan)
    lost = {leak.question.id for leak in found}
    rejected += taught.rejected
    rejected += [
        build_row_rejection(q.question, "leakage", q.kind, f"with {q.pair.id}: {q.detail}")
        for q in found
    ]
    asked = fact_split.group_questions(
        [q for q in questions if q.id not in lost], frozenset(p.fact for p in taught.pairs)
    )
    asked, surplus = fact_split.trim_questions(asked, wanted.questions, plan.seed)
    rejected += surplus
    stages = count_filter_steps(
        {kind: desk.input_counts[kind] for kind in ITEM_KINDS}, rejected, desk.repair_counts
    )
    train = build_train_questions(taught.pairs, passages, plan, language)
    train, same_fact, new_fact = (
        balance_keys(questions, plan.seed) for questions in (train, *asked)
    )
    return ValidationResult(
        taught.pairs, taught.held_out, train, same_fact, new_fact, rejected, stages
    )


def _remove_fact(row: PairOrQuestion) -> PairOrQuestion:
    """Without the fact that a model gave it: it names the same thing otherwise in each request, so
    names and quotes decide.
    """
    return row.model_copy(update={"fact": ""})


def refuse_empty_result(
    stages: Sequence[FilterStep], left: tuple[int, int], wanted: PlannedCounts
) -> None:
    """Raise NothingLeft where no pair or no question is left, with what became of those
    that came.
    """
    for kind, number, planned in zip(ITEM_KINDS, left, wanted, strict=True):
        came = next(s.came for s in stages if s.kind == kind)
        if number == 0 and planned != 0:
            raise NothingLeft(
                f"0 of {came} {kind}s survived: {describe_rejections(stages, kind)}. The rejections"
                " hold each with its reason; is the book's text legible, and does the writer"
                " quote it?"
                if came
                else (
                    f"not one {kind} was written. Rules draw only from what a book lists plainly,"
                    " in its plan's language: sections with headings such as signs and"
                    " complications. For another book take --set generation.writer=gpt, or items"
                    f" of your own: --set generation.{kind}s=FILE."
                )
            )
