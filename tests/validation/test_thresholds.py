"""Keys that use the book: a value beyond its border, a negation that is to be explained, a dose "every four hours"; and their
neighbours that are wrong."""

import pytest
from support.items.gate_items import build_draft

from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.item_checker import ItemChecker

LYTES = Passage(
    id="p020-01", chapter="Lytes", section="Hyperkalemia", heading="", page=20,
    text="Potassium above 6.5 mmol/L with a wide QRS is treated at once. Insulin lowers it by less than 2 mmol/L."
    " Diuretics have no place in anuria, since no urine is made. The course takes 3 days.",
)  # fmt: skip
PAIN = Passage(
    id="p021-01", chapter="درد", section="زونا", heading="", page=21,
    text="زونا در جوانان شایع نیست. ضعف حرکتی گذرا یافته‌ای دیررس است. آسیکلوویر هر چهار ساعت داده می‌شود."
    " پلاکت کمتر از ۵۰ هزار نشانهٔ خطر است.",
)  # fmt: skip


def judge(passage, text, options, answer, quote, about="other"):
    language = "en" if passage is LYTES else "fa"
    checker = ItemChecker([passage], language, ValidationPlan(reader={"model": "off"}))
    item = {
        "question": text,
        "options": options,
        "answer": answer,
        "quote": quote,
        "page": passage.page,
        "kind": about,
    }
    draft = build_draft(item, kind="question").model_copy(update={"passages": ()})
    rejected = checker.check_draft(draft).rejected
    return rejected[0].reason.code if rejected else "kept"


WIDE = "Potassium above 6.5 mmol/L with a wide QRS is treated at once"


@pytest.mark.parametrize(
    ("text", "options", "answer", "quote"),
    [
        # a value beyond the border, and one reckoned from it
        ("Which value with a wide QRS is treated at once?", ["3.9 mmol/L", "4.6 mmol/L", "5.1 mmol/L", "7.2 mmol/L"], 4, WIDE),
        ("Potassium is 7.0 mmol/L. To which value may insulin bring it?", ["3.1 mmol/L", "4.2 mmol/L", "4.7 mmol/L", "5.4 mmol/L"], 4, "Insulin lowers it by less than 2 mmol/L"),
        # what is not so is to be explained, or only sets apart
        ("Why do diuretics not help in anuria?", ["They raise potassium", "No urine is made", "They widen the QRS", "They act too late"], 2, "Diuretics have no place in anuria, since no urine is made"),
    ],
)  # fmt: skip
def test_a_key_that_uses_the_book_is_kept(text, options, answer, quote):
    assert judge(LYTES, text, options, answer, quote) == "kept"


@pytest.mark.parametrize(
    ("text", "options", "answer", "quote"),
    [
        # no border of that unit; a border of the key's own; no border at all
        ("Which value with a wide QRS is treated at once?", ["3.9 mg/dL", "4.6 mg/dL", "5.1 mg/dL", "7.2 mg/dL"], 4, WIDE),
        ("From where on is a wide QRS treated at once?", ["above 4.5 mmol/L", "above 5.0 mmol/L", "above 5.5 mmol/L", "above 7.5 mmol/L"], 4, WIDE),
        ("How long is the course?", ["2 days", "5 days", "7 days", "9 days"], 2, "The course takes 3 days"),
    ],
)  # fmt: skip
def test_another_number_than_the_books_is_refused(text, options, answer, quote):
    assert judge(LYTES, text, options, answer, quote) == "number-not-in-the-passage"


def test_a_persian_value_below_the_border_is_kept_and_another_unit_is_not():
    quote = "پلاکت کمتر از ۵۰ هزار نشانهٔ خطر است"
    text, values = "در زونا کدام شمار پلاکت نشانهٔ خطر است؟", (30, 150, 220, 310)
    kept = [f"{value} هزار" for value in values]
    assert judge(PAIN, text, kept, 1, quote) == "kept"
    refused = [f"{value} میلیون" for value in values]
    assert judge(PAIN, text, refused, 1, quote) == "number-not-in-the-passage"


def test_every_four_hours_is_a_dose_and_all_four_is_not():
    text, quote = "آسیکلوویر در زونا چگونه داده می‌شود؟", "آسیکلوویر هر چهار ساعت داده می‌شود"
    options = ["هر دو ساعت", "هر چهار ساعت", "هر هشت ساعت", "هر دوازده ساعت"]
    assert judge(PAIN, text, options, 2, quote) == "kept"
    for whole in ("هر چهار مورد", "هر سه", "هر سه گزینهٔ بالا"):
        ways = ["روی پوست", "هر چهار ساعت یک بار", "در رگ", whole]
        assert judge(PAIN, text, ways, 2, quote) == "all-or-none-of-the-above"


def test_the_verb_of_the_sentence_before_denies_nothing():
    """«… شایع نیست. ضعف حرکتی گذرا …»: Persian verbs stand last."""
    text, quote = "کدام یافتهٔ زونا دیررس است؟", "ضعف حرکتی گذرا یافته‌ای دیررس است"
    options = ["ضعف حرکتی گذرا", "تاول", "خارش", "تب"]
    assert judge(PAIN, text, options, 1, quote) == "kept"
