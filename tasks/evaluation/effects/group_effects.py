"""Where the tuning worked: the effect by chapter, kind, pages and way of reading, each group drawn
towards the whole as far as chance may explain its distance (a hierarchical normal model; Gelman et
al., Bayesian Data Analysis, 5.4).

The true effects of G groups are normal around μ with standard deviation τ; each is seen as d with
the sampling variance v. With B = τ² / (τ² + v) and μ the mean weighted by 1 / (τ² + v), a group's
effect is μ + B (d - μ), its variance τ² v / (τ² + v) + (1 - B)² / Σ 1 / (τ² + v) (the second part:
μ is itself an estimate). τ is not known either: all of that is averaged over its posterior, from a
flat prior on 0 to 1. v is the pooled variance of a question's move, times the study's design
effect, by the group's questions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.statistics.verdict import PairedOutcomes
from tasks.schemas.effects.effect_rows import GroupEffect, Grouping, Trait
from tasks.schemas.item_rows import Passage, Question
from tasks.schemas.result_rows import Interval

PAGE_RANGES = 4  # of about as many questions each
Floats = NDArray[np.float64]
SPREADS: Floats = (np.arange(400) + 0.5) / 400  # of the true effects: a quarter of a point each


class ShrunkEffects(NamedTuple):
    """Groups' effects drawn towards their mean."""

    mean: float
    between: float  # posterior median of the true effects' standard deviation
    between_most: float  # its 95 % limit
    values: Floats
    deviations: Floats  # standard errors of the values


class EffectsGivenSpread(NamedTuple):
    """What is known of the effects where their standard deviation is."""

    log_weight: float  # log-likelihood of that standard deviation, but for a constant
    mean: float
    values: Floats
    variances: Floats


def group_effects(
    questions: Sequence[Question],
    passages: Mapping[str, Passage],
    marks: PairedOutcomes,
    design_effect: float,
    alpha: float,
) -> list[Grouping]:
    """By every trait that at least two groups differ in."""
    traits: dict[Trait, Callable[[Question], str]] = {
        "chapter": lambda q: _find_chapter(q, passages),
        "kind": lambda q: q.kind,
        "pages": _build_page_namer(questions),
        "reading": lambda q: _find_reading(q, passages),
    }
    found = []
    for trait, name in traits.items():
        names = [name(question) for question in questions]
        if len(set(names)) > 1:
            found.append(_build_grouping(trait, names, marks, design_effect, alpha))
    return found


def shrink_effects(effects: Floats, variances: Floats) -> ShrunkEffects:
    """The file's head tells how; the variances are above zero."""
    given = [condition_on(spread, effects, variances) for spread in SPREADS]
    weights = np.exp(np.array([one.log_weight for one in given]))
    weights /= weights.sum()
    values = np.array([one.values for one in given])
    squares = np.array([one.variances for one in given]) + values**2
    mean = weights @ values
    below = np.cumsum(weights)
    return ShrunkEffects(
        float(weights @ np.array([one.mean for one in given])),
        float(SPREADS[np.searchsorted(below, 0.5)]),
        float(SPREADS[np.searchsorted(below, 0.95)]),
        mean,
        np.sqrt(weights @ squares - mean**2),
    )


def condition_on(spread: float, effects: Floats, variances: Floats) -> EffectsGivenSpread:
    """The same were the true effects' standard deviation known."""
    precise = 1 / (spread**2 + variances)
    mean = float((precise * effects).sum() / precise.sum())
    kept = spread**2 * precise
    fit = -0.5 * float((precise * (effects - mean) ** 2).sum())
    return EffectsGivenSpread(
        fit + 0.5 * float(np.log(precise).sum() - math.log(precise.sum())),
        mean,
        mean + kept * (effects - mean),
        spread**2 * variances * precise + (1 - kept) ** 2 / precise.sum(),
    )


def _build_grouping(
    trait: Trait, names: list[str], marks: PairedOutcomes, design_effect: float, alpha: float
) -> Grouping:
    """The groups in the order in which they first come."""
    order = list(dict.fromkeys(names))
    place = np.array([order.index(name) for name in names])
    base, tuned = marks.base.astype(float), marks.tuned.mean(axis=0)
    sizes, moves = np.bincount(place), tuned - base
    shares = [np.bincount(place, values) / sizes for values in (base, tuned)]
    seen = shares[1] - shares[0]
    within = float(((moves - seen[place]) ** 2).sum()) / max(1, len(moves) - len(order))
    # where none moved, as if one of all had: else a group's effect would be known for certain
    variances = max(within, 1 / len(moves)) * design_effect / sizes
    shrunk = shrink_effects(seen, variances)
    reach = NormalDist().inv_cdf(1 - alpha / 2) * shrunk.deviations
    groups = [
        GroupEffect(
            name=name,
            n=int(sizes[i]),
            base=float(shares[0][i]),
            tuned=float(shares[1][i]),
            seen=float(seen[i]),
            shrunk=Interval(
                value=float(shrunk.values[i]),
                low=max(-1.0, float(shrunk.values[i] - reach[i])),
                high=min(1.0, float(shrunk.values[i] + reach[i])),
            ),
        )
        for i, name in enumerate(order)
    ]
    if trait == "pages":
        groups.sort(key=lambda group: int("0" + group.name.partition("–")[0]))
    return Grouping(
        by=trait,
        overall=shrunk.mean,
        between=shrunk.between,
        between_most=shrunk.between_most,
        groups=tuple(groups),
    )


def _find_chapter(question: Question, passages: Mapping[str, Passage]) -> str:
    passage = passages.get(question.quote.passage_id) if question.quote else None
    return passage.chapter if passage else ""


def _find_reading(question: Question, passages: Mapping[str, Passage]) -> str:
    passage = passages.get(question.quote.passage_id) if question.quote else None
    return "" if passage is None else "ocr" if passage.ocr else "text"


def _build_page_namer(questions: Sequence[Question]) -> Callable[[Question], str]:
    """Ranges of pages with about as many questions each; no page is in two."""
    pages = sorted(question.quote.page for question in questions if question.quote)
    if not pages:
        return lambda question: ""
    ends = sorted(
        {pages[len(pages) * part // PAGE_RANGES - 1] for part in range(1, PAGE_RANGES + 1)}
        if len(pages) >= PAGE_RANGES
        else {pages[-1]}
    )
    ranges = [
        [page for page in pages if before < page <= end]
        for before, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    names = {page: f"{held[0]}–{held[-1]}" for held in ranges for page in held}
    return lambda question: names[question.quote.page] if question.quote else ""
