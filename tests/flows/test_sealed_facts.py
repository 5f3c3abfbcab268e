"""Sealed facts: whole, of each set, asked by nobody but the study that opens them."""

import pytest
from support.items.scored_questions import make_questions

from flows.prepare import seal_facts
from tasks.schemas.plan_file import parse_plan
from tasks.store.artifact_groups import CheckedItems, QuestionSets
from tasks.store.artifacts import FilterSteps, Pairs, Rejections, ReviewedItems


def split(confirms: bool, share: float = 0.3, untaught: int = 40) -> tuple[CheckedItems, ...]:
    papers = {
        "train": make_questions(10, 1, "t"),
        "same_fact": make_questions(120, 4, "s"),
        "new_fact": make_questions(untaught, 4, "n"),
    }
    whole = CheckedItems(
        pairs=Pairs.save_rows([]),
        held_out=Pairs.save_rows([]),
        sitting=QuestionSets.save_sets(papers),
        rejected=Rejections.save_rows([]),
        funnel=FilterSteps.save_rows([]),
        reviewed=ReviewedItems.save_rows([]),
    )
    changes = {"validation.sealed_share": share, "comparison.confirms": confirms}
    return whole, seal_facts(whole, parse_plan({}, changes))


def test_a_share_of_the_whole_facts_of_each_set_is_not_asked() -> None:
    whole, kept = split(confirms=False)
    asked, sealed = kept.sitting.load_sets(), kept.unasked.load_sets()
    for name in ("same_fact", "new_fact"):
        rows = whole.sitting.load_sets()[name]
        assert {q.fact for q in asked[name]}.isdisjoint(q.fact for q in sealed[name])
        ids = sorted(q.id for part in (asked, sealed) for q in part[name])
        assert ids == sorted(q.id for q in rows)
        assert len(sealed[name]) == pytest.approx(0.3 * len(rows), abs=2)
    assert asked["train"] == whole.sitting.load_sets()["train"]
    assert kept.count_items() == whole.count_items()  # nothing is missing, so nothing is reordered


def test_a_confirming_study_asks_the_sealed_facts_and_no_other() -> None:
    _, kept = split(confirms=False)
    _, opened = split(confirms=True)
    for name in ("same_fact", "new_fact"):
        assert opened.sitting.load_sets()[name] == kept.unasked.load_sets()[name]
        assert opened.unasked.load_sets()[name] == kept.sitting.load_sets()[name]


def test_a_set_without_questions_seals_none_and_a_share_of_nothing_changes_nothing() -> None:
    _, kept = split(confirms=False, untaught=0)
    assert kept.unasked.new_fact.count == 0 and kept.unasked.same_fact.count
