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
from tasks.language.catalogue import load_catalogue
from tasks.language.text import fold_text, split_words
from tasks.prompts import get_prompt_template
from tasks.schemas.sections.profiles import ITEM_FORMS, tag_language

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


def read_table_row(label: str) -> list[str]:
    page = (BOOKS.parent / "docs" / "profiles.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {label} |"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


def measure(texts: list[str], language: str) -> list[float]:
    words = [fold_text(word) for text in texts for word in split_words(text)]
    rates = count_profile_words(words, language)
    return [len(words), rates["medicine"], rates["guideline"], rates["law"]]


@pytest.mark.parametrize(
    ("label", "language", "files"),
    [
        ("our Persian handbook", "fa", "books/handbook/*.md"),
        ("our English handbook", "en", "books/handbook-en/*.md"),
        ("rules of a reading room", "en", "tests/support/books/guideline-en.md"),
    ],
)
def test_the_figures_of_the_docs_are_those_of_the_rule(label, language, files):
    texts = [file.read_text("utf-8") for file in sorted(BOOKS.parent.glob(files))]
    told = [float(cell.replace(" ", "")) for cell in read_table_row(label)]
    assert told == [round(value) for value in measure(texts, language)]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("a guide to infection control in clinics", "en"),
        ("two licences of software (GPL 3, MPL)", "law"),
    ],
)
def test_the_figures_of_the_real_books_are_those_of_the_rule(label, name):
    file = CASES / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip("the labelled items are not here")
    texts = [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]
    told = [float(cell.replace(" ", "")) for cell in read_table_row(label)]
    assert told == [round(value) for value in measure(texts, "en")]


def test_the_figures_of_the_small_general_texts_are_those_of_the_rule():
    names = ("general-fa", "general-en", "cooking-en")
    rows = zip(*(measure([read_book(name)], name[-2:]) for name in names), strict=True)
    told = read_table_row("on roofs, bread and caravans")
    for cell, values in zip(told, rows, strict=True):
        low, _, high = cell.partition(" to ")
        assert [int(low), int(high or low)] == [round(min(values)), round(max(values))]


def test_of_the_docs_pages_only_that_of_profiles_counts_for_medicine():
    pages = (BOOKS.parent / "docs").glob("*.md")
    looks = {page.name: look_at_book([page.read_text("utf-8")], "en") for page in pages}
    assert looks.pop("profiles.md").profile == "medicine"
    assert {look.profile for look in looks.values()} == {"general", ""}
    assert max(look.medical_rate for look in looks.values()) < MIN_MEDICAL_RATE / 2


def test_the_docs_tell_the_least_medical_part_and_the_two_laws():
    parts = {
        language: [file.read_text("utf-8") for file in (BOOKS / folder).glob("*.md")]
        for language, folder in (("fa", "handbook"), ("en", "handbook-en"))
    }
    rates = [
        look_at_book([text], language).medical_rate
        for language, texts in parts.items()
        for text in texts
    ]
    assert read_table_row(f"the least of their {len(rates)} parts")[1] == str(round(min(rates)))
    laws = [measure([read_book(name)], name[-2:]) for name in ("law-en", "law-fa")]
    words, *told = read_table_row("two small laws, Persian and English")
    assert sorted(words.split(", ")) == sorted(str(law[0]) for law in laws)
    for place, cell in enumerate(told, 1):
        low, _, high = cell.partition(" to ")
        assert sorted(round(law[place]) for law in laws) == [int(low), int(high or low)]


def test_the_docs_tell_each_profile_s_fields_shares_and_training_text():
    page = (BOOKS.parent / "docs" / "profiles.md").read_text("utf-8")
    for profile, form in ITEM_FORMS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{profile}`"))
        assert f"| {form.text} → {form.conclusion} |" in row
        shares = re.findall(r"([a-z][a-z ]*) (0\.\d)", row)
        assert {name.replace(" ", "_"): float(share) for name, share in shares} == form.kinds
        template = get_prompt_template(tag_language("en", profile)).pair
        shown = template.format(symptom="…", diagnosis="…").replace("\n", " ")
        assert f"`{shown}`" in row
    for language, span in (("en", "52 to 58"), ("fa", "۵۲ تا ۵۸")):
        assert span in load_catalogue(language)["messages"]["no-patients"]
