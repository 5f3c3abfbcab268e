"""A verdict in plain English words, with the numbers that decided."""

from tasks.evaluation.statistics.verdict import PairedResult
from tasks.schemas.plan_sections import ComparisonPlan

CLAIM_WORDS = {"adapter": "this adapter", "recipe": "this recipe (mean of {seeds} seeds)"}


def build_verdict_sentence(
    judged: PairedResult,
    plan: ComparisonPlan,
    illegible: int = 0,
    shift: float | None = None,
    primary: bool = True,
) -> str:
    """The verdict in plain words; of what is not the plan's endpoint, only what was seen.

    `illegible`: answers of the tuned model that name no option; `shift`: how far the options'
    scores moved, in nats, where there are some.
    """
    claim = CLAIM_WORDS[judged.claim].format(seeds=len(judged.seeds))
    head = {
        "improved": f"Tuning helped, {claim}" if primary else "Gain seen, exploratory",
        "worse": f"Tuning did harm, {claim}" if primary else "Loss seen, exploratory",
        "no-difference": f"Tuning made no difference that matters, {claim}"
        if primary
        else "No difference seen, exploratory",
        "inconclusive": f"These {judged.base.n} questions cannot tell, {claim}",
        "identical": "",
    }[judged.verdict]
    if not head:
        return _describe_no_change(judged.base.n, int(judged.base.correct), illegible, shift)
    parts = [f"{head}: {_describe_figures(judged, plan)}", *_describe_cautions(judged, plan)]
    if judged.verdict == "no-difference":
        parts[0] = parts[0][:-1] + f"; shown to lie within ±{100 * plan.margin:g} points."
    return " ".join([*parts, build_limits_sentence(judged)]).rstrip()


def build_limits_sentence(judged: PairedResult) -> str:
    """Why the questions could not tell, and how many would; nothing where they could."""
    if judged.verdict != "inconclusive":
        return ""
    return (
        f"A true difference under {100 * judged.detectable:.1f} points is likely to be missed; if"
        f" what was seen is the truth, about {judged.extra['questions_needed']:.0f} questions on"
        f" {judged.extra['facts_needed']:.0f} facts would decide."
    )


def _describe_figures(judged: PairedResult, plan: ComparisonPlan) -> str:
    low, value, high = (
        f"{100 * x:+.1f}"
        for x in (judged.difference.low, judged.difference.value, judged.difference.high)
    )
    return (
        f"{judged.base.correct:g} of {judged.base.n} questions right before,"
        f" {judged.tuned.correct:g} after ({value} points, {100 * (1 - plan.alpha):g} % interval"
        f" {low} to {high}); {judged.gained:g} gained, {judged.lost:g} lost,"
        f" p {_format_p_value(judged.p_value)} by {judged.extra['facts']:.0f} facts."
    )


def _describe_cautions(judged: PairedResult, plan: ComparisonPlan) -> list[str]:
    words = {
        "within-margin": (
            f"It is smaller than the margin of {100 * plan.margin:g} points that the plan set."
        ),
        "not-above-guessing": "What was reached is not above guessing.",
    }
    return [words[name] for name in judged.cautions]


def _describe_no_change(n: int, right: int, illegible: int, shift: float | None) -> str:
    """What can be said where nothing changed: next to nothing, where most could not be read."""
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
    return (
        f"{said} The options' scores moved by {shift:.2g} nats in the mean: the adapter did next to"
        " nothing."
    )


def _format_p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
