"""The whole gate: counts add up, facts stay on one side, leaks and surplus are told, keys are balanced, seeds decide."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.items.gate_items import BOOK, PAIR, QUESTION
from support.items.gate_items import build_draft as response
from support.items.gate_runs import check_drafts, validate_drafts
from support.items.handbook_passages import load_handbook
from support.items.planted_defects import (
    build_draft,
    list_shown_passages,
    load_book,
    make_good_items,
)

from tasks.generation.quotas import allocate_quotas
from tasks.generation.rules.rule_writer import write_items_by_rules
from tasks.schemas.errors import NothingLeft
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.item_checker import ItemChecker
from tasks.validation.validate import PlannedCounts, refuse_empty_result, validate_items

PLAN = ValidationPlan()


@pytest.fixture(scope="module")
def drafts():
    plan, chapters = StudyPlan().generation, load_handbook()
    quotas = allocate_quotas(chapters, plan)
    return [
        d
        for title, passages in chapters.items()
        for d in write_items_by_rules(passages, quotas[title], plan, "fa")
    ]


@pytest.fixture(scope="module")
def gate(drafts):
    return validate_drafts(drafts, load_book(), PLAN, "fa", wanted=PlannedCounts(300, 200))


def check_counts(gate, came):
    """came = kept + Σ fell at every stage, and each stage begins with what the one before it kept."""
    for kind, items, used in (
        ("pair", came["pair"], len(gate.pairs) + len(gate.held_out)),
        ("question", came["question"], len(gate.same_fact) + len(gate.new_fact)),
    ):
        stages = [s for s in gate.funnel if s.kind == kind]
        assert stages[0].came == items and stages[-1].kept == used
        assert all(s.came == s.kept + sum(s.fell.values()) for s in stages)
        assert all(a.kept == b.came for a, b in pairwise(stages))
        assert items == used + sum(r.items for r in gate.rejected if r.kind == kind)


def test_rule_writers_items_are_let_through(gate, drafts):
    items = Counter()
    for one in drafts:
        items[one.kind] += len(json.loads(one.raw)["items"])
    check_counts(gate, items)
    unsound = [
        r.reason
        for r in gate.rejected
        if r.check in ("parsing", "grounding", "flaws", "duplicates")
    ]
    assert len(unsound) <= 0.02 * items.total(), unsound


def test_wanted_numbers_come_out_exactly_and_surplus_is_counted(gate):
    assert len(gate.pairs) + len(gate.held_out) == 300
    assert len(gate.same_fact) + len(gate.new_fact) == 200
    assert {r.kind for r in gate.rejected if r.check == "surplus"} <= {"pair", "question"}


def test_new_facts_are_never_taught_and_same_facts_always(gate):
    taught = {p.fact for p in gate.pairs}
    assert {q.fact for q in gate.same_fact} <= taught
    assert not {q.fact for q in gate.new_fact} & (taught | {p.fact for p in gate.held_out})
    assert {p.fact for p in gate.held_out} <= taught
    assert gate.new_fact and gate.same_fact and gate.held_out
    out = {r.reason for r in gate.rejected if r.check == "split"}
    assert out and all(r.code == "kept-out-of-training" for r in out)


def test_training_questions_ask_taught_pairs_with_diagnoses_of_their_chapter(gate):
    symptoms = {p.symptom.rstrip(" .") for p in gate.pairs}
    assert len(gate.train) == PLAN.train_questions
    for q in gate.train:
        assert any(q.question.startswith(s) for s in symptoms) and len(set(q.options)) == 4
    chapters = {p.section: p.chapter for p in load_book() if p.section and p.heading}
    assert all(len({chapters[o] for o in q.options}) == 1 for q in gate.train)


def test_keys_stand_equally_often_at_each_place(gate):
    for questions in (gate.train, gate.same_fact, gate.new_fact):
        counts = Counter(q.answer for q in questions)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_every_quote_is_cut_from_its_passage(gate):
    passages = {p.id: p for p in load_book()}
    for row in (*gate.pairs, *gate.held_out, *gate.train, *gate.same_fact, *gate.new_fact):
        passage = passages[row.quote.passage_id]
        assert (
            passage.text[row.quote.start : row.quote.end] == row.quote.text
            and row.quote.page == passage.page
        )


def test_seed_decides_everything(drafts, gate):
    some = drafts[: len(drafts) // 4]
    once, again = (validate_drafts(some, load_book(), PLAN, "fa") for _ in range(2))
    assert once == again
    other = validate_drafts(
        drafts, load_book(), ValidationPlan(seed=1), "fa", wanted=PlannedCounts(300, 200)
    )
    assert {q.fact for q in other.new_fact} != {q.fact for q in gate.new_fact}


def test_ids_are_unique(gate):
    rows = [*gate.pairs, *gate.held_out, *gate.train, *gate.same_fact, *gate.new_fact]
    assert len({r.id for r in rows}) == len(rows)


def test_question_that_repeats_a_training_text_is_refused_with_its_pair():
    pair = {
        **PAIR,
        "symptom": "زن ۲۳ ساله با خس‌خس سینه هنگام بازدم و تنگی نفس شبانه که پس از ورزش بدتر شده است",
    }
    leaked = {**QUESTION, "question": f"{pair['symptom']}. کدام تشخیص درست‌تر است؟"}
    rows = [response(pair), response(leaked, QUESTION, kind="question", number=1)]
    done = validate_drafts(rows, BOOK, ValidationPlan(new_fact_share=0), "fa")
    assert [r.check for r in done.rejected] == ["leakage"]
    assert done.rejected[0].reason.values["pair"] == done.pairs[0].id and [
        q.question for q in done.same_fact
    ] == [QUESTION["question"]]


def test_nothing_left_says_how_many_fell_by_which_check():
    with pytest.raises(
        NothingLeft,
        match=r"0 of 1 training pairs survived: 1 fell at «found in the book» \(1 quote not in the passages\)\. The rejections hold each with its reason\. Most quotes are not in the book",
    ):
        nothing_of([response({**PAIR, "quote": "در این کتاب نیست که چنین باشد"})])


def test_nothing_written_says_what_rules_need_and_what_else_there_is():
    with pytest.raises(
        NothingLeft,
        match=r"not one of the training pairs was written\. Rules draw only from .*generation\.writer=gpt",
    ):
        nothing_of([])


def nothing_of(drafts):
    done = validate_drafts(drafts, BOOK, PLAN, "fa", wanted=PlannedCounts(10, 0))
    refuse_empty_result(
        done.funnel, (len(done.pairs) + len(done.held_out), 0), PlannedCounts(10, 0)
    )


def test_chapters_checked_apart_give_what_one_check_of_all_gives(drafts):
    """Repeats between chapters fall in the second step, with the counts of the first."""
    some = drafts[:3] + [d for d in drafts[:12] if d.kind == "question"][:3]
    plan = ValidationPlan(new_fact_share=0)
    apart = [check_drafts(part, load_book(), plan, "fa") for part in (some[:2], some[2:], some[:1])]
    assert not any(r.check == "duplicates" for chapter in apart for r in chapter.rejected)
    whole = validate_drafts([*some, some[0]], load_book(), plan, "fa")
    done = validate_items(apart, load_book(), plan, "fa")
    assert done._replace(rejected=[]) == whole._replace(rejected=[])
    repeated = [r.reason for r in done.rejected if r.check == "duplicates"]
    assert repeated == [r.reason for r in whole.rejected if r.check == "duplicates"]
    assert len(repeated) == len(apart[2].kept) > 0


def test_a_chapters_checks_go_on_from_what_they_had_kept(drafts):
    first, plan = check_drafts(drafts[:2], load_book(), PLAN, "fa"), PLAN
    checker = ItemChecker(load_book(), "fa", plan)
    checker.add_chapter(first)
    assert checker.collect_items() == first
    again = checker.check_draft(drafts[0])
    assert not again.kept and {r.check for r in again.rejected} == {"duplicates"}


def test_a_models_names_of_facts_do_not_decide_what_is_one_fact(drafts):
    chapter = check_drafts(drafts[:2], load_book(), PLAN, "fa")
    names = [
        row.model_copy(update={"fact": f"{number}"}) for number, row in enumerate(chapter.kept)
    ]
    one, other = (
        validate_items([chapter._replace(kept=kept, names_facts=False)], load_book(), PLAN, "fa")
        for kept in (chapter.kept, names)
    )
    assert one == other


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_counts_add_up_whatever_comes(data):
    items = make_good_items(24)
    drafts = []
    for number, (kind, item) in enumerate(data.draw(st.permutations(items))):
        raw = json.dumps(item, ensure_ascii=False)
        cut = data.draw(
            st.sampled_from(
                [
                    raw,
                    raw,
                    raw,
                    raw[: len(raw) // 2],
                    raw.replace(item["quote"][:4], "؟"),
                    "",
                    raw + raw,
                ]
            )
        )
        finish = data.draw(st.sampled_from(["stop", "stop", "stop", "length", "refusal"]))
        drafts.append(
            build_draft(kind, cut, number, list_shown_passages(item)).model_copy(
                update={"finish": finish, "asked": data.draw(st.integers(1, 4))}
            )
        )
    try:
        done = validate_drafts(
            drafts,
            load_book(),
            ValidationPlan(new_fact_share=data.draw(st.floats(0, 1))),
            "fa",
            wanted=PlannedCounts(5, 5),
        )
    except NothingLeft:
        return
    came = {
        kind: next(s.came for s in done.funnel if s.kind == kind) for kind in ("pair", "question")
    }
    check_counts(done, came)
    assert not {q.fact for q in done.new_fact} & {p.fact for p in (*done.pairs, *done.held_out)}
    assert {q.fact for q in done.same_fact} <= {p.fact for p in done.pairs}


def test_the_hint_is_for_the_step_at_which_most_fell():
    with pytest.raises(NothingLeft, match=r"Most could not be read as items"):
        nothing_of([response("no JSON"), response("none here"), response({**PAIR, "quote": "نه"})])
