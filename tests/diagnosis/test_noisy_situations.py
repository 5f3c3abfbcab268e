"""The bench of causes: labelled situations, drawn with noise; its table is in docs/diagnosis.md."""

import pytest
from support.noisy_situations.situations import FAULTY, FEW, HEALTHY, SITUATIONS
from support.noisy_situations.tally import (
    compute_false_alarms,
    compute_right_share,
    judge_draw,
)

DRAWS = range(100, 104)  # none that the rules were looked at with


def test_there_are_enough_situations_of_each_kind_under_names_of_their_own() -> None:
    assert len(SITUATIONS) >= 60 and len({one.name for one in SITUATIONS}) == len(SITUATIONS)
    assert len(HEALTHY) >= 20 and len(FEW) >= 10


def test_of_one_draw_of_some_situations_most_are_answered_right() -> None:
    """A fifth of the faulty and a quarter of the healthy ones: the whole bench is slow."""
    outcomes = judge_draw(99, [*HEALTHY[::4], *FAULTY[::5]])
    assert compute_right_share(outcomes, "healthy") >= 5 / 6
    assert compute_right_share(outcomes, "faulty") >= 0.8


@pytest.fixture(scope="module")
def outcomes() -> list:
    return [one for draw in DRAWS for one in judge_draw(draw)]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "least"), [("healthy", 0.95), ("few", 0.85), ("faulty", 0.85)])
def test_the_first_cause_is_mostly_right(outcomes, kind, least) -> None:
    assert compute_right_share(outcomes, kind) >= least


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_rule_speaks_in_more_than_a_twentieth_of_healthy_studies(outcomes) -> None:
    assert max(compute_false_alarms(outcomes, "healthy").values(), default=0.0) <= 0.05
