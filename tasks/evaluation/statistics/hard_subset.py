"""The hard questions, chosen without favour: on other answers than those that are then compared."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from tasks.evaluation.statistics import sign_flip
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.messages import build_message
from tasks.schemas.result_rows import Answer


def compare_on_hard_subset(
    questions: Sequence[Question], base: Sequence[Answer], tuned: Sequence[Answer], mode: AnswerMode
) -> dict[str, float]:
    """Base against tuned on the harder half of the questions, in their first rotation; nothing
    where no other answers tell which it is.
    """
    asked = {question.id for question in questions}
    mine, theirs = (
        [answer for answer in answers if answer.question_id in asked] for answers in (base, tuned)
    )
    if not all(
        {a.question_id for a in answers if not _is_from_same_text(a, mode, 0)} == asked
        for answers in (mine, theirs)
    ):
        return {}
    hard = select_hard_subset(mine, theirs, mode)
    before, after = (
        {
            answer.question_id: answer.is_correct
            for answer in answers
            if (answer.mode, answer.rotation) == (mode, 0)
        }
        for answers in (mine, theirs)
    )
    fact = {question.id: question.fact or question.id for question in questions}
    moves = np.array([int(after[name]) - before[name] for name in hard])
    units = sign_flip.group_units(moves, np.array([fact[name] for name in hard]))
    shares = {
        f"hard_{who}": fmean(right[name] for name in hard)
        for who, right in (("base", before), ("tuned", after))
    }
    return {
        "hard_n": float(len(hard)),
        **shares,
        "hard_gained": float((moves > 0).sum()),
        "hard_lost": float((moves < 0).sum()),
        "hard_p": sign_flip.compute_p_value(units.balances),
    }


def select_hard_subset(
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    mode: AnswerMode,
    share: float = 0.5,
    rotation: int = 0,
    judge: Sequence[Answer] | None = None,
) -> list[str]:
    """The ids of the hardest questions, to be compared in `mode` and `rotation`, chosen on other
    answers than those.

    Questions that the base got wrong look better at a second look even where nothing was learnt
    (regression to the mean).
    So difficulty comes from a `judge`, another model, or from what *both* models said elsewhere:
    the choice treats them
    alike, so it can favour neither. Raises PlanError where there are no other answers.
    """
    elsewhere = (
        list(judge)
        if judge is not None
        else [a for a in [*base, *tuned] if not _is_from_same_text(a, mode, rotation)]
    )
    asked = list(dict.fromkeys(answer.question_id for answer in base))
    rows: dict[str, list[Answer]] = {name: [] for name in asked}
    for answer in elsewhere:
        if answer.question_id in rows:
            rows[answer.question_id].append(answer)
    if not all(rows.values()):
        raise PlanError(build_message("hard-subset-unanswered"))
    order = sorted(
        asked,
        key=lambda name: (
            fmean(a.is_correct for a in rows[name]),
            fmean(a.margin or 0.0 for a in rows[name]),
            name,
        ),
    )
    chosen = set(order[: max(1, round(share * len(asked)))])
    return [name for name in asked if name in chosen]


def _is_from_same_text(answer: Answer, mode: AnswerMode, rotation: int) -> bool:
    """Whether it comes from the same text as the compared answers: all cloze modes share one,
    digits and generate one a rotation.
    """
    if mode.startswith("cloze") or answer.mode.startswith("cloze"):
        return mode.startswith("cloze") and answer.mode.startswith("cloze")
    return answer.rotation == rotation
