"""What every writer is given and gives back, and how the requested numbers are shared out over the
chapters.

A writer gets one chapter's passages and a quota and returns drafts: raw text as it came, each
holding one JSON
object `{"items": [...]}` whose items have the fields that the prompts name. What an item is worth
is decided by the gate, which the caller hands in as `accept`; generation itself judges nothing.

The numbers are shared over *all* chapters in proportion to their substance (letters of their
prose), by largest
remainder, so that they sum up exactly and every chapter with text contributes as long as there is
one item for each
(a title page is no chapter: it gets its share, which is nothing as a rule).
A surplus of `GenerationPlan.margin` is drafted on top, because checks over the whole book
(duplicates between
chapters, leakage) can still refuse an item that its chapter alone would keep; the gate cuts what is
left over, and
what they took beyond the surplus is asked for again (`shortfall`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from tasks.schemas.item_rows import (
    Draft,
    ItemReading,
    Pair,
    Passage,
    Question,
    Rejection,
    WriterUsage,
)
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.apportionment import apportion_total

MIN_CHAPTER_LETTERS = (
    400  # letters; below it a chapter is a title page or a dedication, and need not contribute
)
MIN_PASSAGE_LETTERS = (
    40  # letters; below it a passage is a heading or a page number, no ground for an item
)

PairOrQuestion = Pair | Question


class Quota(NamedTuple):
    """How many items one chapter is to give."""

    pairs: int
    questions: int


class WrittenChapter(NamedTuple):
    """A chapter's drafts, how they came about, and the items that were kept."""

    drafts: list[Draft]
    usage: WriterUsage
    kept: Sequence[PairOrQuestion] = ()
    readings: Sequence[ItemReading] = ()  # by the second reader


class JudgedDraft(Protocol):
    """What the gate made of one draft."""

    @property
    def kept(self) -> Sequence[PairOrQuestion]: ...

    @property
    def rejected(self) -> Sequence[Rejection]: ...

    @property
    def exhausted(self) -> bool: ...  # the answer says that its passages hold no more


JudgeDraft = Callable[[Draft], JudgedDraft]  # what it kept is remembered, and kept no second time


def count_with_margin(number: int | str, margin: float) -> int:
    """How many to draft for a requested number; none where a person brings a file of their own."""
    return 0 if isinstance(number, str) else number + math.ceil(number * margin)


def count_letters(passages: Sequence[Passage]) -> int:
    """Letters of the passages that are long enough to draw an item from."""
    counts = (sum(c.isalpha() for c in passage.text) for passage in passages)
    return sum(count for count in counts if count >= MIN_PASSAGE_LETTERS)


def allocate_quotas(
    passages_by_chapter: Mapping[str, list[Passage]], plan: GenerationPlan
) -> dict[str, Quota]:
    """Each chapter's share of the plan's numbers with the margin; the shares sum up exactly."""
    weights = {
        chapter: count_letters(passages) for chapter, passages in passages_by_chapter.items()
    }
    pairs = apportion_total(
        weights, count_with_margin(plan.pairs, plan.margin), MIN_CHAPTER_LETTERS
    )
    questions = apportion_total(
        weights, count_with_margin(plan.questions, plan.margin), MIN_CHAPTER_LETTERS
    )
    return {chapter: Quota(pairs[chapter], questions[chapter]) for chapter in weights}
