"""Cohen's κ and the share of sound items against statsmodels, scikit-learn and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from tasks.evaluation.statistics.agreement import (
    compute_agreement,
    compute_kappa,
    estimate_sound_share,
    summarize_review,
)
from tasks.schemas.rows.review_rows import ReviewedItem


def row(n: int, decision: str | None = "keep", **more: object) -> ReviewedItem:
    outcome = {"keep": "kept", "reject": "rejected", "mend": "mended", None: "undecided"}[decision]
    fields = {"kind": "pair", "gate": True, "outcome": outcome, "passage_id": f"p{n}"} | more
    return ReviewedItem(item=f"pair-{n}", decision=decision, **fields)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_kappa_is_that_of_statsmodels_and_its_interval_is_no_narrower(table: list[int]) -> None:
    both, one, other, neither = table
    if min(both + other, one + neither, both + one, other + neither) == 0:
        return  # one of them said the same of all: there is no κ to compare
    wanted = cohens_kappa([[both, one], [other, neither]])
    kappa, bounds = compute_kappa(both, one, other, neither)
    assert kappa == pytest.approx(wanted.kappa, abs=1e-9)
    assert bounds.low <= max(-1.0, wanted.kappa_low) + 1e-5  # theirs has 1.96 in three digits
    assert bounds.high >= min(1.0, wanted.kappa_upp) - 1e-5
    assert -1 <= bounds.low <= kappa <= bounds.high <= 1


def test_kappa_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    judged = [(True, True)] * 31 + [(True, False)] * 4 + [(False, True)] * 9 + [(False, False)] * 16
    found = compute_agreement(judged)
    assert found is not None
    wanted = metrics.cohen_kappa_score([a for a, _ in judged], [b for _, b in judged])
    assert found.kappa == pytest.approx(wanted)
    # by hand: agreed 47/60; luck (35·40 + 25·20)/3600 = 19/36; κ = (47/60 - 19/36)/(17/36)
    assert found.kappa == pytest.approx((47 / 60 - 19 / 36) / (17 / 36))
    assert (found.both, found.only_person, found.only_gate, found.neither) == (31, 4, 9, 16)


def test_where_all_agree_the_interval_is_not_a_point() -> None:
    kappa, bounds = compute_kappa(10, 0, 0, 5)
    assert kappa == 1.0 and 0.4 < bounds.low < 0.7 and bounds.high == 1.0


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Tables of 40 and of 150 items from known chances: at least 95 of 100, less what 2,000 draws
    allow."""
    dice = np.random.default_rng(5)
    for chances in ([0.5, 0.08, 0.12, 0.3], [0.8, 0.05, 0.05, 0.1], [0.25, 0.25, 0.25, 0.25]):
        both, one, other, neither = chances
        luck = (both + one) * (both + other) + (other + neither) * (one + neither)
        truth = (both + neither - luck) / (1 - luck)
        for n in (40, 150):
            held = 0
            for table in dice.multinomial(n, chances, size=2000):
                _, bounds = compute_kappa(*(int(x) for x in table))
                held += bounds.low <= truth <= bounds.high
            assert held / 2000 >= 0.935, (chances, n, held)


def test_the_interval_holds_the_truth_where_items_of_a_passage_are_judged_as_one() -> None:
    """Three a passage, all alike: of 80 items alone it would hold it in 75 of 100."""
    dice, chances, held = np.random.default_rng(6), [0.65, 0.08, 0.07, 0.2], 0
    luck = 0.73 * 0.72 + 0.27 * 0.28
    truth = (0.85 - luck) / (1 - luck)
    for _ in range(400):
        cells = np.repeat(dice.choice(4, 27, p=chances), 3)[:80]
        rows = [
            row(n, "keep" if cell < 2 else "reject", gate=cell in (0, 2), passage_id=f"p{n // 3}")
            for n, cell in enumerate(cells)
        ]
        found = summarize_review(rows)
        assert found is not None and found.agreement is not None
        held += found.agreement.low <= truth <= found.agreement.high
    assert held / 400 >= 0.935, held


def test_without_an_item_that_the_checks_stopped_there_is_no_kappa() -> None:
    assert compute_agreement([(True, True), (False, True)]) is None
    assert compute_agreement([(True, False)]) is None
    assert compute_agreement([]) is None


def test_the_share_of_sound_items_has_wilson_s_interval() -> None:
    rate = estimate_sound_share([row(n, "keep" if n < 54 else "reject") for n in range(60)])
    assert rate is not None and (rate.correct, rate.n) == (54, 60)
    assert (rate.low, rate.high) == pytest.approx(proportion_confint(54, 60, method="wilson"))
    assert (round(rate.low, 2), round(rate.high, 2)) == (0.8, 0.95)  # as make_sheets.py says


def test_items_of_one_passage_count_for_less() -> None:
    alone = [row(n, "keep" if n % 4 else "reject") for n in range(48)]
    alike = [row(n, "keep" if n // 6 % 4 else "reject", passage_id=f"p{n // 6}") for n in range(48)]
    one, other = estimate_sound_share(alone), estimate_sound_share(alike)
    assert one and other and one.rate == other.rate == 0.75
    assert other.high - other.low > 1.8 * (one.high - one.low)


def test_a_summary_counts_every_decision_once() -> None:
    rows = [
        *(row(n) for n in range(6)),
        row(6, "reject"),
        row(7, "mend", kind="question"),
        row(8, "mend", outcome="fell"),
        row(9, None),
        row(10, "keep", gate=False, outcome="refused"),
        row(11, "reject", gate=False, outcome="refused"),
        row(12, "reject", gate=None, kind=None, outcome="unmatched"),
    ]
    found = summarize_review(rows)
    assert found is not None and found.reviewed == 9
    assert found.outcomes == {
        "kept": 6, "rejected": 1, "mended": 1, "fell": 1, "undecided": 1, "refused": 2,
        "unmatched": 1,
    }  # fmt: skip
    assert sum(found.outcomes.values()) == len(rows)
    assert found.sound and found.sound.rate == pytest.approx(6 / 9)
    assert found.by_kind["pair"].n == 8 and found.by_kind["question"].rate == 0
    assert found.agreement and found.agreement.n == 11 and found.agreement.only_person == 1
    assert summarize_review([]) is None
