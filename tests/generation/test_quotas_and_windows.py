"""Numbers shared over chapters and places; rounds fixed before they are sent."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from support.openai_study import build_plan, load_chapters

from tasks.generation import book_windows
from tasks.generation.book_windows import FallenItem
from tasks.generation.quotas import Quota, allocate_quotas, count_letters
from tasks.schemas.item_rows import Pair, Passage, Quote
from tasks.schemas.messages import build_message
from tasks.schemas.sections.apportionment import apportion_total


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 10_000), max_size=12), st.integers(0, 500)
)
def test_shares_sum_up_exactly_and_go_to_weights_only(weights, total):
    shares = apportion_total(weights, total)
    assert sum(shares.values()) == (total if any(weights.values()) else 0)
    assert all(shares[name] == 0 for name, weight in weights.items() if weight == 0)


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 10_000), min_size=1, max_size=12),
    st.integers(0, 500),
)
def test_every_weighted_place_gets_one_when_there_are_enough(weights, total):
    shares = apportion_total(weights, total)
    assert total < len(weights) or min(shares.values()) >= 1


def test_largest_remainder_by_hand():
    # 10 · (5, 3, 1)/9 = 5.56, 3.33, 1.11: floors 5, 3, 1; the one left goes to the largest remainder
    assert apportion_total({"a": 5, "b": 3, "c": 1}, 10) == {"a": 6, "b": 3, "c": 1}


def test_a_chapter_without_text_gets_nothing_and_own_items_draft_nothing():
    empty = [Passage(id="p001-01", chapter="e", page=1, text="۱۲ ۳۴")]
    shares = allocate_quotas(
        {"e": empty, **load_chapters(1)}, build_plan(pairs=10, questions="mine.json")
    )
    assert shares == {"e": Quota(0, 0), "chapter 1": Quota(10, 0)}


def test_a_title_page_need_not_contribute_but_a_short_chapter_does():
    title = [Passage(id="p001-01", chapter="t", page=1, text="ا" * 100)]
    short = [Passage(id="p002-01", chapter="s", page=2, text="ا" * 500)]
    shares = allocate_quotas(
        {"t": title, "s": short, **load_chapters(1, 5)}, build_plan(pairs=20, questions=0)
    )
    assert (
        shares["t"].pairs == 0
        and shares["s"].pairs == 1
        and sum(q.pairs for q in shares.values()) == 20
    )


def test_the_margin_is_drafted_on_top():
    assert allocate_quotas(load_chapters(1), build_plan(pairs=100, questions=50, margin=0.1))[
        "chapter 1"
    ] == Quota(110, 55)


def test_places_hold_every_passage_once_and_the_whole_quota():
    for quota in (Quota(3, 1), Quota(40, 30), Quota(400, 300)):
        passages = load_chapters(1)["chapter 1"]
        windows = book_windows.plan_windows(passages, quota, build_plan())
        assert [p for w in windows for p in w.passages] == passages
        assert sum(w.need["pair"] for w in windows) == quota.pairs
        assert sum(w.need["question"] for w in windows) == quota.questions


def test_no_place_is_much_larger_than_what_may_be_shown():
    passages = load_chapters(1, 5)
    for rows in passages.values():
        windows = book_windows.plan_windows(rows, Quota(4, 4), build_plan(shown_characters=3000))
        longest = max(len(p.text) for p in rows)
        assert all(sum(len(p.text) for p in w.passages) <= 3000 + longest for w in windows)


def test_a_round_asks_for_what_is_missing_and_no_request_for_more_than_the_plan_says():
    chosen, quota = build_plan(per_request=10, paraphrases=3), Quota(50, 20)
    windows = book_windows.plan_windows(load_chapters(1)["chapter 1"], quota, chosen)
    asks = book_windows.plan_round(windows, quota, chosen, [])
    assert sum(a.asked for a in asks if a.kind == "pair") == 50
    assert all(a.asked <= 9 for a in asks if a.kind == "pair")  # whole facts of three wordings
    assert all(sum(a.kinds.values()) == a.asked for a in asks if a.kind == "question")


def test_question_types_follow_their_shares_over_many_requests():
    shares = {"diagnosis": 0.6, "telling_apart": 0.2, "symptoms": 0.1, "complications": 0.1}
    have = Counter()
    for size in (3, 4, 3, 7, 3):
        book_windows.allocate_question_types(shares, have, size)
    assert have == {"diagnosis": 12, "telling_apart": 4, "symptoms": 2, "complications": 2}


def item(number, passage):
    quote = Quote(passage_id=passage.id, page=passage.page, start=0, end=3, text=passage.text[:3])
    return Pair(id=str(number), fact=f"f{number}", symptom="s", diagnosis="d", quote=quote)


def test_surplus_of_one_place_pays_the_debt_of_another_and_closed_places_pass_theirs_on():
    quota = Quota(20, 0)
    windows = book_windows.plan_windows(
        load_chapters(1)["chapter 1"], quota, build_plan(shown_characters=4000)
    )
    assert len(windows) > 2
    kept = [item(n, windows[0].passages[0]) for n in range(15)]
    windows[0].need["pair"] -= 15
    windows[1].closed_reasons["pair"] = "exhausted"
    asks = book_windows.plan_round(windows, quota, build_plan(), kept)
    assert sum(a.asked for a in asks) == 5
    assert all(a.window is not windows[1] for a in asks)


def test_the_same_question_asked_again_is_another_request():
    quota, chosen = Quota(5, 0), build_plan()
    windows = book_windows.plan_windows(load_chapters(1)["chapter 1"], quota, chosen)
    first, second = (
        book_windows.plan_round(windows, quota, chosen, [], turn)[0].sample for turn in (0, 1)
    )
    assert first != second


def test_what_is_refused_is_shown_in_halves_and_an_only_passage_is_given_up():
    place = book_windows.plan_windows(load_chapters(1)["chapter 1"], Quota(7, 3), build_plan())[0]
    halves = book_windows.split_window(place, "pair")
    assert [p for h in halves for p in h.passages] == list(place.passages)
    assert sum(h.need["pair"] for h in halves) == 7 and sum(h.need["question"] for h in halves) == 3
    only = book_windows.Window(place.passages[:1], {"pair": 1, "question": 0}, 10)
    assert book_windows.split_window(only, "pair") == [only] and only.closed_reasons == {
        "pair": "refused"
    }


def test_refused_items_stay_with_the_half_that_they_rest_on():
    place = book_windows.plan_windows(load_chapters(1)["chapter 1"], Quota(7, 3), build_plan())[0]
    reason = build_message("too-short", text="x")
    for passage in place.passages:
        place.fallen["question"].append(FallenItem(passage.id, reason, (passage,)))
    place.fallen["question"].append(FallenItem("any", reason, place.passages))
    first, second = book_windows.split_window(place, "pair")
    assert [item.raw for item in first.fallen["question"]] == [
        *(p.id for p in first.passages),
        "any",
    ]
    assert [item.raw for item in second.fallen["question"]] == [p.id for p in second.passages]


def test_substance_counts_letters_of_prose_only():
    rows = [
        Passage(id="a", chapter="c", page=1, text="کوتاه"),
        Passage(id="b", chapter="c", page=1, text="ا" * 50 + "۱۲۳ ."),
    ]
    assert count_letters(rows) == 50
