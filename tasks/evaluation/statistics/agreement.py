"""How far a person who reviewed items finds them sound, and agrees with the checks that judged them
before.

    κ = (p_o - p_e) / (1 - p_e)    p_o: share judged alike, p_e: the same if both judged by lot
                                   with the shares of "sound" that they have (Cohen 1960)

Its interval is the wider of two at each end: that of Fleiss, Cohen and Everitt (1969), which has no
width where all agree, and Wilson's of p_o with p_e as it was seen; both of as many items as their
passages are worth.
"""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from tasks.evaluation.statistics.intervals import compute_wilson_interval
from tasks.evaluation.statistics.sign_flip import Bounds, compute_design_effect
from tasks.schemas.result_rows import Rate
from tasks.schemas.rows.review_rows import Agreement, ReviewedItem, ReviewSummary

LEVEL = 0.95


def summarize_review(rows: Sequence[ReviewedItem]) -> ReviewSummary | None:
    """What became of a person's decisions; none where nobody reviewed anything."""
    if not rows:
        return None
    decided = [row for row in rows if row.decision and row.gate]
    kinds = dict.fromkeys(row.kind for row in decided if row.kind)
    seen = [row for row in rows if row.decision and row.gate is not None]
    judged = [(row.decision == "keep", bool(row.gate)) for row in seen]
    effects = [
        measure_design_effect(seen, marks)
        for marks in ([person == gate for person, gate in judged], [person for person, _ in judged])
    ]
    return ReviewSummary(
        reviewed=len(decided),
        outcomes=dict(Counter(row.outcome for row in rows)),
        sound=estimate_sound_share(decided),
        by_kind={
            kind: rate
            for kind in kinds
            if (rate := estimate_sound_share([row for row in decided if row.kind == kind]))
        },
        agreement=compute_agreement(judged, max(effects)),
    )


def estimate_sound_share(rows: Sequence[ReviewedItem]) -> Rate | None:
    """Share of the items that the person keeps as they are, with the Wilson interval of as many
    items as their passages are worth; one without a passage is its own.
    """
    if not rows:
        return None
    sound = np.array([row.decision == "keep" for row in rows], dtype=np.int64)
    n, share = len(rows), float(sound.mean())
    worth = n / measure_design_effect(rows, sound.tolist())
    low, high = compute_wilson_interval(share * worth, worth, LEVEL)
    return Rate(correct=int(sound.sum()), n=n, rate=share, low=low, high=high)


def measure_design_effect(rows: Sequence[ReviewedItem], marks: Sequence[bool | int]) -> float:
    """How many items of these passages are worth one alone; one at least."""
    if not rows:
        return 1.0
    names = [row.passage_id or f"\0{row.item}" for row in rows]
    unit = np.unique(names, return_inverse=True)[1]
    return max(1.0, compute_design_effect(np.array(marks, dtype=np.int64), unit))


def compute_agreement(
    judged: Sequence[tuple[bool, bool]], design_effect: float = 1.0
) -> Agreement | None:
    """Of (the person finds it sound, the checks do); none where the checks judged all alike, since
    then nothing can be told from chance.
    """
    counts = Counter(judged)
    both, person, gate, neither = (
        counts[pair] for pair in ((True, True), (True, False), (False, True), (False, False))
    )
    if not both + gate or not person + neither:
        return None
    kappa, bounds = compute_kappa(both, person, gate, neither, design_effect)
    return Agreement(
        both=both,
        only_person=person,
        only_gate=gate,
        neither=neither,
        kappa=kappa,
        low=bounds.low,
        high=bounds.high,
    )


def compute_kappa(
    both: int, one: int, other: int, neither: int, design_effect: float = 1.0
) -> tuple[float, Bounds]:
    """Cohen's κ of a table of two by two, with its interval."""
    n = both + one + other + neither
    agreed, worth = (both + neither) / n, n / design_effect
    first, second = (both + one) / n, (both + other) / n  # share of "yes" of each
    luck = first * second + (1 - first) * (1 - second)
    if luck == 1:  # both said the same of all
        return 1.0, Bounds(-1.0, 1.0)
    kappa = (agreed - luck) / (1 - luck)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * math.sqrt(
        _compute_variance(both / n, one / n, other / n, neither / n, kappa, luck) / worth
    )
    exact = compute_wilson_interval(agreed * worth, worth, LEVEL)
    low, high = ((end - luck) / (1 - luck) for end in exact)
    return kappa, Bounds(max(-1.0, min(low, kappa - reach)), min(1.0, max(high, kappa + reach)))


def _compute_variance(
    both: float, one: float, other: float, neither: float, kappa: float, luck: float
) -> float:
    """n times the variance of κ in large samples; Fleiss, Cohen and Everitt (1969), formula 13."""
    rows, columns = (both + one, other + neither), (both + other, one + neither)
    alike = sum(
        share * (1 - (row + column) * (1 - kappa)) ** 2
        for share, row, column in zip((both, neither), rows, columns, strict=True)
    )
    apart = (1 - kappa) ** 2 * (
        one * (columns[0] + rows[1]) ** 2 + other * (columns[1] + rows[0]) ** 2
    )
    middle = (kappa - luck * (1 - kappa)) ** 2
    return max(0.0, alike + apart - middle) / (1 - luck) ** 2
