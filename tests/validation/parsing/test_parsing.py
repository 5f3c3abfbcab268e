"""The exercise's printed defects are mended where one reading is certain, refused else, and counted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.items.gate_items import PAIR, QUESTION, build_draft

from tasks.schemas.item_rows import Draft
from tasks.validation.parsing import draft_reader, lenient_json
from tasks.validation.parsing.draft_reader import read_draft


def only(found):
    assert len(found.items) == 1, found.rejected
    return found.items[0]


def as_json(item) -> str:
    return json.dumps(item, ensure_ascii=False)


def test_wrapped_bare_and_fenced_lists_are_read_alike():
    whole = as_json([PAIR, PAIR])
    for raw in (
        whole,
        f'{{"items": {whole}}}',
        f"این هم فهرست:\n```json\n{whole}\n```\nموفق باشید.",
        as_json(PAIR) + "\n" + as_json(PAIR),
    ):
        found = read_draft(build_draft(raw=raw), "fa")
        assert [i.diagnosis for i in found.items] == ["آسم", "آسم"] and not found.rejected


def test_trailing_and_missing_commas_are_mended_and_named():
    raw = '{"items": [{"symptom": "مرد ۵۰ ساله با تب" \n "diagnosis": "مالاریا",}, ]}'
    item = only(read_draft(build_draft(raw=raw), "fa"))
    assert (item.text, item.diagnosis) == ("مرد ۵۰ ساله با تب", "مالاریا")
    assert set(item.repairs) >= {"trailing-comma", "missing-comma"}


def test_bare_persian_digit_is_the_key():
    raw = as_json(QUESTION).replace('"answer": 2', '"answer": ۲')
    item = only(read_draft(build_draft(kind="question", raw=raw), "fa"))
    assert item.answer == 2 and "digits-of-another-script" in item.repairs


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("47-year-old man with a cough", "47-year-old man with a cough"),
        ("3. A man with a cough", "A man with a cough"),
        ("12) A man with a cough", "A man with a cough"),
        ("3 - A man with a cough", "A man with a cough"),
        ("۳-مردی با سرفه", "مردی با سرفه"),
        ("۳. مردی با سرفه", "مردی با سرفه"),
    ],
)
def test_the_number_of_an_item_goes_and_an_age_stays(text, kept):
    mended = []
    assert draft_reader._strip_opening(text, mended) == kept
    assert mended == ["numbering"] * (text != kept)


def test_stray_letters_before_the_text_go():
    item = only(read_draft(build_draft({**PAIR, "symptom": "و.مرد ۵۰ ساله با تب و لرز"}), "fa"))
    assert item.text == "مرد ۵۰ ساله با تب و لرز" and item.repairs == ("stray-letters",)


@pytest.mark.parametrize(
    "text",
    [
        "E. coli در کشت ادرار دختر ۵ ساله",
        "۳.۵ کیلوگرم وزن نوزاد پسر",
        "T-score پایین در زن ۶۰ ساله",
        "آ. مرکزی شبکیه بسته است",
    ],
)
def test_abbreviations_and_numbers_at_the_beginning_stay(text):
    item = only(read_draft(build_draft({**PAIR, "symptom": text}), "fa"))
    assert item.text.split()[-1] == text.split()[-1] and (text.startswith("آ") or item.text == text)


def test_quotation_marks_inside_a_string_are_kept():
    raw = '{"symptom": "بیمار "خس‌خس" دارد", "diagnosis": "آسم"}'
    assert only(read_draft(build_draft(raw=raw), "fa")).text == 'بیمار "خس‌خس" دارد'


def test_string_without_an_end_spoils_only_its_own_item():
    raw = '[{"symptom": "مرد ۵۰ ساله با تب, "diagnosis": "آسم"}, ' + as_json(PAIR) + "]"
    found = read_draft(build_draft(raw=raw), "fa")
    assert [i.text for i in found.items] == [PAIR["symptom"]]
    assert [r.items for r in found.rejected] == [1]


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("۲", 2),
        ("٣", 3),
        ("گزینه ۲", 2),
        ("الف", 1),
        ("ب", 2),
        ("ج)", 3),
        ("د", 4),
        ("B", 2),
        ("b) آسم", 2),
        ("آسم", 2),
        ([2], 2),
        (2.0, 2),
        ("option 4", 4),
    ],
)
def test_keys_in_words_are_read(answer, key):
    assert (
        only(read_draft(build_draft({**QUESTION, "answer": answer}, kind="question"), "fa")).answer
        == key
    )


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (0, "key-out-of-range"),
        (5, "key-out-of-range"),
        (2.5, "key-out-of-range"),
        (True, "no-key"),
        (None, "no-key"),
        ([1, 2], "several-keys"),
        ("۲ و ۳", "an-illegible-key"),
        ("ه", "an-illegible-key"),
        ("نمی‌دانم", "an-illegible-key"),
        ("ج) آسم", "the-key-contradicts-itself"),
    ],
)
def test_uncertain_keys_are_refused(answer, label):
    found = read_draft(build_draft({**QUESTION, "answer": answer}, kind="question"), "fa")
    assert not found.items and [r.reason.code for r in found.rejected] == [label]


def test_key_that_is_a_number_and_another_option_is_refused():
    asked = {
        **QUESTION,
        "question": "چند لوب در ریهٔ راست است؟",
        "options": ["۱", "۲", "۴", "۳"],
        "answer": "۳",
    }
    assert (
        read_draft(build_draft(asked, kind="question"), "fa").rejected[0].reason.code
        == "key-is-number-and-text"
    )


def test_option_marks_go_and_marks_out_of_order_are_refused():
    marked = ["الف) پنومونی", "ب) آسم", "ج) آمبولی ریه", "د) برونشیت مزمن"]
    assert only(
        read_draft(build_draft({**QUESTION, "options": marked}, kind="question"), "fa")
    ).options == tuple(QUESTION["options"])
    found = read_draft(build_draft({**QUESTION, "options": marked[::-1]}, kind="question"), "fa")
    assert found.rejected[0].reason.code == "options-out-of-order"


def test_a_field_twice_with_two_values_is_refused():
    raw = '{"symptom": "مرد ۵۰ ساله با تب", "diagnosis": "آسم", "diagnosis": "سل"}'
    assert not read_draft(build_draft(raw=raw), "fa").items


@pytest.mark.parametrize("finish", ["refusal", "content_filter", "error"])
def test_a_response_that_is_none_stands_for_all_that_was_asked(finish):
    found = read_draft(build_draft(raw="", finish=finish, asked=10), "fa")
    assert [(r.check, r.items) for r in found.rejected] == [(finish, 10)]


def test_a_broken_response_is_one_rejection_for_all_its_items():
    found = read_draft(build_draft(raw="متأسفانه نمی‌توانم.", asked=10), "fa")
    assert [(r.check, r.items) for r in found.rejected] == [("parsing", 10)]


@pytest.mark.parametrize(
    "raw",
    ['{"items": []}', "[]", '```json\n{"items": []}\n```', 'متن چیز دیگری ندارد: {"items": [],}'],
)
def test_an_empty_list_says_that_there_is_no_more_and_nothing_fell(raw):
    found = read_draft(build_draft(raw=raw, asked=10), "fa")
    assert found.exhausted and not found.items and not found.rejected


@pytest.mark.parametrize(
    "raw", ["{}", "", '{"items": null}', '{"items": ["…"]}', '{"items": []} {"items": [']
)
def test_what_is_no_empty_list_is_a_broken_answer(raw):
    found = read_draft(build_draft(raw=raw, asked=10), "fa")
    assert not found.exhausted and found.rejected


def test_a_cut_response_gives_its_whole_items_and_counts_the_lost_ones():
    whole = as_json({"items": [PAIR, PAIR, PAIR]})
    found = read_draft(build_draft(raw=whole[: len(whole) - 40], finish="length", asked=10), "fa")
    assert len(found.items) == 2 and [(r.check, r.items) for r in found.rejected] == [("length", 8)]


def test_of_more_items_than_an_honest_answer_holds_the_rest_is_counted_unread():
    raw = json.dumps({"items": [PAIR] * (draft_reader.MOST_ITEMS + 203)})
    found = read_draft(build_draft(raw=raw), "fa")
    assert len(found.items) == draft_reader.MOST_ITEMS
    assert [(one.reason.code, one.items) for one in found.rejected] == [
        ("more-items-than-are-read", 203)
    ]


def test_hostile_nesting_and_size_end_quickly():
    for raw in (
        "{" * 50_000,
        '{"a":' * 50_000,
        "[" * 50_000,
        '{"symptom": "' * 5_000,
        '{"items": [' * 9_000 + "}" * 9_000,
    ):
        assert not read_draft(build_draft(raw=raw, asked=3), "fa").items


@given(st.text(max_size=300), st.integers(0, 200))
def test_any_text_ends_in_items_or_rejections(text, cut):
    whole = as_json({"items": [PAIR, QUESTION]})
    for raw in (text, whole[:cut] + text + whole[cut:]):
        for kind in ("pair", "question"):
            found = read_draft(
                Draft(id="x", kind=kind, passages=(), asked=2, writer="w", raw=raw), "fa"
            )
            assert found.items or found.rejected or found.exhausted


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=9,
    ),
    st.text(),
)
def test_sound_objects_are_read_as_json_reads_them(value, key):
    text = json.dumps({key: value}, ensure_ascii=False)
    assert [r.value for r in lenient_json.read_objects(f"بفرمایید: {text} پایان").parsed] == [
        {key: value}
    ]


def test_whole_numbers_are_read_to_their_last_digit_and_endless_ones_refused():
    assert lenient_json.read_objects('x {"a": 9007199254740993, "b": ۱۲, "c": 2.0}').parsed[
        0
    ].value == {"a": 9007199254740993, "b": 12, "c": 2}
    assert not lenient_json.read_objects('x {"a": %s}' % ("9" * 400)).parsed


@pytest.mark.parametrize("around", ["{}", "Here it is: {}", "[{},]"])
def test_half_a_character_spoils_its_own_item_and_can_be_written_down(around):
    """`\\ud83d` is the first half of an emoji's escape; no UTF-8 file can hold it."""
    halved = as_json(PAIR).replace(PAIR["symptom"], PAIR["symptom"] + " \\ud83d")
    found = read_draft(build_draft(raw=around.replace("{}", halved)), "fa")
    assert [rejection.reason.code for rejection in found.rejected] == ["illegible-characters"]
    assert found.rejected[0].model_dump_json()
