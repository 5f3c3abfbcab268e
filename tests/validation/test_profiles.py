"""Items of books that are not medical: no disease is demanded of them, and all else is checked as ever."""

import json
from pathlib import Path

import pytest
from support.items.gate_items import build_draft
from validation.labelled import judge

from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.item_checker import ItemChecker

CASES = Path(__file__).parents[3] / "shared" / "cases" / "items"
RENT = Passage(
    id="p003-01", chapter="Chapter Two", section="Article 6. Rent", page=3,
    text="The rent is set by the council every third year and may rise by a tenth at most. A holder over seventy years of age pays"
    " half of the rent on request.",
)  # fmt: skip
FINES = Passage(
    id="p004-01", chapter="Chapter Three", section="Article 13. Fines", page=4,
    text="Whoever burns waste in the garden pays a fine of eighty crowns. A fine that is not paid within thirty days is doubled,"
    " unless the holder has lodged an objection or was ill.",
)  # fmt: skip
RENT_FA = Passage(
    id="p003-01", chapter="فصل دوم", section="مادهٔ ۶. اجاره‌بها", page=3,
    text="اجاره‌بها را شورا هر سه سال یک بار تعیین می‌کند. بهره‌بردار بالای هفتاد سال با درخواست کتبی نیمی از اجاره‌بها را می‌پردازد.",
)  # fmt: skip


def judge_item(tag, item, book=(RENT, FINES)):
    """The code of what refused it, or "kept"."""
    checker = ItemChecker(book, tag, ValidationPlan())
    kind = "question" if "options" in item else "pair"
    draft = build_draft(item, kind=kind).model_copy(update={"passages": ()})
    rejected = checker.check_draft(draft).rejected
    return rejected[0].reason.code if rejected else "kept"


DOUBLED = {
    "quote": "A fine that is not paid within thirty days is doubled, unless the holder has lodged an objection or was ill.",
    "page": 4,
    "fact": "late payment",
    "situation": "Mr Orr was fined for burning leaves. He has put the letter into a drawer and finds it again after six weeks.",
    "conclusion": "The fine is doubled unless he has lodged an objection or was ill",
}


def test_what_follows_from_a_situation_may_be_a_sentence_with_an_or():
    assert judge_item("en-x-law", DOUBLED) == "kept"
    medical = {**DOUBLED, "symptom": DOUBLED["situation"], "diagnosis": DOUBLED["conclusion"]}
    assert judge_item("en", medical) == "not-one-diagnosis"


def test_a_general_book_s_pairs_are_questions_with_answers():
    item = {
        "quote": "The rent is set by the council every third year",
        "page": 3,
        "question": "Who decides what a plot costs?",
        "answer": "The council, every third year",
    }
    assert judge_item("en-x-general", item) == "kept"
    medical = {**item, "symptom": item["question"], "diagnosis": item["answer"]}
    assert judge_item("en", medical) != "kept"


def test_a_persian_law_s_item_is_kept():
    item = {
        "quote": "بهره‌بردار بالای هفتاد سال با درخواست کتبی نیمی از اجاره‌بها را می‌پردازد.",
        "page": 3,
        "situation": "آقای رستگار هفتادوسه سال دارد و از شورا کتباً خواسته است که با او مدارا کند.",
        "conclusion": "پرداخت نیمی از اجاره‌بها",
    }
    assert judge_item("fa-x-law", item, [RENT_FA]) == "kept"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quote": "Fines are paid in gold."}, "quote-not-in-the-passages"),
        ({"conclusion": "The fine is tripled after 45 days"}, "number-not-in-the-passage"),
        ({"conclusion": "What is due?"}, "not-one-diagnosis"),
        ({"conclusion": "Overview"}, "a-heading-for-an-answer"),
        ({"conclusion": "fined for burning leaves"}, "diagnosis-in-the-vignette"),
        ({"conclusion": " ".join(["paid"] * 41)}, "not-one-diagnosis"),
        ({"situation": "According to the passage above Mr Orr pays late."}, "speaks-of-a-text"),
        ({"situation": ""}, "an-empty-field"),
    ],
)
def test_the_other_checks_hold_for_a_law(change, code):
    assert judge_item("en-x-law", {**DOUBLED, **change}) == code


@pytest.mark.parametrize(
    ("tag", "heading"),
    [
        ("en", "Treatment"),
        ("en", "Causes and risk factors"),
        ("en", "Definition"),
        ("en", "Signs and symptoms"),
        ("fa", "علل و عوامل خطر"),
        ("fa", "تعریف"),
        ("fa", "درمان بیماری"),
    ],
)
def test_the_heading_of_a_part_is_no_diagnosis(tag, heading):
    text = {
        "en": "Scabies itches at night and spares the face of an adult.",
        "fa": "خارش گال شب‌ها بیشتر است و چهرهٔ بزرگسال را نمی‌گیرد.",
    }[tag]
    book = [Passage(id="p001-01", chapter="c", section=heading, page=1, text=text)]
    vignette = {
        "en": "A man of 24 cannot sleep for itching; his face is free.",
        "fa": "مردی 24 ساله از خارش خواب ندارد؛ چهره‌اش پاک است.",
    }[tag]
    item = {"quote": text, "page": 1, "symptom": vignette, "diagnosis": heading}
    assert judge_item(tag, item, book) == "a-heading-for-an-answer"
    named = {"en": "Scabies", "fa": "گال"}[tag]
    book = [book[0].model_copy(update={"section": named})]
    assert judge_item(tag, {**item, "diagnosis": named}, book) == "kept"


@pytest.mark.parametrize(("name", "profile"), [("law", "law"), ("en_CDC", "guideline")])
def test_good_labelled_items_are_kept_with_their_profile(tmp_path, name, profile):
    file = CASES / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip("the labelled items are not here")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    tagged = [{**row, "language": f"en-x-{profile}"} for row in rows]
    (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, tagged)), "utf-8")
    (tmp_path / "passages").symlink_to(CASES / "passages")
    good = [one for one in judge(tmp_path) if one.row["quality"] == "good"]
    assert len(good) >= 8
    assert sum(bool(one.check) for one in good) <= 0.08 * len(good)


def test_a_type_that_the_profile_has_not_is_told_as_another():
    item = {
        "quote": "The rent is set by the council every third year",
        "page": 3,
        "question": "How often is the price of a plot decided anew?",
        "options": ["Each year", "Every third year", "Every fifth year", "Once in a decade"],
        "answer": 2,
    }
    for tag, kind, told in (
        ("en-x-law", "diagnosis", "other"),
        ("en-x-law", "condition", "condition"),
        ("en", "condition", "other"),
        ("en", "complications", "complications"),
    ):
        checker = ItemChecker([RENT, FINES], tag, ValidationPlan())
        draft = build_draft({**item, "kind": kind}, kind="question")
        (kept,) = checker.check_draft(draft.model_copy(update={"passages": ()})).kept
        assert kept.kind == told
