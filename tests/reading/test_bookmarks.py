"""Bookmark titles are stored in reading order: they tell when a page's words are not."""

from pathlib import Path

import pytest
from reading import hostile

from tasks.reading import pdf
from tasks.reading.structure.bookmarks import check
from tasks.reading.structure.headings import Mark
from tasks.reading.types import Line, Sheet
from tasks.schemas.errors import BookError
from tasks.schemas.plan_sections import ReadingPlan

TITLES = ["نارسایی حاد قلب", "فشار خون بالا", "تنگی دریچه آئورت", "بیماری مزمن کلیه"]
MARKS = [Mark(1, title, number, None) for number, title in enumerate(TITLES, 1)]
HANDBOOK = Path(__file__).parents[2] / "books" / "handbook.pdf"


def sheet(page: int, *texts: str) -> Sheet:
    lines = tuple(
        Line(text, 0, 20.0 * i, 100, 20.0 * i + 10, 10, False, 0) for i, text in enumerate(texts)
    )
    return Sheet(page, lines, 400, 600, "glyphs", True, 0, "")


def test_titles_on_their_page_or_the_next_are_found() -> None:
    pages = [
        sheet(1, TITLES[0]),
        sheet(2, "متن"),
        sheet(3, TITLES[1].replace("ی", "ي"), TITLES[2]),
        sheet(4, "بیماری", "مزمن کلیه"),
    ]
    assert check(MARKS, pages) == (4, 4, 0)


def test_a_book_with_its_words_backwards_is_noticed() -> None:
    assert check(
        MARKS, [sheet(m.page, " ".join(reversed(m.title.split()))) for m in MARKS]
    ).reversed


def test_titles_spelt_otherwise_do_not_count_against_a_book() -> None:
    checked = check(MARKS, [sheet(m.page, f"فصل: {m.title.split()[0]}ها") for m in MARKS])
    assert checked == (4, 0, 0) and not checked.reversed


def test_the_handbooks_bookmarks_stand_on_their_pages() -> None:
    checked = pdf.read(HANDBOOK, ReadingPlan(last_page=12), "fa").bookmarks
    assert checked.titles > 10 and checked.found == checked.titles


def test_a_file_stored_backwards_is_refused_with_the_count(tmp_path: Path) -> None:
    count = 4
    outline = [
        b"<< /Title (first chapter number %d) /Parent 3 0 R /Dest [%d 0 R /Fit] %s >>"
        % (i, 20 + i, b"/Next %d 0 R" % (11 + i) if i + 1 < count else b"")
        for i in range(count)
    ]
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 3 0 R >>",
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (20 + i) for i in range(count)), count),
        3: b"<< /Type /Outlines /First 10 0 R /Last %d 0 R /Count %d >>" % (9 + count, count),
        4: hostile.FONT,
    }
    words = b"the quick brown fox jumps over the lazy dog and the cat and it runs to the river where it rests in the sun"
    for i in range(count):
        objects[10 + i] = outline[i]
        objects[20 + i] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
            % (30 + i)
        )
        text = b"BT /F1 11 Tf 50 780 Td (%d number chapter first) Tj 0 -20 Td (%s) Tj ET" % (
            i,
            words,
        )
        objects[30 + i] = hostile.pack_stream(text)
    file = tmp_path / "backwards.pdf"
    file.write_bytes(hostile.build_pdf([objects.get(n, b"null") for n in range(1, 31 + count)]))
    with pytest.raises(BookError, match="4 of 4 bookmarks"):
        pdf.read(file, ReadingPlan(), "en")
