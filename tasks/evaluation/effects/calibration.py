"""How far a model's probabilities can be believed: log score, Brier score, and the expected
calibration error over bins of about as many questions each.

A model's probabilities are the four options' shares of likelihood, the mean over rotations. The
calibration error of few questions is above zero even where every probability is true; so that
figure stands beside it.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.schemas.effects.effect_rows import Calibration, ReliabilityBin
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.result_rows import Answer

MOST_BINS, LEAST_IN_BIN = 10, 10
# nats: one key that a model rules out costs no more, else it alone would be the whole log score
LOWEST = 100.0
Floats = NDArray[np.float64]


def calibrate_models(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    mode: AnswerMode,
) -> list[Calibration]:
    """Base and tuned; nothing where one of them has a question without scores."""
    keys = np.array([question.answer - 1 for question in questions])
    before, after = (compute_probabilities(questions, answers, mode) for answers in (base, tuned))
    if before is None or after is None:
        return []
    return [
        measure_calibration("base", before, keys, mode),
        measure_calibration("tuned", after, keys, mode),
    ]


def select_scored_mode(answers: Sequence[Answer], primary: AnswerMode) -> AnswerMode | None:
    """The primary mode; where that has no scores, the first that has."""
    scored = dict.fromkeys(answer.mode for answer in answers if answer.scores is not None)
    return primary if primary in scored else next(iter(scored), None)


def compute_probabilities(
    questions: Sequence[Question], answers: Sequence[Answer], mode: AnswerMode
) -> Floats | None:
    """(questions, 4), each row a sum of 1; None where a question has an answer without scores."""
    rows: dict[str, list[Floats]] = {question.id: [] for question in questions}
    for answer in answers:
        if answer.mode == mode and answer.question_id in rows:
            if answer.scores is None:
                return None
            scores = np.array(answer.scores) - max(answer.scores)
            rows[answer.question_id].append(np.exp(scores) / np.exp(scores).sum())
    if not rows or not all(rows.values()):
        return None
    return np.array([np.mean(given, axis=0) for given in rows.values()])


def measure_calibration(
    who: Literal["base", "tuned"],
    probabilities: Floats,
    keys: NDArray[np.int64],
    mode: AnswerMode,
) -> Calibration:
    """The scores and the bins of one model."""
    n = len(keys)
    chosen = probabilities.argmax(axis=1)
    confidence, right = probabilities[np.arange(n), chosen], chosen == keys
    of_key = np.maximum(probabilities[np.arange(n), keys], math.exp(-LOWEST))
    parts = np.array_split(np.argsort(confidence, kind="stable"), count_bins(n))
    bins = tuple(
        ReliabilityBin(
            n=len(part),
            confidence=float(confidence[part].mean()),
            right=float(right[part].mean()),
        )
        for part in parts
    )
    # of a sum of independent marks around its mean: √(2 / π) standard deviations
    by_chance = [math.sqrt(2 / math.pi * _sum_variances(confidence[part])) for part in parts]
    return Calibration(
        who=who,
        mode=mode,
        n=n,
        log_score=float(-np.log(of_key).mean()),
        brier=float(((probabilities - np.eye(4)[keys]) ** 2).sum(axis=1).mean()),
        ece=sum(one.n * abs(one.right - one.confidence) for one in bins) / n,
        ece_by_chance=sum(by_chance) / n,
        bins=bins,
    )


def count_bins(n: int) -> int:
    """At most ten, of at least ten questions each; one at least."""
    return max(1, min(MOST_BINS, n // LEAST_IN_BIN))


def _sum_variances(confidence: Floats) -> float:
    return float((confidence * (1 - confidence)).sum())
