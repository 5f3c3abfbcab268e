"""The report's tables: counts and shares from rows, by pandas."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from tasks.records import Answer, Question, Rejection, Step
from tasks.reporting.facts import StudyFacts
from tasks.reporting.svg import Point

DRAWN = 400  # points of a curve; more would not be seen
WINDOW = 12  # at most so many parts of the training in one moving mean


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
    smooth = train.assign(loss=train["loss"].rolling(max(1, len(train) // WINDOW), min_periods=1).mean())
    return Curve(_points(train), _points(smooth), _points(frame[frame["split"] == "held_out"].sort_values("step", kind="stable")))


def unfinite(steps: Sequence[Step]) -> int:
    """How many values of the loss are NaN or infinite."""
    return sum(not math.isfinite(step.loss) for step in steps)


def shares(study: StudyFacts) -> dict[str, list[float]]:
    """Shares of options 1 to 4 and of no answer among the keys and both models' answers, primary mode and set."""
    keys = {question.id: question.answer for question in primary_questions(study)}
    chosen: dict[str, list[int | None]] = {"key": list(keys.values())}
    for name, answers in (("base", study.base), ("tuned", study.tuned)):
        chosen[name] = [a.predicted for a in answers if a.mode == study.primary.mode and a.question_id in keys]
    return {name: [values.count(option) / max(1, len(values)) for option in (1, 2, 3, 4, None)] for name, values in chosen.items()}


def primary_questions(study: StudyFacts) -> list[Question]:
    """The questions that the verdict rests on."""
    name = study.primary.set
    return [q for key, rows in study.questions.items() if name in (key, "all") for q in rows]


def items(study: StudyFacts) -> list[Item]:
    """Every question of every paper with both models' answers, the options in their own order; primary set first."""
    base, tuned = by_question(study.base), by_question(study.tuned)
    first = study.primary.set
    names = sorted(study.questions, key=lambda name: name != first)
    return [_item(question, name, base.get(question.id, {}), tuned.get(question.id, {}), study.primary.mode) for name in names for question in study.questions[name]]


def by_question(answers: Sequence[Answer]) -> dict[str, dict[str, Answer]]:
    """The unrotated answers by question and mode."""
    found: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        if answer.rotation == 0:
            found.setdefault(answer.question_id, {})[answer.mode] = answer
    return found


def unrecorded(study: StudyFacts) -> int:
    """Questions without a recorded answer of one of the models in the primary mode."""
    base, tuned = by_question(study.base), by_question(study.tuned)
    mode = study.primary.mode
    return sum(mode not in base.get(q.id, {}) or mode not in tuned.get(q.id, {}) for rows in study.questions.values() for q in rows)


def fallen(rejected: Sequence[Rejection]) -> list[Fallen]:
    """Rejections by check, the most frequent first."""
    counts: Counter[str] = Counter()
    rows: dict[str, list[Rejection]] = {}
    for rejection in rejected:
        counts[rejection.check] += rejection.items
        rows.setdefault(rejection.check, []).append(rejection)
    return [Fallen(check, number, rows[check]) for check, number in counts.most_common()]


def _item(question: Question, name: str, base: Mapping[str, Answer], tuned: Mapping[str, Answer], mode: str) -> Item:
    before, after = base.get(mode), tuned.get(mode)
    right = (before is not None and before.is_correct, after is not None and after.is_correct)
    outcome = {(True, True): "both", (True, False): "lost", (False, True): "gained", (False, False): "neither"}[right]
    others = [(other, _said(base.get(other)), _said(tuned.get(other))) for other in base | tuned if other != mode]
    return Item(question, name, outcome, _said(before), _said(after), others)


def _said(answer: Answer | None) -> int | None:
    return answer.predicted if answer else None


def _points(frame: pd.DataFrame) -> list[Point]:
    return [(float(step), float(loss)) for step, loss in zip(frame["step"], frame["loss"], strict=True)]
