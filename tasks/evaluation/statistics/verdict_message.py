"""A verdict with the numbers that decided, as codes and values."""

from tasks.evaluation.statistics.verdict import PairedResult
from tasks.schemas.messages import (
    Figure,
    Message,
    Nats,
    Points,
    PValue,
    Share,
    Value,
    build_message,
)
from tasks.schemas.plan_sections import ComparisonPlan


def explain_verdict(
    judged: PairedResult, plan: ComparisonPlan, illegible: int = 0, primary: bool = True
) -> Message:
    """What decided; of what is not the plan's endpoint, only what was seen. `illegible`: answers of
    the tuned model that name no option.
    """
    code = f"verdict-{judged.verdict}"
    if judged.verdict == "identical" and illegible > judged.base.n / 2:
        code = "verdict-identical-mute"
    elif not primary and judged.verdict in ("improved", "worse", "no-difference"):
        code = f"exploratory-{code}"
    counts = {name: Figure(getattr(judged, name)) for name in ("gained", "lost")}
    return build_message(
        code,
        claim=_name_claim(judged),
        n=judged.base.n,
        base=Figure(judged.base.correct),
        tuned=Figure(judged.tuned.correct),
        illegible=illegible,
        p=PValue(judged.p_value),
        difference=Points(judged.difference.value),
        low=Points(judged.difference.low),
        high=Points(judged.difference.high),
        level=Share(1 - plan.alpha),
        margin=Points(plan.margin),
        facts=int(judged.extra["facts"]),
        **counts,
        **_count_deciding(judged),
    )


def explain_limits(judged: PairedResult, shift: float | None = None) -> Message | None:
    """Why the questions could not tell and how many would, or what unchanged answers can tell; none
    of a verdict that tells all. `shift`: how far the options' scores moved, in nats, where there
    are some.
    """
    if judged.verdict == "identical":
        if shift is None:
            return build_message("limits-no-scores")
        return build_message("limits-shift", shift=Nats(shift))
    if judged.verdict != "inconclusive":
        return None
    return Message(code="limits-detectable", values=_count_deciding(judged))


def _name_claim(judged: PairedResult) -> Message:
    """What the figures are about."""
    if judged.claim == "recipe":
        return build_message("claim-recipe", seeds=len(judged.seeds))
    return build_message("claim-adapter")


def _count_deciding(judged: PairedResult) -> dict[str, Value]:
    """What the questions would mostly miss, and how many, on how many facts, would decide."""
    told: dict[str, Value] = {"detectable": Points(judged.detectable)}
    for name in ("questions_needed", "facts_needed"):
        if name in judged.extra:
            told[name] = int(judged.extra[name])
    return told
