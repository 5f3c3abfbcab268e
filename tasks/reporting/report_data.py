"""All that a report tells of, as plain rows."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tasks.schemas.effects.effect_rows import Effects
from tasks.schemas.item_rows import (
    FilterStep,
    ItemReading,
    Pair,
    Passage,
    Question,
    ReaderUsage,
    ReadingSummary,
    Rejection,
    WriterUsage,
)
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import (
    Answer,
    Cause,
    Comparison,
    Finding,
    History,
    ModelDiff,
    Preflight,
    ScreenedQuestion,
    Timing,
    TrainingStep,
)
from tasks.schemas.rows.measure_rows import QuestionMeasure
from tasks.schemas.rows.review_rows import ReviewSummary
from tasks.schemas.sections.apportionment import apportion_total
from tasks.schemas.sections.profiles import tag_language


class WriterTotals(NamedTuple):
    """What the writer of the items was asked for and what it took."""

    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0  # for the answers
    lost_usd: float = 0.0  # set aside for answers that never arrived and may have been charged
    servers: tuple[str, ...] = ()  # who wrote, by address without login or query


class ArtifactLocation(NamedTuple):
    """Where an artifact lies and the digest of its content."""

    path: str
    digest: str


class PowerCurvePoint(NamedTuple):
    """One point of the power curve."""

    difference: float  # true gain, as a share of the questions
    power: float  # how often such a gain is found


class KindCount(NamedTuple):
    """Items of one kind."""

    kind: str  # pair, or the type of a question
    wanted: int | None  # the plan's share; none of a person's own items
    kept: int


class ItemShortfall(NamedTuple):
    """Fewer items than were planned."""

    kind: str  # pair, question
    left: int
    wanted: int
    why: tuple[str, ...]  # how the chapters ended that did not meet their share


@dataclass(frozen=True)
class ReportData:
    """One finished study."""

    plan: StudyPlan
    book_title: str
    book_path: str
    book_digest: str
    passages: Sequence[Passage]
    pairs: Sequence[Pair]
    held_out: Sequence[Pair]
    questions: Mapping[str, Sequence[Question]]
    rejected: Sequence[Rejection]
    funnel: Sequence[FilterStep]
    steps: Sequence[TrainingStep]
    preflight: Preflight | None
    probe: ModelDiff | None
    base: Sequence[Answer]
    tuned: Sequence[Answer]
    comparisons: Sequence[Comparison]
    findings: Sequence[Finding]
    causes: Sequence[Cause]
    next_plan: StudyPlan | None = None
    next_command: str | None = None
    followed: Sequence[str] = ()  # rules whose remedies the next plan holds
    writing: WriterTotals = field(default_factory=WriterTotals)
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Sequence[Timing] = ()
    artifacts: Mapping[str, ArtifactLocation] = field(default_factory=dict)
    power: Sequence[PowerCurvePoint] = ()
    screened: Sequence[ScreenedQuestion] = ()
    measures: Sequence[QuestionMeasure] = ()
    review: ReviewSummary | None = None
    accounts: Sequence[WriterUsage] = ()
    readings: Sequence[ItemReading] = ()
    scan: ReadingSummary | None = None
    adapter: Path | None = None
    machine: Mapping[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)
    effects: Effects = field(default_factory=Effects)
    language: str = ""  # the reader's; none: the book's
    unasked: int = 0  # questions of the primary set on sealed facts; 0 where they are asked, too

    @property
    def reader_language(self) -> str:
        """The language that the study is told in."""
        return self.language or self.plan.language

    @property
    def wording(self) -> str:
        """The tag of the words that it is told in: the reader's language, the plan's profile."""
        return tag_language(self.reader_language, self.plan.generation.profile)

    @property
    def primary_questions(self) -> list[Question]:
        """The questions that the verdict rests on; `all` is all but the taught pairs."""
        name = self.primary.set
        return [
            question
            for key, rows in self.questions.items()
            if key == name or (name == "all" and key != "train")
            for question in rows
        ]

    @property
    def exported_questions(self) -> list[Question]:
        """The questions whose answers are handed on: not the taught pairs, unless the verdict rests
        on them.
        """
        sets = (
            ("train", "same_fact", "new_fact")
            if self.primary.set == "train"
            else ("same_fact", "new_fact")
        )
        return [question for name in sets for question in self.questions.get(name, ())]

    @property
    def primary(self) -> Comparison:
        """The comparison that the plan names; `history` says whether it was fixed before anything
        was scored.
        """
        return next(comparison for comparison in self.comparisons if comparison.primary)

    @property
    def kind_counts(self) -> list[KindCount]:
        """Pairs, and questions by type: planned and kept. The questions of `train` are made from
        the pairs.
        """
        plan = self.plan.generation
        asked = [q for name in ("same_fact", "new_fact") for q in self.questions.get(name, ())]
        kept = Counter(q.kind for q in asked)
        shares: dict[str, float] = dict(plan.kinds.items())
        wanted: dict[str, int | None] = (
            {**apportion_total(shares, plan.questions, sure_from=math.inf)}
            if isinstance(plan.questions, int)
            else dict.fromkeys(shares)
        )
        pairs = len(self.pairs) + len(self.held_out)
        return [
            KindCount("pair", plan.pairs if isinstance(plan.pairs, int) else None, pairs),
            *(
                KindCount(
                    kind,
                    wanted.get(kind, 0 if isinstance(plan.questions, int) else None),
                    kept[kind],
                )
                for kind in dict.fromkeys([*plan.kinds, *kept])
                if wanted.get(kind) or kept[kind]
            ),
        ]

    @property
    def shortfalls(self) -> list[ItemShortfall]:
        """The kinds of items that fell short of the plan's number; of a person's own there is no
        planned number.
        """
        asked = sum(len(self.questions.get(name, ())) for name in ("same_fact", "new_fact"))
        left = {"pair": len(self.pairs) + len(self.held_out), "question": asked}
        planned = {"pair": self.plan.generation.pairs, "question": self.plan.generation.questions}
        return [
            ItemShortfall(kind, left[kind], n, self._list_end_reasons(kind, n))
            for kind, n in planned.items()
            if isinstance(n, int) and left[kind] < n
        ]

    @property
    def reader(self) -> ReaderUsage | None:
        """The second reader of all chapters; none where nobody read for meaning."""
        told = [account.reader for account in self.accounts if account.reader]
        if not told:
            return None
        counted = [name for name in ReaderUsage.model_fields if name != "model"]
        sums = {name: sum(getattr(one, name) for one in told) for name in counted}
        return ReaderUsage(model=told[0].model, **sums)

    def _list_end_reasons(self, kind: str, planned: int) -> tuple[str, ...]:
        if self.plan.generation.writer == "rules":
            came = max((stage.came for stage in self.funnel if stage.kind == kind), default=0)
            return ("exhausted",) if came < planned else ("checks",)
        return tuple(sorted({account.ended[kind] for account in self.accounts} - {"met"})) or (
            "checks",
        )
