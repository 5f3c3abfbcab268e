"""One answer of a model to each question, as the verdict counts it: over several rotations the best
mean score, else the most named.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tasks.schemas.result_rows import Answer


class FinalAnswer(NamedTuple):
    """What a model says to a question in one mode, all rotations taken together."""

    predicted: int | None
    is_correct: bool


UNRECORDED_ANSWER = FinalAnswer(None, False)  # counts as wrong, and is counted


def decide_final_answers(
    answers: Sequence[Answer], keys: Mapping[str, int]
) -> dict[str, dict[str, FinalAnswer]]:
    """By question and mode; answers to questions without a key here are left aside."""
    rows: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.question_id in keys:
            rows.setdefault((answer.question_id, answer.mode), []).append(answer)
    found: dict[str, dict[str, FinalAnswer]] = {}
    for (question, mode), given in rows.items():
        found.setdefault(question, {})[mode] = _decide_answer(
            sorted(given, key=lambda answer: answer.rotation), keys[question]
        )
    return found


def _decide_answer(given: list[Answer], key: int) -> FinalAnswer:
    if len(given) == 1:
        return FinalAnswer(given[0].predicted, given[0].is_correct)
    scores = [answer.scores for answer in given if answer.scores is not None]
    if len(scores) == len(given):
        predicted: int | None = int(np.mean(scores, axis=0).argmax()) + 1
    else:
        named = [answer.predicted for answer in given if answer.predicted is not None]
        predicted = max(named, key=named.count, default=None)  # at a tie the earliest
    return FinalAnswer(
        predicted, predicted == key and not any(answer.truncated for answer in given)
    )
