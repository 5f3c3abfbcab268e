"""What a tuning cost: the questions that the verdict is not about, judged by the same test of the
same facts, and said as a finding of its own.

    harm            the interval of the difference lies below zero
    possible-harm   it does not, but the questions taken alone say so (exact McNemar test): they
                    rest on too few facts to tell it from chance
    no-harm         a loss beyond the plan's margin is ruled out, or there is a gain
    not-measurable  neither; or the base knows no more than guessing, so it has nothing to lose

Each has its own interval at the plan's level, whose lower tail is half of alpha: two of them say
"harm" where there is none in at most alpha of the studies.
"""

from collections.abc import Sequence

from scipy.stats import binomtest

from tasks.evaluation.effects.everyday_questions import EXAM
from tasks.evaluation.statistics.paired_comparison import pair_answers
from tasks.evaluation.statistics.verdict import PairedResult, judge_outcomes
from tasks.schemas.effects.effect_rows import Elsewhere, Harm, HarmFinding
from tasks.schemas.item_rows import CHANCE_RATE, AnswerMode, Question
from tasks.schemas.messages import Figure, Message, Points, Share, Term, build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer, Comparison


def list_harms(comparisons: Sequence[Comparison], plan: ComparisonPlan) -> list[Harm]:
    """Of the facts never taught; of those taught where the untaught are the endpoint."""
    what: Elsewhere = "same_fact" if plan.primary_set == "new_fact" else "new_fact"
    return [
        _build_harm(what, row.mode, row, plan)
        for row in comparisons
        if (row.set, row.mode) == (what, plan.primary_mode)
    ]


def judge_everyday_answers(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    plan: ComparisonPlan,
) -> Harm:
    """Of the everyday questions; `tuned`: what each seed's model answers, the study's own first."""
    mode = EXAM.modes[0]
    judged = judge_outcomes(pair_answers(questions, base, tuned, mode), plan)
    return _build_harm("everyday", mode, judged, plan)


def find_harm(row: Comparison | PairedResult, plan: ComparisonPlan) -> HarmFinding:
    """What the interval says of a loss."""
    difference = row.difference
    if difference.high < 0:
        return "harm"
    if difference.value < 0 and _compute_question_p_value(row) <= plan.alpha:
        return "possible-harm"
    if difference.low > 0:
        return "no-harm"
    if row.base.low <= CHANCE_RATE or difference.low < -plan.margin:
        return "not-measurable"
    return "no-harm"


def _compute_question_p_value(row: Comparison | PairedResult) -> float:
    """As if no two questions were on one fact."""
    moved = round(row.gained + row.lost)
    return float(binomtest(round(row.gained), moved).pvalue) if moved else 1.0


def _build_harm(
    what: Elsewhere, mode: AnswerMode, row: Comparison | PairedResult, plan: ComparisonPlan
) -> Harm:
    finding, n = find_harm(row, plan), row.base.n
    return Harm(
        what=what,
        mode=mode,
        n=n,
        facts=int(row.extra["facts"]),
        base=row.base,
        tuned=row.tuned,
        difference=row.difference,
        p_value=row.p_value,
        kept=1 - row.changed / n,
        finding=finding,
        told=_tell_harm(what, finding, row, plan),
    )


def _tell_harm(
    what: Elsewhere, finding: HarmFinding, row: Comparison | PairedResult, plan: ComparisonPlan
) -> Message:
    codes = {"harm": "shown", "possible-harm": "possible", "no-harm": "none"}
    unclear = "floor" if row.base.low <= CHANCE_RATE else "unclear"
    return build_message(
        f"harm-{codes.get(finding, unclear)}",
        what=Term("elsewhere", what),
        before=Figure(100 * row.base.rate, 1),
        after=Figure(100 * row.tuned.rate, 1),
        n=row.base.n,
        facts=int(row.extra["facts"]),
        difference=Points(row.difference.value),
        low=Points(row.difference.low),
        high=Points(row.difference.high),
        loss=Points(max(0.0, -row.difference.low)),
        margin=Points(plan.margin),
        chance=Share(CHANCE_RATE),
        kept=Share(1 - row.changed / row.base.n),
    )
