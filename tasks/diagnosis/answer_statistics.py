"""What the answers themselves show: a gain that familiar names cannot explain, and keys that are
off by a place.

**Beyond names.** A model that merely prefers names that it was taught gains where keys are taught
and distractors are not. Among options that were *all* taught that preference has no say. So both
models choose among the taught options alone, by their scores, and what is gained there is learning.
Asked are the questions whose key and at least one more option were taught.

**Key offset.** Where a person's file counts options from another place than we read it, a model
that knows the answers agrees with one and the same place beside the key.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tasks.language import text
from tasks.schemas.item_rows import AnswerMode, Pair, Question
from tasks.schemas.result_rows import Answer, Interval
from tasks.schemas.rows.measure_rows import KeyOffset

Scores = NDArray[np.float64]


def estimate_mean_by_fact(values: Sequence[float], facts: Sequence[str]) -> Interval | None:
    """The mean with its 95 % t interval, facts as the units (ratio estimator with n / (n - 1),
    Cochran, Sampling Techniques, 1977, 6.4); none of fewer than three facts.
    """
    names, unit = np.unique(np.asarray(facts), return_inverse=True)
    if len(names) < 3:
        return None
    mean = float(np.mean(values))
    rests = np.bincount(unit, np.asarray(values) - mean)
    error = math.sqrt(float(rests @ rests) * len(names) / (len(names) - 1)) / len(values)
    reach = float(stdtrit(len(names) - 1, 0.975)) * error
    return Interval(value=mean, low=mean - reach, high=mean + reach)


def estimate_gain_beyond_names(
    pairs: Iterable[Pair],
    asked: Sequence[Question],
    base: Iterable[Answer],
    tuned: Iterable[Answer],
    mode: AnswerMode,
) -> Interval | None:
    """What was gained among the taught options alone; none where the mode keeps no scores, or too
    few facts have a question with its key and another option taught.
    """
    taught = {text.fold_text(pair.diagnosis).strip() for pair in pairs}
    before, after = _average_scores(base, mode), _average_scores(tuned, mode)
    gains, facts = [], []
    for question in asked:
        known = np.array([text.fold_text(o).strip() in taught for o in question.options])
        if not known[question.answer - 1] or known.sum() < 2 or question.id not in before:
            continue
        right = [
            int(np.where(known, scores[question.id], -np.inf).argmax()) == question.answer - 1
            for scores in (before, after)
        ]
        gains.append(float(right[1]) - right[0])
        facts.append(question.fact or f"\0{question.id}")
    return estimate_mean_by_fact(gains, facts) if gains else None


def find_key_offset(
    asked: Sequence[Question], answers: Iterable[Answer], mode: AnswerMode
) -> KeyOffset | None:
    """The place beside the key that most answers are at; none where nothing legible was said."""
    keys = {question.id: question for question in asked}
    rows = [a for a in answers if a.mode == mode and a.predicted and a.question_id in keys]
    if not rows:
        return None
    said = np.array([(row.predicted or 0) - 1 for row in rows])
    key = np.array([keys[row.question_id].answer - 1 for row in rows])
    beyond = (said - key) % 4
    places = max((1, 2, 3), key=lambda k: int((beyond == k).sum()))
    facts = [keys[row.question_id].fact or f"\0{row.question_id}" for row in rows]
    agreed = estimate_mean_by_fact((beyond == places).astype(float).tolist(), facts)
    if agreed is None:
        return None
    shares = [np.bincount(values, minlength=4) / len(rows) for values in (said, key)]
    return KeyOffset(
        places=places,
        n=len({row.question_id for row in rows}),
        agreed=agreed.value,
        low=agreed.low,
        on_key=float((beyond == 0).mean()),
        by_places=float(shares[0] @ np.roll(shares[1], places)),
    )


def _average_scores(answers: Iterable[Answer], mode: AnswerMode) -> Mapping[str, Scores]:
    """Each question's scores, the mean over the rotations."""
    found: dict[str, list[Scores]] = {}
    for answer in answers:
        if answer.mode == mode and answer.scores is not None:
            found.setdefault(answer.question_id, []).append(np.array(answer.scores))
    return {name: np.mean(rows, axis=0) for name, rows in found.items()}
