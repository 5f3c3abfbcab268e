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
        given.sort(key=lambda answer: answer.rotation)
        predicted = choose_final_option(
            [answer.predicted for answer in given], [answer.scores for answer in given]
        )
        legible = not any(answer.truncated for answer in given)
        found.setdefault(question, {})[mode] = FinalAnswer(
            predicted, predicted == keys[question] and legible
        )
    return found


def choose_final_option(
    named: Sequence[int | None], scores: Sequence[Sequence[float] | None]
) -> int | None:
    """One model's option, 1 to 4, of what it named in each rotation, in their order, and of its
    scores of the question's own options there. None where it named nothing.

    The highest mean score decides where each rotation has scores (the option's position has then
    no say), else the option named most often, at a tie the one named earliest. One rotation alone
    is the answer itself.
    """
    if len(named) == 1:
        return named[0]
    scored = [row for row in scores if row is not None]
    if len(scored) == len(named):
        return int(np.mean(scored, axis=0).argmax()) + 1
    legible = [option for option in named if option is not None]
    return max(legible, key=legible.count, default=None)
