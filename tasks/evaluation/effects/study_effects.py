"""All that is told of a study beside its verdict, from the answers behind its handles."""

from collections.abc import Sequence

from tasks.evaluation.effects.aid_comparison import compare_aids
from tasks.evaluation.effects.calibration import calibrate_models, select_scored_mode
from tasks.evaluation.effects.everyday_questions import load_everyday_questions
from tasks.evaluation.effects.group_effects import group_effects
from tasks.evaluation.effects.harm import judge_everyday_answers, list_harms
from tasks.evaluation.effects.second_endpoint import judge_second_endpoint
from tasks.evaluation.statistics.paired_comparison import pair_answers
from tasks.schemas.effects.effect_rows import Calibration, Effects, Grouping, Harm
from tasks.schemas.item_rows import AnswerMode, Passage, Question
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer, Comparison
from tasks.store.artifact_groups import QuestionSets, StudyAnswers


def gather_effects(
    sitting: QuestionSets,
    passages: Sequence[Passage],
    answers: StudyAnswers,
    comparisons: Sequence[Comparison],
    plan: ComparisonPlan,
    *,
    language: str,
) -> Effects:
    """What was measured is told; the rest is left out."""
    asked, base = sitting.asked(plan.primary_set), answers.base.load_rows()
    tuned = [one.load_rows() for one in answers.tuned]
    return Effects(
        harms=(*list_harms(comparisons, plan), *_judge_everyday(answers, plan, language)),
        groupings=_group(asked, passages, base, tuned, comparisons[0], plan=plan),
        calibrations=_calibrate(asked, base, tuned[0], plan.primary_mode),
        aids=compare_aids(
            asked,
            base,
            tuned,
            answers.base_aside,
            answers.tuned_aside,
            mode=plan.primary_mode,
            plan=plan,
        ),
        second=judge_second_endpoint(asked, base, tuned, plan),
    )


def _judge_everyday(answers: StudyAnswers, plan: ComparisonPlan, language: str) -> list[Harm]:
    base, tuned = answers.base_aside.everyday, [one.everyday for one in answers.tuned_aside]
    if base is None or not tuned:
        return []
    after = [one.load_rows() for one in tuned if one is not None]
    questions = load_everyday_questions(language)
    return [judge_everyday_answers(questions, base.load_rows(), after, plan)]


def _group(
    asked: Sequence[Question],
    passages: Sequence[Passage],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    primary: Comparison,
    *,
    plan: ComparisonPlan,
) -> tuple[Grouping, ...]:
    """Over as many seeds as the verdict is about."""
    told = tuned if primary.claim == "recipe" else tuned[:1]
    marks = pair_answers(asked, base, told, primary.mode)
    known = {passage.id: passage for passage in passages}
    return tuple(group_effects(asked, known, marks, primary.extra["design_effect"], plan.alpha))


def _calibrate(
    asked: Sequence[Question], base: Sequence[Answer], tuned: Sequence[Answer], primary: AnswerMode
) -> tuple[Calibration, ...]:
    mode = select_scored_mode(base, primary)
    return tuple(calibrate_models(asked, base, tuned, mode)) if mode else ()
