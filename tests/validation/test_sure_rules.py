"""A rule that looks at words refuses only what it is sure of: sound questions in other words than the book's pass, each kind."""

import pytest
from support.items.gate_items import build_draft

from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.flaws import FlawContext, find_flaws
from tasks.validation.item_checker import ItemChecker
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import get_language_patterns
from tasks.validation.term_matching import stem_of

FLU = Passage(
    id="p010-01", chapter="ریه", section="بیماری آنفلوانزای فصلی", heading="سیر", page=10,
    text="برخلاف سرماخوردگی، در آنفلوانزای فصلی تب ناگهانی و درد عضلانی شدید است و آبریزش بینی چندان دیده نمی‌شود."
    "\nدرمان استاندارد پنج‌روزه است. اوسلتامیویر شایع‌ترین داروی انتخابی است و زانامیویر در رتبهٔ بعد است."
    "\nبرای پیشگیری واکسن یا کموپروفیلاکسی به کار می‌رود.\nعوارض:\n- پنومونی ثانویه\n- میوکاردیت حاد\n- گوش‌درد",
)  # fmt: skip
COLD = Passage(
    id="p011-01", chapter="ریه", section="سرماخوردگی", heading="سیر", page=11,
    text="در سرماخوردگی آبریزش بینی و عطسه دیده می‌شود.\n- گرفتگی صدای صبحگاهی\n- عطسهٔ پیاپی",
)  # fmt: skip
ANGINA = Passage(
    id="p012-01",
    chapter="قلب",
    section="آنژین",
    heading="سیر",
    page=12,
    text="درد فشارندهٔ سینه هنگام فعالیت پدید می‌آید.",
)
BOOK = [FLU, COLD, ANGINA]
RULES = Passage(
    id="p010-01", chapter="Care", section="", heading="Masks", page=10,
    text="Staff wear masks when they run the washer. A test strip is used at least weekly for each washer. Residual soap reduces the"
    " effectiveness of the rinse. Critical instruments enter sterile tissue; semi-critical instruments touch mucous membranes.",
)  # fmt: skip


def label(text, options, answer, quote, page=10, book=BOOK, language="fa", about="other"):
    checker = ItemChecker(book, language, ValidationPlan())
    item = {
        "question": text,
        "options": options,
        "answer": answer,
        "quote": quote,
        "page": page,
        "kind": about,
    }
    shown = build_draft(item, kind="question").model_copy(update={"passages": ()})
    rejected = checker.check_draft(shown).rejected
    return rejected[0].reason.code if rejected else "kept"


UNLIKE = "برخلاف سرماخوردگی، در آنفلوانزای فصلی تب ناگهانی و درد عضلانی شدید است"


@pytest.mark.parametrize(
    ("text", "options", "answer", "quote"),
    [
        # a distractor that the passage names: of the contrasted condition, or the second choice
        ("کدام یافته آنفلوانزای فصلی را از سرماخوردگی جدا می‌کند؟", ["آبریزش بینی", "درد عضلانی شدید", "خارش چشم", "کهیر"], 2, UNLIKE),
        ("داروی انتخابی آنفلوانزای فصلی کدام است؟", ["زانامیویر", "اوسلتامیویر", "آسپرین", "ریباویرین"], 2, "اوسلتامیویر شایع‌ترین داروی انتخابی است"),
        # a key in other words than the book's
        ("شروع آنفلوانزای فصلی چگونه است؟", ["یک‌باره و پرشتاب", "آرام طی ماه‌ها", "دوره‌ای و پنهان", "بدون نشانه"], 1, UNLIKE),
        # a number in words
        ("درمان آنفلوانزای فصلی چند روز است؟", ["3 روز", "5 روز", "7 روز", "10 روز"], 2, "درمان استاندارد پنج‌روزه است"),
        # another word of denial
        ("آنفلوانزای فصلی در بینی چگونه است؟", ["با خون‌ریزی", "بدون آبریزش بینی", "با پولیپ", "با انحراف"], 2, "آبریزش بینی چندان دیده نمی‌شود"),
        # the title in short
        ("برخلاف آنژین، در آنفلوانزای فصلی چه دردی هست؟", ["درد عضلانی شدید", "درد فک", "درد بازو", "درد پا"], 1, UNLIKE),
    ],
)  # fmt: skip
def test_a_sound_persian_question_is_kept(text, options, answer, quote):
    assert label(text, options, answer, quote) == "kept"


@pytest.mark.parametrize(
    ("text", "options", "answer", "quote"),
    [
        (
            "How often at least must a test strip be used?",
            ["Every day", "Every week", "Every month", "Every year"],
            2,
            "used at least weekly",
        ),
        (
            "What must staff put on near the washer?",
            ["A mask", "An apron", "A visor", "Ear plugs"],
            1,
            "Staff wear masks",
        ),
        (
            "Which act of staff calls for a mask?",
            ["Running the washer", "Eating", "Charting", "Sweeping"],
            1,
            "when they run the washer",
        ),
        (
            "What does soap that is left do?",
            ["Makes the rinse less effective", "Stains cloth", "Saves water", "Warms it"],
            1,
            "Residual soap reduces",
        ),
        (
            "Which class of instruments enters sterile tissue?",
            ["Critical", "Semi-critical", "Noncritical", "Disposable"],
            1,
            "Critical instruments enter sterile tissue",
        ),
    ],
)
def test_a_sound_english_question_is_kept(text, options, answer, quote):
    assert label(text, options, answer, quote, book=[RULES], language="en") == "kept"


@pytest.mark.parametrize(
    ("text", "options", "answer", "quote", "why"),
    [
        ("کدام عارضهٔ آنفلوانزای فصلی است؟", ["میوکاردیت حاد", "پنومونی ثانویه", "کهیر", "خارش"], 2, "پنومونی ثانویه", "more-than-one-option-supported"),
        ("برای پیشگیری از آنفلوانزای فصلی چه می‌کنند؟", ["واکسن", "کموپروفیلاکسی", "جراحی", "رژیم"], 1, "برای پیشگیری واکسن یا کموپروفیلاکسی به کار می‌رود", "more-than-one-option-supported"),
        ("کدام عارضهٔ آنفلوانزای فصلی است؟", ["پنومونی ثانویه", "کهیر غول‌آسا", "خارش", "ریزش مو"], 2, "پنومونی ثانویه", "key-not-supported"),
        ("کدام عارضهٔ آنفلوانزای فصلی است؟", ["گرفتگی صدای صبحگاهی", "کهیر", "خارش", "ریزش مو"], 1, "پنومونی ثانویه", "key-not-supported"),
        ("درمان آنفلوانزای فصلی چند روز است؟", ["3 روز", "5 روز", "7 روز", "10 روز"], 3, "درمان استاندارد پنج‌روزه است", "number-not-in-the-passage"),
    ],
)  # fmt: skip
def test_what_is_surely_wrong_is_refused(text, options, answer, quote, why):
    assert label(text, options, answer, quote) == why


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("masks", "mask"),
        ("running", "run"),
        ("weekly", "week"),
        ("effectiveness", "effective"),
        ("میماند", "ماندن"),
        ("بیماران", "بیمار"),
    ],
)
def test_words_that_differ_by_their_endings_are_one(one, other):
    assert stem_of(one) == stem_of(other)


def test_words_that_begin_alike_are_not_one():
    assert stem_of("پنوموکوک") != stem_of("پنومونی") and stem_of("hypertension") != stem_of(
        "hyperthyroidism"
    )


def found(options, answer=1, text="Which is right here?"):
    return {
        w.code
        for w in find_flaws(
            FlawContext(
                ParsedItem("d", "question", text, "", options=options, answer=answer),
                get_language_patterns("en"),
            )
        )
    }


def test_blood_groups_levels_and_times_in_mixed_units_are_options():
    assert (
        not found(("A", "B", "AB", "O"))
        | found(("1", "2", "3", "4"))
        | found(("30 minutes", "2 hours", "1 day", "1 week"))
    )
    assert found(("A", "B", "C", "D")) == {"an-option-that-says-nothing"}
    assert found(("30 minutes", "10 minutes", "90 minutes", "5 minutes")) == {
        "numbers-out-of-order"
    }


def test_at_least_is_no_negative_stem():
    assert not found(
        ("a week", "a day", "a month", "a year"), text="How often at the least is it cleaned?"
    )
    assert "negative-stem-unmarked" in found(
        ("flu", "croup", "asthma", "gout"), text="Which is least likely?"
    )


def test_a_language_without_a_table_has_no_words_of_number():
    assert not get_language_patterns("xx").number_words
