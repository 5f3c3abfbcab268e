"""Texts that nobody would write are named; texts that only look so pass."""

import pytest

from tasks.validation.checks.text_damage import BookProfile, find_damage, get_main_script
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import get_language_patterns

KNOWN = frozenset(["بیمار", "با", "تب", "لرز", "سرفه", "بالا", "مراجعه", "کرده", "است"])
PERSIAN = BookProfile(KNOWN, "ARABIC", get_language_patterns("fa").years)


def named(text: str, book: BookProfile = PERSIAN) -> str | None:
    found = find_damage(ParsedItem("d", "pair", text, "", diagnosis="پنومونی"), book)
    return found.code if found else None


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("markup-or-template-left-in", "<p>بیمار با تب بالا</p>"),
        ("markup-or-template-left-in", "{symptom}"),
        ("markup-or-template-left-in", "[شرح حال بیمار]"),
        ("broken-letters", "ب?مار با تب بالا"),
        ("broken-letters", "بیمار با ت\ufffd بالا"),
        ("letters-in-reversed-order", "رامیب اب بت الاب"),
        ("stray-letters", "؛ب بیمار با تب بالا"),
        ("stray-letters", "x9 بیمار با تب بالا"),
        ("impossible-age", "مرد ۳۵۰ ساله با تب بالا"),
        ("another-script-than-the-book", "A 45-year-old man presents with fever"),
        ("another-script-than-the-book", "بیمار با تب بالا و لرز".encode().decode("latin-1")),
    ],
)
def test_damage_is_named(label: str, text: str) -> None:
    assert named(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "زن ۹۸ ساله با T3 بالا، pH < 7.3 و <b>بدون</b> تب",
        "بیمار با مصرف trimethoprim-sulfamethoxazole و HR > 120/min",
        "چرا؟ بیمار با تب بالا (BP 140/90) مراجعه کرده است",
        "بیمار ۱۸۰ روزه با تب",
    ],
)
def test_doses_names_and_marked_words_are_no_damage(text: str) -> None:
    assert named(text) is None


def test_a_book_in_two_scripts_has_no_foreign_one() -> None:
    assert get_main_script(["بیمار با تب", "patient with fever"]) == ""
    assert (
        named(
            "A 45-year-old man presents with fever",
            BookProfile(KNOWN, "", get_language_patterns("fa").years),
        )
        is None
    )


def test_english_items_of_an_english_book_pass() -> None:
    english = BookProfile(
        frozenset({"man", "with", "fever"}),
        get_main_script(["A man with fever and cough"]),
        get_language_patterns("en").years,
    )
    assert named("a 45-year-old man with fever", english) is None
    assert named("A 450-year-old man with fever", english) == "impossible-age"
