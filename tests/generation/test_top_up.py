"""What the checks over the whole book took is asked for again: of chapters that have more, in new words, within the money."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chapter_yields import build_yield as gave
from support.openai_server.server import start_server
from support.openai_study import (
    SHORT_RETRIES,
    build_fake_gate,
    build_plan,
    load_chapters,
    write_study,
)

from tasks.generation.openai.openai_writer import write_items_by_model
from tasks.generation.quotas import Quota
from tasks.generation.response_cache import ResponseCache
from tasks.generation.whole_book.top_up import compute_top_up_quotas


def test_as_many_are_asked_for_as_will_be_left():
    # 120 questions kept by their chapters, 80 left, 20 missing: 20 · 120/80 = 30 more, in equal shares
    assert compute_top_up_quotas(Quota(0, 20), Quota(100, 80), [gave(50, 60), gave(50, 60)]) == {
        0: Quota(50, 75),
        1: Quota(50, 75),
    }


def test_a_chapter_that_has_no_more_is_not_asked_and_one_kind_does_not_ask_for_the_other():
    asked = compute_top_up_quotas(
        Quota(10, 0), Quota(90, 100), [gave(50, 50, pairs_ended="exhausted"), gave(50, 50)]
    )
    assert asked == {1: Quota(50 + 12, 50)}  # 10 · 100/90 = 11.1


def test_nothing_is_asked_where_nothing_is_missing_or_no_chapter_has_more():
    assert compute_top_up_quotas(Quota(0, 0), Quota(100, 100), [gave(50, 50)]) == {}
    assert (
        compute_top_up_quotas(Quota(9, 9), Quota(41, 41), [gave(50, 50, "rounds", "budget")]) == {}
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["met", "exhausted"])),
        min_size=1,
        max_size=9,
    ),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_never_less_than_is_missing_is_asked_for_and_never_less_than_there_was(
    chapters, pairs, questions
):
    chapters = [gave(a, b, ended, "met") for a, b, ended in chapters]
    asked = compute_top_up_quotas(Quota(pairs, questions), Quota(10, 10), chapters)
    before = Quota(
        *(sum(one.account.kept[kind] for one in chapters) for kind in ("pair", "question"))
    )
    after = [asked.get(i, Quota(*one.account.kept.values())) for i, one in enumerate(chapters)]
    assert all(
        quota.pairs >= one.account.kept["pair"] for quota, one in zip(after, chapters, strict=True)
    )
    assert sum(quota.questions for quota in after) >= before.questions + questions
    if any(one.account.ended["pair"] == "met" for one in chapters):
        assert sum(quota.pairs for quota in after) >= before.pairs + pairs


@pytest.fixture
def server(monkeypatch):
    with start_server() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        yield running


def more(ledger, chosen, quota, before, passages):
    opened = ResponseCache(ledger, chosen.budget_usd, chosen.prices)
    return write_items_by_model(
        passages,
        quota,
        chosen,
        "fa",
        ledger=opened,
        accept=build_fake_gate(passages, before.kept),
        machine_concurrency=8,
        patience=SHORT_RETRIES,
        before=before,
    )


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_chapter_asked_for_more_gives_more_and_is_asked_nothing_twice(tmp_path, server, mode):
    chosen, passages = build_plan(mode=mode, pairs=6, questions=6, per_request=4), load_chapters(5)
    first = write_study(tmp_path, chosen, passages)["chapter 5"]
    after = more(tmp_path, chosen, Quota(6, 11), first, passages["chapter 5"])
    assert after.usage.kept == {"pair": 6, "question": 11} and set(after.usage.ended.values()) == {
        "met"
    }
    assert after.drafts[: len(first.drafts)] == first.drafts
    assert (
        len({draft.id for draft in after.drafts})
        == len(after.drafts)
        == after.usage.requests
        == after.usage.sent
    )
    assert max(Counter(server.list_answered()).values()) == 1
    again = more(tmp_path, chosen, Quota(6, 11), first, passages["chapter 5"])
    assert (
        again.drafts == after.drafts and again.usage.sent == first.usage.sent
    )  # all from the ledger


def test_what_a_kind_ended_with_is_still_told_when_only_the_other_is_asked_for_more(
    tmp_path, server
):
    chosen, passages = build_plan(pairs=6, questions=6), load_chapters(5)
    first = write_study(tmp_path, chosen, passages)["chapter 5"]
    account = first.usage.model_copy(
        update={
            "wanted": {"pair": 9, "question": 6},
            "ended": {"pair": "exhausted", "question": "met"},
            "rounds": 3,
        }
    )
    after = more(
        tmp_path, chosen, Quota(6, 8), first._replace(usage=account), passages["chapter 5"]
    )
    assert after.usage.wanted == {"pair": 9, "question": 8} and after.usage.kept == {
        "pair": 6,
        "question": 8,
    }
    assert after.usage.ended == {"pair": "exhausted", "question": "met"} and after.usage.rounds > 3


def test_money_that_ends_while_more_is_asked_for_leaves_what_there_is(tmp_path, server):
    chosen, passages = build_plan(pairs=6, questions=6), load_chapters(5)
    first = write_study(tmp_path, chosen, passages)["chapter 5"]
    spent = server.compute_bill()
    poor = chosen.model_copy(update={"budget_usd": spent + 0.001})
    after = more(tmp_path, poor, Quota(6, 12), first, passages["chapter 5"])
    assert after.drafts == first.drafts and after.usage.ended == {
        "pair": "met",
        "question": "budget",
    }
    assert server.compute_bill() == spent
