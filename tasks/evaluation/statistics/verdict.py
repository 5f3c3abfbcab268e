"""From the answers of two models to the same questions to a verdict and its sentence in plain
words.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics import intervals, mcnemar, power_analysis
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


def build_verdict_sentence(
    judged: PairedResult, plan: ComparisonPlan, illegible: int = 0, shift: float | None = None
) -> str:
    """The verdict in plain words, with the numbers that decided.

    `illegible`: answers of the tuned model that name no option; `shift`: how far the options'
    scores moved, in nats, where there are some.
    """
    n, before, after = judged.base.n, int(judged.base.correct), int(judged.tuned.correct)
    low, value, high = (
        f"{100 * x:+.1f}"
        for x in (judged.difference.low, judged.difference.value, judged.difference.high)
    )
    moved = (
        f"{before} of {n} questions right before, {after} after ({value} points,"
        f" {100 * (1 - plan.alpha):g} % interval {low} to {high})"
    )
    tested = f"{judged.gained} gained, {judged.lost} lost, p {_format_p_value(judged.p_value)}"
    match judged.verdict:
        case "improved":
            return f"Tuning helped: {moved}; {tested}."
        case "worse":
            return f"Tuning did harm: {moved}; {tested}."
        case "no-difference":
            return (
                f"Tuning made no difference that matters: {moved}, shown to lie within"
                f" ±{100 * plan.margin:g} points; {tested}."
            )
        case "identical":
            return _describe_no_change(n, before, illegible, shift)
        case "inconclusive":
            return (
                f"These {n} questions cannot tell: {moved}; {tested}."
                f" {build_limits_sentence(judged, plan)}"
            )


def _describe_no_change(n: int, right: int, illegible: int, shift: float | None) -> str:
    """What can be said where no answer changed: next to nothing, where most could not be read."""
    if illegible > n / 2:
        return (
            f"{illegible} of {n} answers name no option, before and after tuning: this way of"
            " asking hardly shows what the tuning did."
        )
    unread = f", {illegible} illegible both times" if illegible else ""
    said = (
        f"Not one of {n} answers changed ({right} right{unread}, before and after): an alarm, not a"
        " result."
    )
    if shift is None:
        return f"{said} If the adapter did something, these answers do not show it."
    if shift > 0:
        return (
            f"{said} The options' scores moved by {shift:.2g} nats in the mean, which turned no"
            " answer."
        )
    return (
        f"{said} The options' scores are the same to the last digit: the adapter did nothing that"
        " can be seen."
    )


def build_limits_sentence(judged: PairedResult, plan: ComparisonPlan) -> str:
    """Why the questions could not tell; nothing where they could."""
    if judged.verdict != "inconclusive":
        return ""
    if judged.p_value <= plan.alpha:
        facts, p_facts = judged.extra["facts"], judged.extra["p_facts"]
        return (
            f"Questions on one fact change together: counted by the {facts:.0f} facts, p"
            f" {_format_p_value(p_facts)}."
        )
    if _is_within(judged.difference, plan.margin) and judged.extra["facts"] < judged.base.n:
        return (
            f"By question the difference is small, but the {judged.extra['facts']:.0f} facts are"
            " too few, or differ too much, to show it."
        )
    return (
        f"A true difference under {100 * judged.detectable:.1f} points is likely to be missed at so"
        " many changed answers."
    )


def _format_p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
