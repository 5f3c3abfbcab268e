"""From the answers of two models to the same questions to a verdict, and what it says."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics import intervals, mcnemar, power_analysis
from tasks.schemas.messages import Message, Nats, Points, PValue, Share, build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Interval, Rate, VerdictName


class PairedOutcomes(NamedTuple):
    """One set of questions in one mode, a place for each question."""

    base: NDArray[np.bool_]  # right before tuning
    tuned: NDArray[np.bool_]  # right after tuning
    changed: NDArray[np.bool_]  # the predicted option differs
    fact: NDArray[np.int64]  # number of the question's fact


class PairedResult(NamedTuple):
    """All that is computed from marks."""

    base: Rate
    tuned: Rate
    gained: int
    lost: int
    changed: int
    p_value: float
    difference: Interval
    detectable: float
    verdict: VerdictName
    extra: dict[str, float]


def judge_outcomes(marks: PairedOutcomes, plan: ComparisonPlan) -> PairedResult:
    """Rates, test, intervals, what could have been seen, and the verdict."""
    n = len(marks.base)
    gained, lost = int((marks.tuned & ~marks.base).sum()), int((marks.base & ~marks.tuned).sum())
    p_value = mcnemar.compute_exact_p_value(gained, lost)
    bounds = intervals.compute_tango_interval(gained, lost, n, 1 - plan.alpha)
    extra = _compute_extra_figures(marks, gained, lost, plan)
    return PairedResult(
        base=estimate_rate(int(marks.base.sum()), n),
        tuned=estimate_rate(int(marks.tuned.sum()), n),
        gained=gained,
        lost=lost,
        changed=int(marks.changed.sum()),
        p_value=p_value,
        difference=Interval(value=(gained - lost) / n, low=bounds.low, high=bounds.high),
        detectable=power_analysis.find_detectable_difference(
            n, (gained + lost) / n, plan.alpha, plan.power
        ),
        verdict=_decide_verdict(
            int(marks.changed.sum()),
            gained - lost,
            max(p_value, extra["p_facts"]),
            extra["p_equivalence"],
            plan.alpha,
        ),
        extra=extra,
    )


def estimate_rate(correct: float, n: int) -> Rate:
    """A share with its Wilson interval."""
    low, high = intervals.compute_wilson_interval(correct, n)
    return Rate(correct=correct, n=n, rate=correct / n, low=low, high=high)


def _decide_verdict(
    changed: int, balance: int, p_difference: float, p_equivalence: float, alpha: float
) -> VerdictName:
    """Both tests, by question and by fact, must agree on a difference or on its absence."""
    if not changed:
        return "identical"
    if p_difference <= alpha:
        return "improved" if balance > 0 else "worse"
    return "no-difference" if p_equivalence <= alpha else "inconclusive"


def _compute_extra_figures(
    marks: PairedOutcomes, gained: int, lost: int, plan: ComparisonPlan
) -> dict[str, float]:
    """Further figures: with facts as units, equivalence, and the power that the questions have."""
    n = len(marks.base)
    _, fact = np.unique(marks.fact, return_inverse=True)
    sizes = np.bincount(fact)
    balances = np.bincount(fact, marks.tuned.astype(float) - marks.base).astype(np.int64)
    alone = (
        len(sizes) == n
    )  # each question has a fact of its own: the test by question is exact, and enough
    near = alone or _confirm_by_fact(balances, sizes, plan)
    drawn = intervals.bootstrap_difference(balances, sizes, 1 - plan.alpha, plan.seed)
    discordance = (gained + lost) / n
    return {
        "discordance": discordance,
        "facts": float(len(sizes)),
        "p_facts": (
            mcnemar.compute_exact_p_value(gained, lost)
            if alone
            else mcnemar.compute_fact_p_value(balances, sizes)
        ),
        "bootstrap_low": drawn.low,
        "bootstrap_high": drawn.high,
        "p_equivalence": (
            intervals.compute_equivalence_p_value(gained, lost, n, plan.margin) if near else 1.0
        ),
        "power_10_points": power_analysis.compute_power(n, 0.1, max(0.1, discordance), plan.alpha),
    }


def _confirm_by_fact(
    balances: intervals.Counts, sizes: intervals.Counts, plan: ComparisonPlan
) -> bool:
    """Whether the facts, too, show that the difference is small.

    They must be enough to show it at all: of facts that move as one, a share as large as the margin
    may all stand still
    (of 20 with a margin of 5 points, in 36 % of the studies), and a spread of nothing is then no
    evidence.
    """
    level = 1 - 2 * plan.alpha  # of two one-sided tests
    bounds = (
        intervals.compute_fact_interval(balances, sizes, level),
        intervals.compute_tango_interval(0, 0, len(sizes), level),
    )
    return all(_is_within(one, plan.margin) for one in bounds)


def _is_within(bounds: intervals.Bounds | Interval, margin: float) -> bool:
    return -margin <= bounds.low and bounds.high <= margin


def explain_verdict(judged: PairedResult, plan: ComparisonPlan, illegible: int = 0) -> Message:
    """The verdict with the numbers that decided. `illegible`: answers of the tuned model that name
    no option.
    """
    limits = explain_limits(judged, plan)
    code = f"verdict-{judged.verdict}"
    if limits and limits.code in ("limits-by-fact", "limits-few-facts"):
        code = limits.code.replace("limits", "verdict-inconclusive")
    elif judged.verdict == "identical" and illegible > judged.base.n / 2:
        code = "verdict-identical-mute"
    return build_message(
        code,
        n=judged.base.n,
        base=int(judged.base.correct),
        tuned=int(judged.tuned.correct),
        gained=judged.gained,
        lost=judged.lost,
        illegible=illegible,
        p=PValue(judged.p_value),
        difference=Points(judged.difference.value),
        low=Points(judged.difference.low),
        high=Points(judged.difference.high),
        level=Share(1 - plan.alpha),
        margin=Points(plan.margin),
        detectable=Points(judged.detectable),
    )


def explain_limits(
    judged: PairedResult, plan: ComparisonPlan, shift: float | None = None
) -> Message | None:
    """Why the questions could not tell, or what answers that all stayed the same can; none of a
    verdict that tells all. `shift`: how far the options' scores moved, in nats, where there are
    some.
    """
    if judged.verdict == "identical":
        if shift is None:
            return build_message("limits-no-scores")
        return (
            build_message("limits-shift", shift=Nats(shift))
            if shift
            else build_message("limits-no-shift")
        )
    if judged.verdict != "inconclusive":
        return None
    facts = int(judged.extra["facts"])
    if judged.p_value <= plan.alpha:
        return build_message("limits-by-fact", facts=facts, p=PValue(judged.extra["p_facts"]))
    if _is_within(judged.difference, plan.margin) and facts < judged.base.n:
        return build_message("limits-few-facts", facts=facts)
    return build_message("limits-detectable", detectable=Points(judged.detectable))
