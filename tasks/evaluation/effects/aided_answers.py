"""The primary questions with an aid before them: which aid, what was answered, what it is worth."""

from collections.abc import Sequence

from tasks.evaluation.effects.aided_questions import (
    EXAMPLES,
    answer_with_aids,
    choose_examples,
    choose_passages,
)
from tasks.evaluation.statistics.paired_comparison import pair_answers
from tasks.evaluation.statistics.verdict import PairedResult, judge_outcomes
from tasks.models.loading import LoadedModel
from tasks.schemas.effects.effect_rows import Aid, AidComparison, AidEffect
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, Points, build_message
from tasks.schemas.plan_sections import ComparisonPlan, EvaluationPlan
from tasks.schemas.result_rows import Answer, Interval
from tasks.store.artifact_groups import AidedAnswers, BookText, QuestionSets, SideAnswers
from tasks.store.artifacts import Answers
from tasks.store.progress import ProgressCallback, ignore_progress


def ask_aided(
    loaded: LoadedModel,
    questions: Sequence[Question],
    aid: BookText | QuestionSets,
    plan: EvaluationPlan,
    *,
    best: int,
    language: str,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
) -> AidedAnswers:
    """With the best passages of a book, or with solved questions of the taught pairs."""
    if isinstance(aid, BookText):
        aids = choose_passages(questions, aid.load_passages(), best)
    else:
        aids = choose_examples(questions, aid.train.load_rows(), plan, language)
    done = answer_with_aids(
        loaded, questions, aids, plan, language=language, machine=machine, progress=progress
    )
    known = [q for q in questions if q.quote] if isinstance(aid, BookText) else []
    return AidedAnswers(
        answers=Answers.save_rows(done.answers),
        cut=done.cut,
        unmatched=sum(not one.pieces for one in aids.values()),
        known=len(known),
        found=sum(q.quote.passage_id in aids[q.id].passages for q in known if q.quote),
    )


def compare_aids(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    base_aside: SideAnswers,
    tuned_aside: Sequence[SideAnswers],
    *,
    mode: AnswerMode,
    plan: ComparisonPlan,
    best: int,
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

    judged: dict[Aid, PairedResult] = {
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
        passages=best,
        known=shown.known,
        found=shown.found,
        unmatched=shown.unmatched,
        cut=shown.cut,
        examples=EXAMPLES,
        told=_tell_aids(judged, beyond),
    )


def _tell_aids(judged: dict[Aid, PairedResult], beyond: Interval) -> Message:
    return build_message(
        "aids-worth",
        passages=_tell_interval(judged["passages"].difference),
        tuning=_tell_interval(judged["tuning"].difference),
        both=_tell_interval(judged["both"].difference),
        examples=_tell_interval(judged["examples"].difference),
        beyond=_tell_interval(beyond),
        count=EXAMPLES,
    )


def _tell_interval(one: Interval) -> Message:
    return build_message(
        "points-within", value=Points(one.value), low=Points(one.low), high=Points(one.high)
    )
