"""Contents pages are left out; muddled bookmarks take the words of their page."""

import pytest

from tasks.reading.structure.headings import Mark, headings
from tasks.reading.structure.hyphens import BookWords
from tasks.reading.structure.toc import contents
from tasks.reading.types import Line, Sheet


def sheet(page: int, *texts: str) -> Sheet:
    lines = tuple(
        Line(text, 0, 20.0 * i + 20, 100, 20.0 * i + 30, 10, False, 0)
        for i, text in enumerate(texts)
    )
    return Sheet(page, lines, 400, 600, "glyphs", True, 0, "")


@pytest.mark.parametrize(
    "texts",
    [
        ["فهرست", *[f"بخش {n} {'.' * 30} {3 + 2 * n}" for n in range(8)]],
        ["فهرست مطالب", *[f"بیماری شمارهٔ ن | {page}" for page in (3, 7, 12, 12, 19, 25, 31)]],
        ["Contents", *[f"{page} On the heart and its vessels" for page in (3, 7, 12, 19, 25, 31)]],
    ],
)
def test_a_page_of_titles_with_growing_numbers_is_contents(texts: list[str]) -> None:
    assert contents([sheet(1, *texts), sheet(2, "متن کتاب")]) == {1}


@pytest.mark.parametrize(
    "texts",
    [
        ["بیمار با تب و لرز آمد.", "دما ۳۹", "نبض ۱۲۰", "فشار ۹۰", "تنفس ۳۰", "وزن ۶۰"],
        ["دارو | دوز", "آسپرین | ۸۰", "متفورمین | ۵۰۰", "انسولین | ۱۰", "لووتیروکسین | ۵۰"],
        ["نخست", "دوم", "سوم", "چهارم", "پنجم", "ششم"],
    ],
)
def test_lists_and_tables_of_numbers_are_text(texts: list[str]) -> None:
    assert contents([sheet(1, *texts), sheet(2, "متن کتاب")]) == set()


def test_a_book_of_nothing_but_contents_keeps_its_pages() -> None:
    assert contents([sheet(1, *[f"بخش {n} {'.' * 30} {3 + 2 * n}" for n in range(8)])]) == set()


@pytest.mark.parametrize("title", ["تعریفتعریف", ": تعریف۱بخش"])
def test_a_muddled_bookmark_takes_the_title_from_its_page(title: str) -> None:
    shown = "تعریف" if title.startswith("ت") else "بخش ۱: تعریف"
    page = sheet(1, "متن پیشین", shown, "متن بیماری")
    assert [
        (h.title, h.line, h.lines)
        for h in headings([page], [Mark(1, title, 1, 600 - 38.0)], set(), BookWords())
    ] == [(shown, 1, 1)]


def test_a_bookmark_in_other_words_keeps_them() -> None:
    page = sheet(1, "متن پیشین", "شرح", "متن بیماری")
    assert [
        (h.title, h.lines)
        for h in headings([page], [Mark(1, "تعریف", 1, 600 - 38.0)], set(), BookWords())
    ] == [("تعریف", 0)]
