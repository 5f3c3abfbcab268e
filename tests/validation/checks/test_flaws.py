"""Each item-writing flaw has its rule; neighbouring names and the book's own words are none."""

import pytest
from support.items.gate_items import QUESTION

from tasks.validation.checks.flaws import PAIR_RULES, QUESTION_RULES, FlawContext, find_flaws
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import get_language_patterns

STEM = "کدام نشانه در سیر بیماری دیده می‌شود؟"
OPTIONS = ("تب بالا با لرز", "خلط زنگاری", "ورم یک ساق", "کبودی لب‌ها")
TITLES = frozenset(["کم خونی", "کمخونی فقر اهن", "کمخونی داسیشکل", "اسم", "ذاتالریه"])


def found(text=STEM, options=OPTIONS, answer=2, language="fa", about="other", **source):
    item = ParsedItem("d", "question", text, "", options=tuple(options), answer=answer, about=about)
    return {
        why.code for why in find_flaws(FlawContext(item, get_language_patterns(language), **source))
    }


def found_in_pair(text, diagnosis, language="fa", **source):
    return {
        why.code
        for why in find_flaws(
            FlawContext(
                ParsedItem("d", "pair", text, "", diagnosis=diagnosis),
                get_language_patterns(language),
                **source,
            )
        )
    }


def with_key(text):
    return (OPTIONS[0], text, *OPTIONS[2:])


FLAWED = [
    ("repeated-options", {"options": with_key("ورم  يك ساق")}),
    ("overlapping-options", {"options": with_key("ورم یک ساق و تب")}),
    ("key-given-away-by-its-ending", {"options": with_key("ورم یک ساق پا.")}),
    (
        "overlapping-ranges",
        {"options": ("۱۰ تا ۲۰ سال", "۱۵ تا ۲۵ سال", "۳۰ تا ۴۰ سال", "۵۰ تا ۶۰ سال")},
    ),
    ("all-or-none-of-the-above", {"options": with_key("همهٔ موارد")}),
    ("all-or-none-of-the-above", {"options": with_key("هیچ‌کدام")}),
    ("all-or-none-of-the-above", {"options": with_key("الف و ب")}),
    (
        "all-or-none-of-the-above",
        {
            "options": ("fever", "none of the above", "rash", "cough"),
            "text": "Which sign is seen?",
            "language": "en",
        },
    ),
    ("an-option-that-says-nothing", {"options": with_key("گزینه ۲")}),
    ("answer-told-in-the-item", {"text": f"{STEM} (پاسخ درست: ۲)"}),
    (
        "key-given-away-by-its-length",
        {"options": with_key("خلط زنگاری همراه با درد پهلو که با دم عمیق و سرفه بدتر می‌شود")},
    ),
    ("key-given-away-by-words-of-the-stem", {"text": "بیماری با خلط زنگاری کدام نشانه را دارد؟"}),
    (
        "key-given-away-by-grammar",
        {
            "options": ("fever", "infection", "rash", "cough"),
            "text": "The patient has an",
            "language": "en",
        },
    ),
    ("negative-stem-unmarked", {"text": "کدام یک از موارد زیر از نشانه‌های بیماری نیست؟"}),
    ("negative-stem-unmarked", {"text": "همهٔ موارد زیر درست است به‌جز کدام؟"}),
    (
        "negative-stem-unmarked",
        {
            "text": "Which of the following is not a sign?",
            "options": ("fever", "chills", "rash", "cough"),
            "language": "en",
        },
    ),
    ("stem-without-a-question", {"text": "نشانه‌های بیماری در معاینه و شرح حال."}),
    ("two-questions-in-one", {"text": "کدام نشانه دیده می‌شود؟ و درمان آن چیست؟"}),
    ("speaks-of-a-text", {"text": "با توجه به متن بالا، کدام نشانه دیده می‌شود؟"}),
    (
        "speaks-of-a-text",
        {"text": "According to the passage, which sign is seen?", "language": "en"},
    ),
    ("too-short", {"text": "نشانه؟"}),
    ("absolute-terms", {"options": with_key("همیشه تب دارد")}),
    ("numbers-out-of-order", {"options": ("۱۰ میلی‌گرم", "۴۰ میلی‌گرم", "۲۰ میلی‌گرم", "۳۰ میلی‌گرم")}),
    (
        "more-than-one-option-supported",
        {"topic_text": "- خلط زنگاری\n- ورم یک ساق", "topic": "پنومونی"},
    ),
    (
        "a-heading-for-an-answer",
        {"options": with_key("علل و عوامل خطر"), "about": "diagnosis"},
    ),
]


@pytest.mark.parametrize(("label", "item"), FLAWED)
def test_flaw_is_named(label, item):
    assert label in found(**item)


def test_every_rule_has_its_test():
    assert {label for label, _ in FLAWED} == set(QUESTION_RULES)
    assert {label for label, *_ in FLAWED_PAIRS} | {"a-sign-for-a-diagnosis"} == set(PAIR_RULES)


FLAWED_PAIRS = [
    ("a-heading-for-an-answer", "مردی 40 ساله با تب و لرز آمده است", "عوامل خطر"),
    ("diagnosis-in-the-vignette", "مرد ۵۰ ساله با آسم و خس‌خس سینه", "آسم"),
    ("not-one-diagnosis", "مرد ۵۰ ساله با خس‌خس سینه", "آسم یا برونشیت"),
    ("vignette-ends-in-a-question", "مرد ۵۰ ساله با خس‌خس سینه، تشخیص چیست؟", "آسم"),
    ("answer-told-in-the-item", "مرد ۵۰ ساله با خس‌خس سینه (پاسخ درست)", "آسم"),
    ("not-one-diagnosis", "مرد ۵۰ ساله با خس‌خس سینه", "درمان آسم"),
    ("speaks-of-a-text", "طبق متن کتاب، مرد ۵۰ ساله با خس‌خس سینه", "آسم"),
    ("too-short", "تب", "آسم"),
]


def test_a_line_of_the_list_that_the_vignette_tells_is_a_sign_and_no_diagnosis():
    said = "- تب بالا با لرز\n- خلط زنگاری"
    assert found_in_pair("مرد ۵۰ ساله با تب بالا با لرز", "خلط زنگاری", topic_text=said) == {
        "a-sign-for-a-diagnosis"
    }
    assert (
        found_in_pair(
            "مرد ۵۰ ساله با تب بالا با لرز",
            "خلط زنگاری",
            topic_text=said,
            titles=frozenset(["خلط زنگاری"]),
        )
        == set()
    )


def test_a_question_mark_inside_a_quotation_is_no_second_question():
    assert "two-questions-in-one" not in found(
        "مادری می‌پرسد «چرا تب دارد؟»؛ کدام نشانه دیده می‌شود؟"
    )


@pytest.mark.parametrize(("label", "text", "diagnosis"), FLAWED_PAIRS)
def test_flaw_of_a_pair_is_named(label, text, diagnosis):
    assert label in found_in_pair(text, diagnosis)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"text": QUESTION["question"], "options": QUESTION["options"]},
        {"text": "کدام یک از موارد زیر از نشانه‌های بیماری **نیست**؟"},
        {
            "text": "Which of the following is NOT a sign?",
            "options": ("fever", "chills", "rash", "cough"),
            "language": "en",
        },
        {"text": "برخلاف پریکاردیت، در کدام بیماری صدای مالشی شنیدنی نیست؟"},
        {"text": "بیماری که تب ندارد و درد ندارد، کدام تشخیص را دارد؟"},
        {"options": ("۱۰ میلی‌گرم", "۲۰ میلی‌گرم", "۳۰ میلی‌گرم", "۴۰ میلی‌گرم")},
        {"options": ("۴۰", "۳۰", "۲۰", "۱۰")},
        {
            "options": ("کم‌خونی", "کم‌خونی فقر آهن", "کم‌خونی داسی‌شکل", "آسم"),
            "titles": frozenset(["کمخونی", *TITLES]),
        },
        {
            "text": "در کم‌خونی با هلال‌های قرمز، کدام بیماری محتمل است؟",
            "options": ("آسم", "کم‌خونی داسی‌شکل", "ذات‌الریه", "سل"),
            "titles": TITLES,
        },
        {
            "options": with_key("همیشه تب دارد"),
            "quote": "بیمار همیشه تب دارد",
            "topic_text": "بیمار همیشه تب دارد",
        },
        {
            "text": "The most likely diagnosis is:",
            "options": ("asthma", "pneumonia", "croup", "sepsis"),
            "language": "en",
        },
        {
            "text": "Was ist die wahrscheinlichste Diagnose?",
            "options": ("Asthma", "Pneumonie", "Krupp", "Sepsis"),
            "language": "de",
        },
    ],
)
def test_sound_question_has_no_flaw(item):
    assert found(**item) == set()


def test_name_of_a_section_may_hold_an_or():
    assert (
        found_in_pair("مرد ۵۰ ساله با زگیل دست", "زگیل یا وروک", titles=frozenset(["زگیل یا وروک"]))
        == set()
    )
