"""The report's tables: counts and shares from rows, by pandas."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from tasks.records import Question, Quote, Rejection
from tasks.reporting.facts import StudyFacts
from tasks.reporting.settled import UNRECORDED, Said, settled
from tasks.reporting.svg import Point
from tasks.results import Step
from tasks.schemas.timings import Timing

DRAWN = 400  # points of a curve; more would not be seen
WINDOW = 12  # at most so many parts of the training in one moving mean


OUTCOMES = {(True, True): "both", (True, False): "lost", (False, True): "gained", (False, False): "neither"}  # base right, tuned right


class Curve(NamedTuple):
    """The loss as it is drawn: (update, nats per target token)."""

    raw: list[Point]
    smooth: list[Point]
    held_out: list[Point]


class Item(NamedTuple):
    """A question with what both models said."""

    question: Question
    set: str
    outcome: str  # gained, lost, both, neither
    base: int | None
    tuned: int | None
    others: list[tuple[str, int | None, int | None]]  # mode, base, tuned
    screened: str  # what the screening found, "" where there was none


class Cut(NamedTuple):
    """A passage cut where its quote begins and ends."""

    before: str
    quote: str
    after: str


class Spent(NamedTuple):
    """What a stage took, over all its runs."""

    stage: str
    times: int
    cached: int
    seconds: float
    memory_mb: float  # the most


class Fallen(NamedTuple):
    """The rejections of one check."""

    check: str
    items: int
    rows: list[Rejection]


def curve(steps: Sequence[Step]) -> Curve:
    """Thin out a long log by means over equal runs of updates; what is not finite is left out (`unfinite` counts it)."""
    frame = pd.DataFrame([(s.step, s.loss, s.split) for s in steps if math.isfinite(s.loss)], columns=["step", "loss", "split"])
    train = frame[frame["split"] == "train"].sort_values("step", kind="stable")
    train = train.groupby(pd.RangeIndex(len(train)) // max(1, math.ceil(len(train) / DRAWN)))[["step", "loss"]].mean()
    smooth = train.assign(loss=train["loss"].rolling(max(1, len(train) // WINDOW), min_periods=1, center=True).mean())
    return Curve(_points(train), _points(smooth), _points(frame[frame["split"] == "held_out"].sort_values("step", kind="stable")))


def unfinite(steps: Sequence[Step]) -> int:
    """How many values of the loss are NaN or infinite."""
    return sum(not math.isfinite(step.loss) for step in steps)


def shares(study: StudyFacts) -> dict[str, list[float]]:
    """Shares of options 1 to 4 and of no answer among the keys and both models' answers, primary mode and set."""
    asked = study.primary_questions
    chosen: dict[str, list[int | None]] = {"key": [question.answer for question in asked]}
    for name, answers in (("base", study.base), ("tuned", study.tuned)):
        said = settled(answers, keys(asked))
        chosen[name] = [said.get(question.id, {}).get(study.primary.mode, UNRECORDED).predicted for question in asked]
    return {name: [values.count(option) / max(1, len(values)) for option in (1, 2, 3, 4, None)] for name, values in chosen.items()}


def items(study: StudyFacts) -> list[Item]:
    """Every question of every paper with both models' answers, those of the primary paper first."""
    first = {question.id for question in study.primary_questions}
    every = [(name, question) for name, rows in study.questions.items() for question in rows]
    base, tuned = (settled(answers, keys([q for _, q in every])) for answers in (study.base, study.tuned))
    kinds = {row.question_id: row.kind for row in study.screened}
    every.sort(key=lambda pair: pair[1].id not in first)
    return [_item(q, name, base.get(q.id, {}), tuned.get(q.id, {}), study.primary.mode, kinds.get(q.id, "")) for name, q in every]


def keys(questions: Iterable[Question]) -> dict[str, int]:
    """The right option by question."""
    return {question.id: question.answer for question in questions}


def screening(study: StudyFacts) -> dict[str, int]:
    """How many questions of each kind the screening found."""
    return dict(Counter(row.kind for row in study.screened).most_common())


def unrecorded(study: StudyFacts) -> int:
    """Questions without a recorded answer of one of the models in the primary mode."""
    mode = study.primary.mode
    answered = [{answer.question_id for answer in answers if answer.mode == mode} for answers in (study.base, study.tuned)]
    return sum(not (q.id in answered[0] and q.id in answered[1]) for rows in study.questions.values() for q in rows)


def cut(passages: Mapping[str, str]) -> Callable[[Quote], Cut | None]:
    """Shows a quote in its passage; none where the passage is not at hand or says something else at that place."""

    def cut_passage(quote: Quote) -> Cut | None:
        text = passages.get(quote.passage_id, "")
        found = Cut(text[: quote.start], text[quote.start : quote.end], text[quote.end :])
        return found if found.quote == quote.text else None

    return cut_passage


def spent(timings: Sequence[Timing]) -> list[Spent]:
    """Each stage once, in the order of the first runs."""
    rows: dict[str, list[Timing]] = {}
    for timing in timings:
        rows.setdefault(timing.stage, []).append(timing)
    return [
        Spent(name, len(each), sum(t.cached for t in each), sum(t.seconds for t in each), max(t.memory_mb for t in each))
        for name, each in rows.items()
    ]


def fallen(rejected: Sequence[Rejection]) -> list[Fallen]:
    """Rejections by check, the most frequent first."""
    counts: Counter[str] = Counter()
    rows: dict[str, list[Rejection]] = {}
    for rejection in rejected:
        counts[rejection.check] += rejection.items
        rows.setdefault(rejection.check, []).append(rejection)
    return [Fallen(check, number, rows[check]) for check, number in counts.most_common()]


def _item(question: Question, name: str, base: Mapping[str, Said], tuned: Mapping[str, Said], mode: str, screened: str) -> Item:
    before, after = base.get(mode, UNRECORDED), tuned.get(mode, UNRECORDED)
    outcome = OUTCOMES[before.is_correct, after.is_correct]
    modes = [other for other in dict.fromkeys([*base, *tuned]) if other != mode]
    others = [(other, base.get(other, UNRECORDED).predicted, tuned.get(other, UNRECORDED).predicted) for other in modes]
    return Item(question, name, outcome, before.predicted, after.predicted, others, screened)


def _points(frame: pd.DataFrame) -> list[Point]:
    return [(float(step), float(loss)) for step, loss in zip(frame["step"], frame["loss"], strict=True)]
