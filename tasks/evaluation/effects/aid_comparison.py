"""What a tuning is worth beside showing the book and beside a few solved examples."""

from collections.abc import Sequence

from tasks.evaluation.statistics.paired_comparison import pair_answers
from tasks.evaluation.statistics.verdict import PairedResult, judge_outcomes
from tasks.schemas.effects.effect_rows import AidComparison, AidEffect, AidName
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.messages import Message, Points, build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer, Interval
from tasks.store.artifact_groups import SideAnswers


def compare_aids(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    base_aside: SideAnswers,
    tuned_aside: Sequence[SideAnswers],
    *,
    mode: AnswerMode,
    plan: ComparisonPlan,
) -> AidComparison | None:
    """Each means against the base alone, by the verdict's own test; nothing where no passages were
    shown. `tuned`: by seed.
    """
    shown, solved = base_aside.with_passages, base_aside.with_examples
    both = [one.with_passages.answers.load_rows() for one in tuned_aside if one.with_passages]
    if shown is None or solved is None or not both:
        return None
    opened = shown.answers.load_rows()

    def judge(before: Sequence[Answer], after: Sequence[Sequence[Answer]]) -> PairedResult:
        return judge_outcomes(pair_answers(questions, before, after, mode), plan)

    judged: dict[AidName, PairedResult] = {
        "passages": judge(base, [opened]),
        "tuning": judge(base, tuned),
        "both": judge(base, both),
        "examples": judge(base, [solved.answers.load_rows()]),
    }
    beyond = judge(opened, both).difference
    return AidComparison(
        mode=mode,
        n=len(questions),
        base=judged["tuning"].base,
        effects=tuple(
            AidEffect(aid=aid, rate=one.tuned, difference=one.difference, p_value=one.p_value)
            for aid, one in judged.items()
        ),
        beyond=beyond,
        passages=shown.shown,
        known=shown.known,
        found=shown.found,
        unmatched=shown.unmatched,
        cut=shown.cut,
        examples=solved.shown,
        examples_cut=solved.cut,
        told=_tell_aids(judged, beyond, solved.shown),
    )


def _tell_aids(judged: dict[AidName, PairedResult], beyond: Interval, examples: int) -> Message:
    return build_message(
        "aids-worth",
        passages=_tell_interval(judged["passages"].difference),
        tuning=_tell_interval(judged["tuning"].difference),
        both=_tell_interval(judged["both"].difference),
        examples=_tell_interval(judged["examples"].difference),
        beyond=_tell_interval(beyond),
        count=examples,
    )


def _tell_interval(one: Interval) -> Message:
    return build_message(
        "points-within", value=Points(one.value), low=Points(one.low), high=Points(one.high)
    )
