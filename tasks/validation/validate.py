"""The whole book's items become pairs and question sets, every stopped one accounted for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.schemas.errors import NothingLeft
from tasks.schemas.item_rows import FilterStep, Pair, Passage, Question, Rejection
from tasks.schemas.messages import Term, build_message
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.rows.review_rows import ReviewedItem
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.checks.leakage import find_leaks
from tasks.validation.filter_counts import describe_rejections, find_steepest_step
from tasks.validation.item_checker import CheckedChapter, ItemChecker
from tasks.validation.items import ITEM_KINDS, ParsedItem, build_row_rejection
from tasks.validation.review.apply_decisions import apply_decisions
from tasks.validation.review.decision_files import ItemDecision
from tasks.validation.splitting import fact_groups, fact_split
from tasks.validation.splitting.answer_positions import balance_keys
from tasks.validation.splitting.train_questions import build_train_questions


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
    reviewed: list[ReviewedItem]


def validate_items(
    chapters: Iterable[CheckedChapter],
    passages: Sequence[Passage],
    plan: ValidationPlan,
    language: str,
    *,
    wanted: PlannedCounts = ALL_ITEMS,
    own: ImportedItems = NO_IMPORTED_ITEMS,
    reviews: Iterable[Sequence[ItemDecision]] = (),
) -> ValidationResult:
    """What only the whole book can tell of the items that their chapters' checks let through:
    repeats, a person's review, the split by fact, leaks; a person's own items pass all checks here.
    Balances the keys.
    """
    desk = ItemChecker(passages, language, plan)
    desk.check_imported(own.items, own.rejected)
    for chapter in chapters:
        desk.add_chapter(chapter if chapter.names_facts else _remove_facts(chapter))
    reviewed = apply_decisions(desk, reviews)
    kept, rejected = desk.kept, desk.rejected
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
    rejected += [build_row_rejection(leak.question, "leakage", leak.reason) for leak in found]
    asked = fact_split.group_questions(
        [q for q in questions if q.id not in lost], frozenset(p.fact for p in taught.pairs)
    )
    asked, surplus = fact_split.trim_questions(asked, wanted.questions, plan.seed)
    rejected += surplus
    stages = desk.collect_items().funnel
    train = build_train_questions(taught.pairs, passages, plan, language)
    train, same_fact, new_fact = (
        balance_keys(questions, plan.seed) for questions in (train, *asked)
    )
    return ValidationResult(
        taught.pairs, taught.held_out, train, same_fact, new_fact, rejected, stages, reviewed
    )


def _remove_facts(chapter: CheckedChapter) -> CheckedChapter:
    """A model names the same fact otherwise in each request, so that names and quotes decide."""
    bare = [row.model_copy(update={"fact": ""}) for row in chapter.kept]
    return chapter._replace(kept=bare)


def refuse_empty_result(
    stages: Sequence[FilterStep], left: tuple[int, int], wanted: PlannedCounts
) -> None:
    """Raise NothingLeft where no pair or no question is left, with what became of those
    that came.
    """
    for kind, number, planned in zip(ITEM_KINDS, left, wanted, strict=True):
        came = next(s.came for s in stages if s.kind == kind)
        if number == 0 and planned != 0:
            if not came:
                raise NothingLeft(build_message("nothing-written", kind=Term("kinds", kind)))
            raise NothingLeft(
                build_message(
                    "nothing-survived",
                    came=came,
                    kind=Term("kinds", kind),
                    fell=describe_rejections(stages, kind),
                    hint=Term("survival_hints", find_steepest_step(stages, kind)),
                )
            )
