"""All that is told of a study beside its verdict, from the answers behind its handles."""

from collections.abc import Sequence

from tasks.evaluation.effects.everyday_questions import load_everyday_questions
from tasks.evaluation.effects.harm import judge_everyday_answers, list_harms
from tasks.schemas.effects.effect_rows import Effects, Harm
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Comparison
from tasks.store.artifact_groups import TuningResult


def gather_effects(
    outcome: TuningResult, comparisons: Sequence[Comparison], plan: ComparisonPlan, language: str
) -> Effects:
    """What was measured is told; the rest is left out."""
    return Effects(
        harms=(*list_harms(comparisons, plan), *_judge_everyday(outcome, plan, language))
    )


def _judge_everyday(outcome: TuningResult, plan: ComparisonPlan, language: str) -> list[Harm]:
    base, tuned = outcome.base_aside.everyday, [one.everyday for one in outcome.tuned_aside]
    if base is None or not tuned:
        return []
    answers = [one.load_rows() for one in tuned if one is not None]
    questions = load_everyday_questions(language)
    return [judge_everyday_answers(questions, base.load_rows(), answers, plan)]
