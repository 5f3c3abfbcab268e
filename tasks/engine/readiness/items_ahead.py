"""What a book and a person's own files really give, counted with the study's own stages before the
study, which finds their results kept.
"""

from collections.abc import Callable
from typing import NamedTuple

from tasks.engine.readiness.plan_requirements import needs_writer
from tasks.language.language_guess import find_other_language
from tasks.language.language_pack import list_languages
from tasks.reading.doubts import reading_doubts
from tasks.reading.structure.bookmarks import Checked
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import Message, Share, Term, build_message
from tasks.schemas.plan import StudyPlan
from tasks.store.artifact_groups import BookText, CheckedItems, StudyDataset
from tasks.validation.filter_counts import describe_rejections
from tasks.validation.items import ITEM_KINDS
from tasks.validation.plan_counts import get_planned_counts

SAMPLED_PASSAGES = 60  # spread over the book: 9,000 words and more, where 60 tell a language


class StudyStages(NamedTuple):
    """How a check comes to what a study would have: by the study's own stages."""

    read: Callable[[StudyPlan], BookText]
    prepare: Callable[[StudyPlan], StudyDataset]


class CheckLine(NamedTuple):
    """One thing that is told, under its topic."""

    topic: str  # a word of the catalogue's topics
    told: Message | str


def describe_text(text: BookText, plan: StudyPlan) -> list[CheckLine]:
    """What speaks against the reading of the book, and against the plan's language."""
    scan = text.scan
    marks = Checked(scan.bookmarks, scan.bookmarks_found, 0) if scan else Checked(0, 0, 0)
    doubts = reading_doubts(text.pages.load_rows(), marks, plan.language)
    lines = [CheckLine("reading", build_message("doubtful", why=doubt)) for doubt in doubts]
    return lines + _describe_language(text, plan)


def _describe_language(text: BookText, plan: StudyPlan) -> list[CheckLine]:
    passages = text.load_passages()
    step = max(1, len(passages) // SAMPLED_PASSAGES)
    sample = "\n".join(passage.text for passage in passages[::step])
    if other := find_other_language(sample, plan.language):
        told = build_message(
            "book-in-another-language",
            found=Term("language_names", other.code),
            share=Share(other.share),
            language=Term("language_names", plan.language),
            code=other.code,
        )
        return [CheckLine("language", told)]
    if plan.language not in list_languages():
        name = Term("language_names", plan.language)
        return [CheckLine("language", build_message("language-without-words", language=name))]
    return []


def describe_counts(dataset: StudyDataset, plan: StudyPlan) -> list[CheckLine]:
    """How many items there are, how they are split, and why there are fewer than wanted."""
    splits = dataset.splits
    counts = zip(ITEM_KINDS, splits.count_items(), get_planned_counts(plan.generation), strict=True)
    parts = [
        build_message("items-had", n=n, kind=Term("kinds", kind))
        if wanted is None or n >= wanted
        else build_message("items-had-of", n=n, wanted=wanted, kind=Term("kinds", kind))
        for kind, n, wanted in counts
    ]
    if isinstance(plan.generation.pairs, int) or isinstance(plan.generation.questions, int):
        parts.append(build_message("by-rules"))
    asked = splits.sitting
    sets = build_message(
        "sets-had",
        held_out=splits.held_out.count,
        same=asked.same_fact.count,
        new=asked.new_fact.count,
        train=asked.train.count,
    )
    counted = (*parts, build_message("items-counted"))
    return [
        CheckLine("items", build_message("parts", parts=counted)),
        CheckLine("sets", sets),
        *_describe_shortfall(splits, plan),
    ]


def _describe_shortfall(splits: CheckedItems, plan: StudyPlan) -> list[CheckLine]:
    """Where fewer items are left than wanted: what the text gave, and what fell of it."""
    funnel, lines = splits.funnel.load_rows(), []
    for kind, n, wanted in zip(
        ITEM_KINDS, splits.count_items(), get_planned_counts(plan.generation), strict=True
    ):
        if wanted is None or n >= wanted:
            continue
        came = next(step.came for step in funnel if step.kind == kind)
        fell = describe_rejections(funnel, kind)
        told = build_message(
            "fewer-in-the-text" if came < wanted else "fewer-kept",
            n=wanted - n,
            kind=Term("kinds", kind),
            came=came,
            fell=fell or (build_message("nothing-fell"),),
        )
        lines.append(CheckLine("fewer", told))
    return lines


def require_asked_sets(splits: CheckedItems, plan: StudyPlan) -> None:
    """Raises PlanError where a set that the verdict needs is empty: the comparison would say so,
    after the tuning.
    """
    for lack in list_empty_sets(splits, plan):
        raise PlanError(lack)


def list_empty_sets(splits: CheckedItems, plan: StudyPlan) -> list[Message]:
    """A primary set without questions: found only after the tuning otherwise."""
    name = plan.comparison.primary_set
    return [] if splits.sitting.asked(name) else [build_message("primary-set-empty", set=name)]


class KnownCounts(NamedTuple):
    """What is known of a study's items before it; none where nothing is."""

    pairs: int | None  # trained on
    questions: int | None  # of the primary set


def count_items(splits: CheckedItems | None, plan: StudyPlan) -> KnownCounts:
    """Counted, or as the plan's shares have them where a model is to write."""
    name, generation = plan.comparison.primary_set, plan.generation
    if splits is not None:
        return KnownCounts(splits.pairs.count, len(splits.sitting.asked(name)))
    if not needs_writer(plan):
        return KnownCounts(None, None)
    gates = plan.validation
    kept = gates.sealed_share if plan.comparison.confirms else 1 - gates.sealed_share
    shares = {"same_fact": 1 - gates.new_fact_share, "new_fact": gates.new_fact_share}
    pairs, questions = get_planned_counts(generation)
    return KnownCounts(
        None if pairs is None else pairs - round(pairs * gates.held_out_share),
        None if questions is None else max(1, round(questions * kept * shares.get(name, 1))),
    )
