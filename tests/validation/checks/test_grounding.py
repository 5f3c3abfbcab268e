"""A quote is found in spite of spacing and letter variants, and never in spite of a number, a negation or a drug."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.items.gate_items import ASTHMA, BOOK, PAIR, QUESTION, build_draft
from support.items.planted_defects import load_book

from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.grounding import find_quote
from tasks.validation.checks.passage_index import PassageIndex
from tasks.validation.item_checker import ItemChecker

SENTENCE = "در ۱۲.۵ درصد بیماران فشار خون ۱۴۰/۹۰ دیده می‌شود و HbA1c آن‌ها ۶٫۵ است."


def taken(item, kind="pair", book=BOOK):
    return ItemChecker(book, "fa", ValidationPlan()).check_draft(build_draft(item, kind=kind))


def label(item, kind="pair", book=BOOK):
    outcome = taken(item, kind, book)
    return outcome.rejected[0].reason.code if outcome.rejected else "kept"


@pytest.mark.parametrize(
    "quote",
    [
        "خس‌خس سینه هنگام بازدم",
        "خس خس سینه هنگام بازدم",
        "خسخس سينه هنگام بازدم",
        "- خس‌خس  سینه\nهنگام بازدم",
        "«خس‌خس سینه هنگام بازدم»",
        "خس‌خس سینه هنگام بازدم\n- تنگی نفس شبانه بدون تب",
        "خس‌خس سینه هنگام ... تنگی نفس شبانه بدون تب",
        SENTENCE.replace("می‌شود", "می شود").replace("۱۲.۵", "١٢٫٥"),
    ],
)
def test_quote_with_spacing_and_letter_variants_is_found(quote):
    kept = taken({**PAIR, "quote": quote}).kept
    assert kept and kept[0].quote.text == ASTHMA.text[kept[0].quote.start : kept[0].quote.end]


@pytest.mark.parametrize(
    "quote",
    [
        SENTENCE.replace("۱۲.۵", "۱۲۵"),
        SENTENCE.replace("۱۴۰/۹۰", "۱۴۰/۹۵"),
        SENTENCE.replace("۱۴۰/۹۰", "۱۴۰۹۰"),
        SENTENCE.replace("HbA1c", "HbA2c"),
        SENTENCE.replace("دیده می‌شود", "دیده نمی‌شود"),
        "سالبوتامول در حمله می‌تواند لازم شود و آسپرین مجاز است.",
        "سالمترول در حمله می‌تواند لازم شود و آسپرین مجاز نیست.",
        "خس‌خس سینه هنگام دم",
        "بازدم هنگام سینه خس‌خس",
    ],
)
def test_quote_with_another_word_number_negation_or_drug_is_refused(quote):
    assert label({**PAIR, "quote": quote}) == "quote-not-in-the-passages"


@pytest.mark.parametrize("quote", ["تب", "سالبوتامول در حمله می‌تواند لازم شود و آسپرین مجاز"])
def test_quote_that_leaves_out_a_negation_is_refused(quote):
    assert label({**PAIR, "quote": quote}, book=[ASTHMA]) == "quote-leaves-out-a-negation"


NEIGHBOURS = Passage(
    id="p011-01",
    chapter="دستگاه تنفس",
    section="آسم",
    heading="افتراق",
    page=20,
    text="در آسم ورم پا دیده نمی‌شود. برخلاف پنومونی، در آسم خس‌خس سینه هنگام بازدم شنیده می‌شود و تب"
    " نیست. خس‌خس سینه شبانه شایع است بدون آنکه درد باشد.",
)


@pytest.mark.parametrize(
    "quote",
    [
        "برخلاف پنومونی، در آسم خس‌خس سینه هنگام بازدم شنیده می‌شود و تب نیست.",  # a verb ends the sentence before
        "در آسم خس‌خس سینه هنگام بازدم شنیده می‌شود",
        "خس‌خس سینه شبانه شایع است",  # what follows denies what follows it
    ],
)
def test_a_negation_of_another_sentence_or_clause_is_not_cut_off(quote):
    assert label({**PAIR, "quote": quote, "page": 20}, book=[ASTHMA, NEIGHBOURS]) == "kept"


@pytest.mark.parametrize("quote", ["خس‌خس سینه هنگام بازدم شنیده می‌شود و تب", "آنکه درد باشد"])
def test_a_negation_that_touches_the_quote_is_cut_off(quote):
    assert (
        label({**PAIR, "quote": quote, "page": 20}, book=[ASTHMA, NEIGHBOURS])
        == "quote-leaves-out-a-negation"
    )


def test_quote_inside_a_word_is_not_found():
    assert find_quote("نگی نفس شبانه", ASTHMA, PassageIndex(BOOK)) is None


def test_one_slip_in_a_long_word_is_forgiven_but_not_at_its_beginning():
    whole = "سالبوتامول در حمله می‌تواند لازم شود و آسپرین مجاز نیست"
    assert label({**PAIR, "quote": whole.replace("سالبوتامول", "سالبوتامل")}) == "kept"
    assert (
        label({**PAIR, "quote": whole.replace("سالبوتامول", "شالبوتامول")})
        == "quote-not-in-the-passages"
    )


def test_wrong_page_is_corrected_and_counted():
    desk = ItemChecker(BOOK, "fa", ValidationPlan())
    kept = desk.check_draft(build_draft({**PAIR, "page": 99})).kept
    assert kept[0].quote.page == 10 and desk.repair_counts["pair", "grounded"] == {"page": 1}


def test_diagnosis_of_a_neighbour_is_refused_though_the_passage_names_it():
    item = {
        **PAIR,
        "symptom": "مرد ۶۰ ساله با پف پاها و کبودی لب‌ها",
        "page": 11,
        "quote": "پف پاها در برابر آسم",
    }
    assert label({**item, "diagnosis": "آسم"}) == "key-supported-by-a-neighbour-only"
    assert label({**item, "diagnosis": "برونشیت مزمن"}) == "kept"


def test_wrong_key_of_a_question_is_refused():
    assert label(QUESTION, "question") == "kept"
    assert label({**QUESTION, "answer": 3}, "question") == "key-supported-by-a-neighbour-only"


def test_vignette_of_another_condition_is_refused():
    assert (
        label({**PAIR, "symptom": "مرد ۴۰ ساله با تب بالا با لرز و خلط زنگاری"})
        == "another-condition-fits-better"
    )


def test_number_of_the_key_must_stand_in_the_passage():
    item = {
        **QUESTION,
        "question": "در آسم چند درصد بیماران فشار خون بالا دارند؟",
        "quote": SENTENCE,
    }
    options = ["۱۰ درصد بیماران", "۱۲.۵ درصد بیماران", "۱۵ درصد بیماران", "۲۰ درصد بیماران"]
    assert label({**item, "options": options, "answer": 2}, "question") == "kept"
    assert (
        label({**item, "options": options, "answer": 3}, "question") == "number-not-in-the-passage"
    )


def test_quote_from_ocr_never_grounds_a_number():
    read = [ASTHMA.model_copy(update={"ocr": True}), *BOOK[1:]]
    item = {
        **QUESTION,
        "question": "در آسم چند درصد بیماران فشار خون بالا دارند؟",
        "quote": SENTENCE,
    }
    item["options"] = ["۱۰ درصد بیماران", "۱۲.۵ درصد بیماران", "۱۵ درصد بیماران", "۲۰ درصد بیماران"]
    assert label(item, "question", read) == "number-from-a-page-read-by-ocr"
    assert label(PAIR, book=read) == "kept"


@given(st.data())
def test_offsets_cut_out_the_quote_whatever_its_spacing(data):
    passage = data.draw(st.sampled_from(load_book()))
    starts = [
        i
        for i in range(len(passage.text))
        if passage.text[i].isalnum() and (i == 0 or passage.text[i - 1] in " \n")
    ]
    start = data.draw(st.sampled_from(starts))
    ends = [
        i
        for i in range(start + 1, len(passage.text) + 1)
        if i == len(passage.text) or passage.text[i] in " \n"
    ]
    end = data.draw(st.sampled_from(ends[:30]))
    exact = passage.text[start:end]
    loose = exact.replace("\u200c", data.draw(st.sampled_from(["", " ", "\u200c"]))).replace(
        "ی", data.draw(st.sampled_from(["ی", "ي"]))
    )
    found = find_quote(loose, passage, PassageIndex([passage]))
    assert found and [c for c in passage.text[slice(*found)] if c.isalnum()] == [
        c for c in exact if c.isalnum()
    ]
