"""The plan's second endpoint: the Brier score of the key's share of probability, (1 - share)², by
the verdict's own test of the same facts. It sees a model that comes nearer to the key or moves away
from it before an answer changes; it is told beside the verdict and never changes it.

A question's score is counted in whole thousandths, so that the test stays exact; rounding moves the
mean of n questions by about .0004 / √n.
"""

from collections.abc import Sequence

import numpy as np

from tasks.evaluation.effects.calibration import Floats, compute_probabilities, select_scored_mode
from tasks.evaluation.statistics.paired_comparison import pair_answers
from tasks.evaluation.statistics.seed_effects import MIN_SEEDS
from tasks.evaluation.statistics.verdict import compare_gains
from tasks.schemas.effects.effect_rows import SecondEndpoint
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.messages import Figure, Message, PValue, build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer

PARTS = 1000


def judge_second_endpoint(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    plan: ComparisonPlan,
) -> SecondEndpoint | None:
    """Of as many seeds as the verdict is about, in the primary mode, or in the first that has
    scores; none where the plan names no second endpoint, or an answer has no scores.
    """
    mode = select_scored_mode(base, plan.primary_mode)
    if plan.secondary == "none" or mode is None:
        return None
    told = tuned if len(tuned) >= MIN_SEEDS else tuned[:1]
    scores = [_score_key(questions, answers, mode) for answers in (base, *told)]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return None
    before, *after = np.rint(PARTS * np.array(known)).astype(np.int64)
    marks = pair_answers(questions, base, told, mode)
    p_value, difference, _ = compare_gains(np.array(after) - before, marks, plan, PARTS)
    found = SecondEndpoint(
        mode=mode,
        n=len(questions),
        facts=len(np.unique(marks.fact)),
        base=float(before.mean()) / PARTS,
        tuned=float(np.mean(after)) / PARTS,
        difference=difference,
        p_value=p_value,
        told=Message(code=""),
    )
    return found.model_copy(update={"told": _tell_second(found, plan)})


def _score_key(
    questions: Sequence[Question], answers: Sequence[Answer], mode: AnswerMode
) -> Floats | None:
    shares = compute_probabilities(questions, answers, mode)
    if shares is None:
        return None
    keys = [question.answer - 1 for question in questions]
    return np.asarray((1 - shares[np.arange(len(keys)), keys]) ** 2)


def _tell_second(found: SecondEndpoint, plan: ComparisonPlan) -> Message:
    seen = "better" if found.difference.value < 0 else "worse"
    return build_message(
        f"second-{seen if found.p_value <= plan.alpha else 'unclear'}",
        before=Figure(found.base, 3),
        after=Figure(found.tuned, 3),
        low=Figure(found.difference.low, 3),
        high=Figure(found.difference.high, 3),
        p=PValue(found.p_value),
        n=found.n,
        facts=found.facts,
    )
