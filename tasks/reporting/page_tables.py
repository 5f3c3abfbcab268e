"""The report's tables: counts and shares from rows, by pandas."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from tasks.reporting.charts.svg import Point
from tasks.reporting.report_data import ReportData
from tasks.schemas.item_rows import Question, Quote, Rejection
from tasks.schemas.result_rows import Timing, TrainingStep
from tasks.schemas.rows.final_answers import UNRECORDED_ANSWER, FinalAnswer, decide_final_answers
from tasks.schemas.rows.measure_rows import QuestionMeasure
from tasks.schemas.sections.profiles import ITEM_FORMS

MAX_CURVE_POINTS = 400  # points of a curve; more would not be seen
SMOOTHING_PARTS = 12  # at most so many parts of the training in one moving mean


OUTCOME_NAMES = {
    (True, True): "both",
    (True, False): "lost",
    (False, True): "gained",
    (False, False): "neither",
}  # base right, tuned right


class LossCurve(NamedTuple):
    """The loss as it is drawn: (update, nats per target token)."""

    raw: list[Point]
    smooth: list[Point]
    held_out: list[Point]


class AnsweredQuestion(NamedTuple):
    """A question with what both models said."""

    question: Question
    set: str
    outcome: str  # gained, lost, both, neither
    base: int | None
    tuned: int | None
    others: list[tuple[str, int | None, int | None]]  # mode, base, tuned
    screened: str  # what the screening found, "" where there was none


class QuotedPassage(NamedTuple):
    """A passage cut where its quote begins and ends."""

    before: str
    quote: str
    after: str


class StageUsage(NamedTuple):
    """What a stage took, over all its runs."""

    stage: str
    times: int
    cached: int
    seconds: float
    memory_mb: float  # the most


class MeasureLine(NamedTuple):
    """How many questions one solver has right."""

    solver: str
    all: QuestionMeasure | None
    not_diagnosis: QuestionMeasure | None


class RejectionGroup(NamedTuple):
    """The rejections of one check."""

    check: str
    items: int
    rows: list[Rejection]


def build_loss_curve(steps: Sequence[TrainingStep]) -> LossCurve:
    """Thin out a long log by means over equal runs of updates; what is not finite is left out
    (`unfinite` counts it).
    """
    frame = pd.DataFrame(
        [(s.step, s.loss, s.split) for s in steps if math.isfinite(s.loss)],
        columns=["step", "loss", "split"],
    )
    train = frame[frame["split"] == "train"].sort_values("step", kind="stable")
    train = train.groupby(
        pd.RangeIndex(len(train)) // max(1, math.ceil(len(train) / MAX_CURVE_POINTS))
    )[["step", "loss"]].mean()
    smooth = train.assign(
        loss=train["loss"]
        .rolling(max(1, len(train) // SMOOTHING_PARTS), min_periods=1, center=True)
        .mean()
    )
    return LossCurve(
        _list_points(train),
        _list_points(smooth),
        _list_points(frame[frame["split"] == "held_out"].sort_values("step", kind="stable")),
    )


def count_nonfinite(steps: Sequence[TrainingStep]) -> int:
    """How many values of the loss are NaN or infinite."""
    return sum(not math.isfinite(step.loss) for step in steps)


def compute_option_shares(study: ReportData) -> dict[str, list[float]]:
    """Shares of options 1 to 4 and of no answer among the keys and both models' answers, primary
    mode and set.
    """
    asked = study.primary_questions
    chosen: dict[str, list[int | None]] = {"key": [question.answer for question in asked]}
    for name, answers in (("base", study.base), ("tuned", study.tuned)):
        said = decide_final_answers(answers, index_keys(asked))
        chosen[name] = [
            said.get(question.id, {}).get(study.primary.mode, UNRECORDED_ANSWER).predicted
            for question in asked
        ]
    return {
        name: [values.count(option) / max(1, len(values)) for option in (1, 2, 3, 4, None)]
        for name, values in chosen.items()
    }


def list_answered_questions(study: ReportData) -> list[AnsweredQuestion]:
    """Every question of every paper with both models' answers, those of the primary paper first."""
    first = {question.id for question in study.primary_questions}
    every = [(name, question) for name, rows in study.questions.items() for question in rows]
    base, tuned = (
        decide_final_answers(answers, index_keys([q for _, q in every]))
        for answers in (study.base, study.tuned)
    )
    kinds = {row.question_id: row.kind for row in study.screened}
    every.sort(key=lambda pair: pair[1].id not in first)
    return [
        _build_answered_question(
            q,
            name,
            base.get(q.id, {}),
            tuned.get(q.id, {}),
            study.primary.mode,
            kinds.get(q.id, ""),
        )
        for name, q in every
    ]


def index_keys(questions: Iterable[Question]) -> dict[str, int]:
    """The right option by question."""
    return {question.id: question.answer for question in questions}


def count_screening_classes(study: ReportData) -> dict[str, int]:
    """How many questions of each kind the screening found."""
    return dict(Counter(row.kind for row in study.screened).most_common())


def tabulate_measures(study: ReportData) -> list[MeasureLine]:
    """A line for each solver: on all questions, and on those that ask for no diagnosis."""
    by_place = {(row.solver, row.kind): row for row in study.measures}
    solvers = dict.fromkeys(row.solver for row in study.measures)
    return [
        MeasureLine(solver, by_place.get((solver, "all")), by_place.get((solver, "not_diagnosis")))
        for solver in solvers
    ]


def count_unrecorded(study: ReportData) -> int:
    """Questions without a recorded answer of one of the models in the primary mode."""
    mode = study.primary.mode
    answered = [
        {answer.question_id for answer in answers if answer.mode == mode}
        for answers in (study.base, study.tuned)
    ]
    return sum(
        not (q.id in answered[0] and q.id in answered[1])
        for rows in study.questions.values()
        for q in rows
    )


def build_quote_cutter(passages: Mapping[str, str]) -> Callable[[Quote], QuotedPassage | None]:
    """Shows a quote in its passage; none where the passage is not at hand or says something else at
    that place.
    """

    def cut_passage(quote: Quote) -> QuotedPassage | None:
        text = passages.get(quote.passage_id, "")
        found = QuotedPassage(text[: quote.start], text[quote.start : quote.end], text[quote.end :])
        return found if found.quote == quote.text else None

    return cut_passage


def sum_stage_usage(timings: Sequence[Timing]) -> list[StageUsage]:
    """Each stage once, in the order of the first runs."""
    rows: dict[str, list[Timing]] = {}
    for timing in timings:
        rows.setdefault(timing.stage, []).append(timing)
    return [
        StageUsage(
            name,
            len(each),
            sum(t.cached for t in each),
            sum(t.seconds for t in each),
            max(t.memory_mb for t in each),
        )
        for name, each in rows.items()
    ]


def name_fields(raw: str, profile: str) -> str:
    """A refused item; where it was a row, its fields are named as its writer was asked."""
    form = ITEM_FORMS[profile]
    named = raw.replace('"symptom":', f'"{form.text}":')
    return named.replace('"diagnosis":', f'"{form.conclusion}":')


def group_rejections(rejected: Sequence[Rejection]) -> list[RejectionGroup]:
    """Rejections by check, the most frequent first."""
    counts: Counter[str] = Counter()
    rows: dict[str, list[Rejection]] = {}
    for rejection in rejected:
        counts[rejection.check] += rejection.items
        rows.setdefault(rejection.check, []).append(rejection)
    return [RejectionGroup(check, number, rows[check]) for check, number in counts.most_common()]


def _build_answered_question(
    question: Question,
    name: str,
    base: Mapping[str, FinalAnswer],
    tuned: Mapping[str, FinalAnswer],
    mode: str,
    screened: str,
) -> AnsweredQuestion:
    before, after = base.get(mode, UNRECORDED_ANSWER), tuned.get(mode, UNRECORDED_ANSWER)
    outcome = OUTCOME_NAMES[before.is_correct, after.is_correct]
    modes = [other for other in dict.fromkeys([*base, *tuned]) if other != mode]
    others = [
        (
            other,
            base.get(other, UNRECORDED_ANSWER).predicted,
            tuned.get(other, UNRECORDED_ANSWER).predicted,
        )
        for other in modes
    ]
    return AnsweredQuestion(
        question, name, outcome, before.predicted, after.predicted, others, screened
    )


def _list_points(frame: pd.DataFrame) -> list[Point]:
    return [
        (float(step), float(loss)) for step, loss in zip(frame["step"], frame["loss"], strict=True)
    ]
