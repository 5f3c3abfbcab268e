"""All that the rules may know, as plain numbers: gathered once from the rows of a study, then
judged without them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from tasks.diagnosis import item_statistics
from tasks.diagnosis.answer_statistics import estimate_gain_beyond_names, find_key_offset
from tasks.diagnosis.loss_curve import summarize_training
from tasks.diagnosis.pair_alignment import measure_pair_alignment
from tasks.language.book_profile import NOTHING_SEEN, BookLook, look_at_book
from tasks.schemas.effects.effect_rows import Harm
from tasks.schemas.item_rows import (
    AnswerMode,
    FilterStep,
    Pair,
    Question,
    Rejection,
    SetName,
    StoredRow,
)
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import (
    Answer,
    Comparison,
    Interval,
    ModelDiff,
    Preflight,
    ScreenedQuestion,
    TrainingStep,
)
from tasks.schemas.rows.measure_rows import KeyOffset, PairAlignment, QuestionMeasure
from tasks.store.artifact_groups import BookText, CheckedItems, TuningResult
from tasks.store.artifacts import Comparisons

LEAK_NGRAM = 8  # words in a row that make a leak, whatever the plan's own gate lets through


class Evidence(StoredRow):
    """What is known of a study after its comparison."""

    plan: StudyPlan = Field(description="what was asked for; remedies are changes of it")
    comparisons: tuple[Comparison, ...] = Field(description="the primary one first")
    preflight: Preflight
    probe: ModelDiff
    updates: int = Field(description="optimizer updates that were made")
    loss_first: float | None = Field(
        default=None,
        description="training loss at the beginning, nats per target token; mean of a few updates",
    )
    loss_last: float | None = Field(
        default=None,
        description="training loss at the end, nats per target token; mean of a few updates",
    )
    loss_error: float = Field(
        default=0.0,
        description="standard error of loss_last less loss_first, from the jumps between updates",
    )
    loss_broken: bool = Field(default=False, description="a loss was not a number")
    held_out: tuple[float, ...] = Field(
        default=(),
        description="held-out losses in the order they were measured, nats per target token",
    )
    pairs: int = Field(description="training pairs after validation")
    facts: int = Field(description="different facts among the training pairs")
    diagnoses: int = Field(description="different diagnoses among the training pairs")
    top_diagnosis: float = Field(
        description="share of the training pairs that have the commonest diagnosis"
    )
    distinct: float = Field(
        description="different training texts, numbers left aside, as a share of all"
    )
    vignette_words: float = Field(description="mean number of words of a vignette")
    coverage: float = Field(
        description=(
            "share of the primary set's questions whose fact, or keyed option, is in the training"
            " pairs"
        )
    )
    familiar: float = Field(
        description=(
            "expected share right if a model only prefers options whose name it was taught, primary"
            " set; chance 0.25"
        )
    )
    leaked: int = Field(
        description=(
            "questions outside `train` that share LEAK_RUN words in a row with a training text"
        )
    )
    leaked_share: float = Field(description="the same as a share")
    shared_facts: int = Field(
        description=(
            "questions of `new_fact` whose fact is among the training pairs: the split is broken"
        )
    )
    drafted_pairs: int = Field(default=0, description="pairs that the writer delivered")
    drafted_questions: int = Field(default=0, description="questions that the writer delivered")
    rejected: dict[str, int] = Field(default_factory=dict, description="items stopped, by check")
    questions: int = Field(default=0, description="questions outside `train` that were asked")
    rejected_questions: dict[str, int] = Field(
        default_factory=dict, description="of the items stopped, the questions, by check"
    )
    longest_is_key: float = Field(
        description=(
            "share of the primary set's questions whose longest option is the key; chance 0.25"
        )
    )
    top_key: float = Field(
        description="share of the commonest key number in the primary set; chance 0.25"
    )
    favourite_base: float = Field(
        description=(
            "share of its answers that the base model gives to its favourite place, primary set and"
            " mode"
        )
    )
    favourite_tuned: float = Field(description="the same, tuned")
    fitting_profile: str = Field(
        default="", description="what the book's own words say it is; empty: they do not tell"
    )
    medical_rate: float = Field(
        default=0.0, description="words of the book that speak of diseases, in 1,000"
    )
    screening: dict[str, float] = Field(
        default_factory=dict,
        description="share of the primary set's questions of each kind, where they were screened",
    )
    measures: tuple[QuestionMeasure, ...] = Field(
        default=(), description="what solves the primary set's questions without knowledge"
    )
    beyond_names: Interval | None = Field(
        default=None,
        description=(
            "gain among the taught options alone, primary set and mode; none: it cannot be measured"
        ),
    )
    key_offset: KeyOffset | None = Field(
        default=None,
        description="where else than at the key the tuned answers are; none: no answers",
    )
    alignment: PairAlignment | None = Field(
        default=None, description="whether the conclusions belong to their situations; none: no two"
    )
    harms: tuple[Harm, ...] = Field(
        default=(), description="what the tuning cost on questions that the verdict is not about"
    )

    @property
    def primary(self) -> Comparison:
        return self.comparisons[0]

    @property
    def is_improved(self) -> bool:
        return self.primary.verdict == "improved"

    @property
    def is_tiny_control(self) -> bool:
        """The tiny base model knows nothing but the book, so it has nothing else to lose."""
        return self.plan.base.model == "tiny"

    @property
    def has_more_pairs(self) -> bool:
        """Whether asking for more pairs can bring more: rules that gave fewer than were asked for
        have no more. A model may have ended for want of money or of its server.
        """
        return self._can_give_more(self.plan.generation.pairs, self.drafted_pairs)

    @property
    def has_more_questions(self) -> bool:
        """The same of questions."""
        return self._can_give_more(self.plan.generation.questions, self.drafted_questions)

    @property
    def has_written_questions(self) -> bool:
        """Whether the questions were asked for, not brought by a person."""
        return isinstance(self.plan.generation.questions, int)

    def _can_give_more(self, asked: int | str, drafted: int) -> bool:
        if self.plan.generation.writer != "rules" or not isinstance(asked, int):
            return True
        return not 0 < drafted < asked

    @property
    def likelihood_gain(self) -> float:
        """How much likelier the taught diagnoses became, nats per token."""
        return self.probe.taught_after - self.probe.taught_before

    def select_comparisons(self, name: SetName, *modes: AnswerMode) -> list[Comparison]:
        """The comparisons of a set, in these modes or in all."""
        return [
            row for row in self.comparisons if row.set == name and (not modes or row.mode in modes)
        ]


def replace_nonfinite(loss: float | None) -> float | None:
    """JSON knows no NaN."""
    return loss if loss is not None and math.isfinite(loss) else None


def load_evidence(
    splits: CheckedItems,
    outcome: TuningResult,
    comparisons: Comparisons,
    plan: StudyPlan,
    screened: Iterable[ScreenedQuestion] = (),
    text: BookText | None = None,
    *,
    measures: Iterable[QuestionMeasure] = (),
    harms: Iterable[Harm] = (),
) -> Evidence:
    """Load the rows of a study and gather what they say."""
    return gather_evidence(
        splits.pairs.load_rows(),
        splits.held_out.load_rows(),
        splits.sitting.load_sets(),
        splits.rejected.load_rows(),
        funnel=splits.funnel.load_rows(),
        steps=outcome.tuning.log.load_rows(),
        preflight=outcome.tuning.preflight,
        probe=outcome.probe,
        base=outcome.base.load_rows(),
        tuned=outcome.tuned.load_rows(),
        comparisons=comparisons.load_rows(),
        plan=plan,
        screened=screened,
        look=look_at_book((p.text for p in text.load_passages()), plan.language)
        if text
        else NOTHING_SEEN,
        measures=measures,
        harms=harms,
    )


def gather_evidence(
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    questions: Mapping[str, Sequence[Question]],
    rejected: Iterable[Rejection],
    *,
    funnel: Iterable[FilterStep],
    steps: Sequence[TrainingStep],
    preflight: Preflight,
    probe: ModelDiff,
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    comparisons: Sequence[Comparison],
    plan: StudyPlan,
    screened: Iterable[ScreenedQuestion] = (),
    look: BookLook = NOTHING_SEEN,
    measures: Iterable[QuestionMeasure] = (),
    harms: Iterable[Harm] = (),
) -> Evidence:
    """Measure everything that a rule may ask for; `pairs` are those trained on, without the
    held-out ones.
    """
    primary = comparisons[0]
    asked = select_questions(questions, primary.set)
    unseen = select_questions(questions, "all")
    rejected = list(rejected)
    leaked = item_statistics.find_leaked_questions(pairs, unseen, LEAK_NGRAM)
    return Evidence(
        plan=plan,
        comparisons=tuple(comparisons),
        preflight=preflight,
        probe=probe,
        **summarize_training(steps, preflight),
        **item_statistics.describe_pairs(pairs),
        coverage=item_statistics.compute_coverage(pairs, asked),
        familiar=item_statistics.compute_familiar_rate(pairs, asked),
        leaked=len(leaked),
        leaked_share=len(leaked) / max(1, len(unseen)),
        shared_facts=item_statistics.count_shared_facts(pairs, questions.get("new_fact", ())),
        **_count_drafted(
            funnel, len(pairs) + len(held_out), len(unseen) + len(questions.get("train", ()))
        ),
        rejected=_count_rejected(rejected),
        questions=len(unseen),
        rejected_questions=_count_rejected(row for row in rejected if row.kind == "question"),
        longest_is_key=item_statistics.compute_longest_is_key_share(asked),
        top_key=item_statistics.compute_top_share([q.answer for q in asked]),
        favourite_base=_compute_favourite_share(base, asked, primary.mode),
        favourite_tuned=_compute_favourite_share(tuned, asked, primary.mode),
        fitting_profile=look.profile,
        medical_rate=look.medical_rate,
        screening=_summarize_screening(screened, asked),
        measures=tuple(measures),
        beyond_names=estimate_gain_beyond_names(pairs, asked, base, tuned, primary.mode),
        key_offset=find_key_offset(asked, tuned, primary.mode),
        alignment=measure_pair_alignment(pairs),
        harms=tuple(harms),
    )


def select_questions(questions: Mapping[str, Sequence[Question]], name: SetName) -> list[Question]:
    """The questions of a set; `all` is same_fact and new_fact."""
    sets = ("same_fact", "new_fact") if name == "all" else (name,)
    return [question for part in sets for question in questions.get(part, ())]


def _count_rejected(rows: Iterable[Rejection]) -> dict[str, int]:
    """Items by the check that stopped them."""
    return dict(sum((Counter({row.check: row.items}) for row in rows), Counter()))


def _count_drafted(funnel: Iterable[FilterStep], pairs: int, questions: int) -> dict[str, int]:
    """What the writer delivered: the largest count that came into a step."""
    came = {"pair": pairs, "question": questions}
    for stage in funnel:
        came[stage.kind] = max(came[stage.kind], stage.came)
    return {"drafted_pairs": came["pair"], "drafted_questions": came["question"]}


def _summarize_screening(
    screened: Iterable[ScreenedQuestion], asked: Iterable[Question]
) -> dict[str, float]:
    """What the base model scored in each form, and the share of the questions of each kind."""
    ids = {question.id for question in asked}
    rows = [row for row in screened if row.question_id in ids]
    opened = [row.opened / row.asked for row in rows if row.opened is not None]
    scores = {
        "blind": [row.blind / row.asked for row in rows],
        "closed": [row.closed / row.asked for row in rows],
        "opened": opened,
    }
    kinds = {kind: count / len(rows) for kind, count in Counter(row.kind for row in rows).items()}
    return {name: sum(values) / len(values) for name, values in scores.items() if values} | kinds


def _compute_favourite_share(
    answers: Iterable[Answer], asked: Iterable[Question], mode: AnswerMode
) -> float:
    """Share of the legible answers that go to the commonest place, as the options were shown."""
    ids = {question.id for question in asked}
    rows = [row for row in answers if row.mode == mode and row.question_id in ids and row.predicted]
    return item_statistics.compute_top_share(
        [((row.predicted or 0) - 1 - row.rotation) % 4 for row in rows]
    )
