"""A book's own words tell whether it describes patients: parts of our handbooks, small laws and rules, other texts."""

import json
import re
from pathlib import Path

import pytest
from support.small_books import FOLDER, read_book

from tasks.language.book_profile import (
    MIN_MEDICAL_RATE,
    NOTHING_SEEN,
    count_profile_words,
    look_at_book,
)
from tasks.language.text import fold_text, split_words

BOOKS = Path(__file__).parents[2] / "books"
CASES = Path(__file__).parents[3] / "shared" / "cases" / "items" / "passages"
FITTING = {
    "law-fa": "law",
    "law-en": "law",
    "contract-fa": "law",
    "guideline-fa": "guideline",
    "guideline-en": "guideline",
    "general-fa": "general",
    "general-en": "general",
    "cooking-en": "general",
}


def test_every_small_book_is_looked_at():
    assert {file.stem for file in FOLDER.glob("*.md")} == FITTING.keys()


@pytest.mark.parametrize("name", FITTING)
def test_a_book_without_patients_is_what_its_words_say(name):
    look = look_at_book([read_book(name)], name[-2:])
    assert look.profile == FITTING[name]
    assert look.medical_rate < MIN_MEDICAL_RATE / 2


@pytest.mark.parametrize(("language", "folder"), [("fa", "handbook"), ("en", "handbook-en")])
def test_every_part_of_a_medical_handbook_describes_patients(language, folder):
    files = sorted((BOOKS / folder).glob("*.md"))
    looks = [look_at_book([file.read_text("utf-8")], language) for file in files]
    assert len(looks) > 15 and {look.profile for look in looks} == {"medicine"}
    assert min(look.medical_rate for look in looks) > 1.5 * MIN_MEDICAL_RATE


@pytest.mark.parametrize(
    ("name", "profile", "most"), [("law", "law", 1), ("en", "guideline", 7), ("fa", "medicine", 60)]
)
def test_real_books_are_what_they_are(name, profile, most):
    file = CASES / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip("the labelled items are not here")
    texts = [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]
    look = look_at_book(texts, "fa" if name == "fa" else "en")
    assert look.profile == profile and look.medical_rate < most


def test_the_rate_is_the_words_that_begin_so_in_a_thousand():
    text = "The Court, the courts; signs of pain: painful, signed, sign. Articles must act."
    words = [fold_text(word) for word in split_words(text)]
    told = [w for w in words if re.match("pain", w) or w in ("sign", "signs")]
    assert told == ["signs", "pain", "painful", "sign"] and len(words) == 13
    rates = count_profile_words(words, "en")
    assert rates["medicine"] == pytest.approx(1000 * 4 / 13)
    assert rates["law"] == pytest.approx(1000 * 4 / 13)  # court, courts, articles, act
    assert rates["guideline"] == pytest.approx(1000 * 1 / 13)


def test_few_words_or_a_language_without_a_folder_tell_nothing():
    assert look_at_book(["The court shall act."], "en") == NOTHING_SEEN
    assert look_at_book([read_book("law-en")], "de") == NOTHING_SEEN
    assert look_at_book([], "fa") == NOTHING_SEEN
