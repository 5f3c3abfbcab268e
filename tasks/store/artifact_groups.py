"""The groups of handles that travel between stages and flows."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import ClassVar, Self

from tasks.schemas.effects.effect_rows import Effects
from tasks.schemas.item_rows import (
    Draft,
    FilterStep,
    ItemReading,
    Page,
    Pair,
    Passage,
    Question,
    ReadingSummary,
    Rejection,
    SetName,
    WriterUsage,
)
from tasks.schemas.messages import Message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import History, ModelDiff, Preflight, Timings
from tasks.schemas.rows.review_rows import ReviewedItem
from tasks.store.artifact_folders import Adapter, Checkpoint
from tasks.store.artifacts import (
    Answers,
    Book,
    Causes,
    Comparisons,
    Drafts,
    FilterSteps,
    Findings,
    Handle,
    ItemReadings,
    Pages,
    Pairs,
    Passages,
    QuestionMeasures,
    Questions,
    Rejections,
    ReviewedItems,
    Screenings,
    TrainingSteps,
)


class BookText(Handle):
    """The book as it was read: its pages, and its passages with one table a chapter."""

    excluded_from_key: ClassVar[frozenset[str]] = frozenset({"scan"})
    chapters: list[Passages]
    pages: Pages
    scan: ReadingSummary | None = None

    @classmethod
    def save_tables(
        cls, passages: Iterable[Passage], pages: Iterable[Page], scan: ReadingSummary | None = None
    ) -> Self:
        """Keep neighbouring passages of one chapter together."""
        chapters = [
            Passages.save_rows(list(rows), label=title)
            for title, rows in groupby(passages, lambda passage: passage.chapter)
        ]
        return cls(chapters=chapters, pages=Pages.save_rows(pages), scan=scan)

    def load_passages(self) -> list[Passage]:
        return [passage for chapter in self.chapters for passage in chapter.load_rows()]


class QuestionSets(Handle):
    """The three papers that base and tuned model sit."""

    train: Questions
    same_fact: Questions
    new_fact: Questions

    def load_sets(self) -> dict[str, list[Question]]:
        """The questions by set."""
        return {
            "train": self.train.load_rows(),
            "same_fact": self.same_fact.load_rows(),
            "new_fact": self.new_fact.load_rows(),
        }

    @classmethod
    def save_sets(cls, questions: Mapping[str, Iterable[Question]]) -> Self:
        """From the questions by set."""
        return cls(**{name: Questions.save_rows(rows) for name, rows in questions.items()})

    @property
    def digest(self) -> str:
        """Of all three papers."""
        return "-".join((self.train.digest, self.same_fact.digest, self.new_fact.digest))

    def asked(self, name: SetName) -> list[Question]:
        """The questions of a set; `all`: of those that are not the taught pairs."""
        papers = self.load_sets()
        return [*papers["same_fact"], *papers["new_fact"]] if name == "all" else papers[name]

    def list_questions(self) -> list[Question]:
        """All questions, one after the other."""
        return [question for questions in self.load_sets().values() for question in questions]


class SelectionSplit(Handle):
    """The questions of a sweep that choose the setting, and those that decide on it; no fact is in
    both.
    """

    choose: QuestionSets
    final: QuestionSets


class CheckedItems(Handle):
    """What the gate let through, what it stopped, and the count of both."""

    pairs: Pairs
    held_out: Pairs
    sitting: QuestionSets
    rejected: Rejections
    funnel: FilterSteps
    reviewed: ReviewedItems
    unasked: QuestionSets | None = None  # on sealed facts; where those are asked, on the others

    def count_items(self) -> tuple[int, int]:
        """How many pairs and questions there are; the questions of `train` are made from
        the pairs.
        """
        papers = [self.sitting, *([self.unasked] if self.unasked else [])]
        questions = sum(paper.same_fact.count + paper.new_fact.count for paper in papers)
        return self.pairs.count + self.held_out.count, questions

    @classmethod
    def save_tables(
        cls,
        pairs: list[Pair],
        held_out: list[Pair],
        train: list[Question],
        same_fact: list[Question],
        *,
        new_fact: list[Question],
        rejected: list[Rejection],
        funnel: list[FilterStep],
        reviewed: Iterable[ReviewedItem] = (),
    ) -> Self:
        sitting = QuestionSets.save_sets(
            {"train": train, "same_fact": same_fact, "new_fact": new_fact}
        )
        return cls(
            pairs=Pairs.save_rows(pairs),
            held_out=Pairs.save_rows(held_out),
            sitting=sitting,
            rejected=Rejections.save_rows(rejected),
            funnel=FilterSteps.save_rows(funnel),
            reviewed=ReviewedItems.save_rows(reviewed),
        )


class ChapterItems(Handle):
    """What the checks on single items let through of one chapter, what they stopped, and the count
    of both.
    """

    pairs: Pairs
    questions: Questions
    rejected: Rejections
    funnel: FilterSteps
    names_facts: bool  # whether its writer gives equal facts equal names

    @classmethod
    def save_tables(
        cls,
        kept: Sequence[Pair | Question],
        rejected: Iterable[Rejection],
        funnel: Iterable[FilterStep],
        names_facts: bool,
    ) -> Self:
        return cls(
            pairs=Pairs.save_rows(row for row in kept if isinstance(row, Pair)),
            questions=Questions.save_rows(row for row in kept if isinstance(row, Question)),
            rejected=Rejections.save_rows(rejected),
            funnel=FilterSteps.save_rows(funnel),
            names_facts=names_facts,
        )

    def load_kept(self) -> list[Pair | Question]:
        return [*self.pairs.load_rows(), *self.questions.load_rows()]


class ChapterDrafts(Handle):
    """One chapter's drafts as they came, the items in them, and the account of the server that
    wrote them; none for rules. ItemReadings where somebody read the items for their meaning.
    """

    excluded_from_key: ClassVar[frozenset[str]] = frozenset({"account", "readings"})
    drafts: Drafts
    items: ChapterItems
    account: WriterUsage | None = None
    readings: ItemReadings | None = None

    @classmethod
    def save_tables(
        cls,
        drafts: Iterable[Draft],
        readings: Sequence[ItemReading],
        items: ChapterItems,
        account: WriterUsage | None,
        earlier: Self | None,
    ) -> Self:
        """The readings go on from those of an earlier call; the drafts hold its drafts already."""
        before = earlier.readings.load_rows() if earlier and earlier.readings else []
        rows = [*before, *readings]
        table = ItemReadings.save_rows(rows) if rows else None
        return cls(drafts=Drafts.save_rows(drafts), items=items, account=account, readings=table)

    def mark_stopped(self, wanted: Iterable[int]) -> Self:
        """The same, told to have been stopped by the server where more pairs or questions were
        wanted of it.
        """
        if self.account is None:
            return self
        kinds = [
            kind
            for kind, number in zip(("pair", "question"), wanted, strict=True)
            if number > self.account.kept[kind]
        ]
        ended = self.account.ended | dict.fromkeys(kinds, "stopped")
        return self.model_copy(update={"account": self.account.model_copy(update={"ended": ended})})


class Diagnosis(Handle):
    """The findings, ranked, and the exercise's four causes answered."""

    findings: Findings
    causes: Causes


class StudyDataset(Handle):
    """From the book to checked items."""

    text: BookText
    drafts: list[ChapterDrafts]
    splits: CheckedItems


class TrainedAdapter(Handle):
    """The adapter and how its training went."""

    adapter: Adapter
    log: TrainingSteps
    preflight: Preflight


class AidedAnswers(Handle):
    """What a model answered to the primary questions with something put before them."""

    answers: Answers
    shown: int  # passages, or solved questions, at most so many before each
    cut: int  # questions whose aid did not fit the model's window whole
    unmatched: int = 0  # questions that no passage shares a word with
    known: int = 0  # questions whose own passage is known
    found: int = 0  # of them, those that were shown it


class SideAnswers(Handle):
    """What one model answered beside the study's papers, as far as the plan asks for it."""

    everyday: Answers | None = None  # to the language's everyday questions
    with_passages: AidedAnswers | None = None
    with_examples: AidedAnswers | None = None  # the base alone


class StudyAnswers(Handle):
    """All that base and tuned models answered; of the tuned ones by seed, the study's own first."""

    base: Answers
    tuned: list[Answers]
    base_aside: SideAnswers
    tuned_aside: list[SideAnswers]


class TuningResult(Handle):
    """What the part that wants a GPU brings home."""

    checkpoint: Checkpoint
    tuning: TrainedAdapter
    base: Answers
    tuned: Answers
    probe: ModelDiff
    screened: Screenings | None = None
    further: list[Answers] = []  # of models tuned with the plan's further seeds
    base_aside: SideAnswers = SideAnswers()
    tuned_aside: list[SideAnswers] = []  # by seed, the study's own first

    @property
    def answers(self) -> StudyAnswers:
        return StudyAnswers(
            base=self.base,
            tuned=[self.tuned, *self.further],
            base_aside=self.base_aside,
            tuned_aside=self.tuned_aside,
        )


class TrialOutcome(Handle):
    """One setting of a sweep, tuned and examined; or why its tuning failed."""

    excluded_from_key: ClassVar[frozenset[str]] = frozenset({"checkpoint"})
    checkpoint: str = ""  # digest of the base model
    tuning: TrainedAdapter | None = None
    base: Answers | None = None
    tuned: Answers | None = None
    failed: tuple[Message, ...] = ()


class StudyResults(Handle):
    """A finished study: what was asked for, and what each stage made of it."""

    plan: StudyPlan
    book: Book
    prepared: StudyDataset
    outcome: TuningResult
    comparisons: Comparisons
    measures: QuestionMeasures
    why: Diagnosis
    history: History
    effects: Effects = Effects()
    timings: Timings = Timings()
    language: str  # the reader's
