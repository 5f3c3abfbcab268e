"""The example study with all that is told beside its verdict, computed from its own answers."""

from dataclasses import replace

from support.items.scored_questions import make_answers
from support.reports.example_study import make_example_study

from tasks.evaluation.effects.aid_comparison import compare_aids
from tasks.evaluation.effects.calibration import calibrate_models
from tasks.evaluation.effects.everyday_questions import load_everyday_questions
from tasks.evaluation.effects.group_effects import group_effects
from tasks.evaluation.effects.harm import judge_everyday_answers, list_harms
from tasks.evaluation.statistics.paired_comparison import compare_models, pair_answers
from tasks.reporting.report_data import ReportData
from tasks.schemas.effects.effect_rows import Effects
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.store.artifact_groups import AidedAnswers, SideAnswers
from tasks.store.artifacts import Answers

PLAN = ComparisonPlan()


def add_effects(study: ReportData) -> ReportData:
    """Taught facts rose, everyday questions fell; the passages are shown. Needs a store."""
    asked = study.questions["same_fact"]
    passages = {passage.id: passage for passage in study.passages}
    rows = compare_models(study.questions, study.base, study.tuned, PLAN)
    marks = pair_answers(asked, study.base, [study.tuned], "cloze")
    everyday = load_everyday_questions(study.plan.language)
    keys = [question.answer for question in everyday]
    wrong = [key % 4 + 1 for key in keys]
    before, after = (make_answers(everyday, keys[:right] + wrong[right:]) for right in (44, 20))
    effects = Effects(
        harms=(
            *list_harms(rows, PLAN),
            judge_everyday_answers(everyday, before, [after], PLAN),
        ),
        groupings=tuple(group_effects(asked, passages, marks, 1.7, PLAN.alpha)),
        calibrations=tuple(calibrate_models(asked, study.base, study.tuned, "cloze")),
        aids=compare_aids(
            asked,
            study.base,
            [study.tuned],
            SideAnswers(
                with_passages=aided(study, 0.7),
                with_examples=aided(study, 0.3).model_copy(update={"shown": 4, "cut": 19}),
            ),
            [SideAnswers(with_passages=aided(study, 0.95))],
            mode="cloze",
            plan=PLAN,
        ),
    )
    return replace(study, effects=effects)


def aided(study: ReportData, share: float) -> AidedAnswers:
    asked = study.questions["same_fact"]
    right = round(share * len(asked))
    said = [q.answer if place < right else q.answer % 4 + 1 for place, q in enumerate(asked)]
    return AidedAnswers(
        answers=Answers.save_rows(make_answers(asked, said)),
        shown=2,
        cut=7,
        unmatched=1,
        known=len(asked),
        found=131,
    )


def make_full_study(language: str = "fa") -> ReportData:
    """The example study, with its effects."""
    return add_effects(make_example_study(language))
