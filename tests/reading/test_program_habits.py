"""What TeX, office and layout programs do to a page, each habit drawn small."""

from pathlib import Path

import pypdfium2
import pytest
from reading import drawn
from reading.made import PrintedBook
from reading.test_foreign import glyph
from reading.test_order import glyphs

from tasks.reading.book_level import settled
from tasks.reading.layout.bidi import decided, logical, undecided
from tasks.reading.layout.glyph_clusters import ZWNJ, cells
from tasks.reading.layout.page_layout import read_lines
from tasks.reading.layout.pdfium_glyphs import draw_page
from tasks.reading.layout.rows import rows
from tasks.reading.layout.word_gaps import WordGaps, part_gaps
from tasks.reading.pdf import Reading, read
from tasks.reading.structure.headers_footers import furniture
from tasks.reading.structure.hyphens import BookWords
from tasks.reading.structure.paragraphs import Placed, paragraphs
from tasks.reading.types import Line, Sheet, names_bold
from tasks.schemas.plan_sections import ReadingPlan

LEARNT = WordGaps(False, frozenset(), least=0.09, usual=0.19, learnt=True)


def _sheet(page: int, *lines: Line) -> Sheet:
    return Sheet(page, lines, 400, 600, "glyphs", True, 0, "")


def _line(text: str, top: float, size: float = 11, bold: bool = False) -> Line:
    return Line(text, 50, top, 350, top + size, size, bold, 0)


def _read(folder: Path, page: str) -> Reading:
    return read(drawn.write(folder, drawn.pdf([page])), ReadingPlan(), "en", workers=1)


@pytest.mark.parametrize("words", [0.159, 0.19, 0.29])
def test_kerning_beside_word_gaps_parts_no_word(words: float) -> None:
    line = [0.0] * 30 + [0.12] * 2 + [words] * 8  # Amiri: reh and ye
    assert 0.12 <= LEARNT.least_on(line) < words


def test_kerning_in_a_title_of_one_word_parts_nothing() -> None:
    assert LEARNT.least_on([0.0, 0.12, 0.0, 0.0]) >= 0.12


def test_a_bullet_that_stands_off_hides_no_word_gap() -> None:
    parted = part_gaps([0.0] * 17 + [0.16, 0.5])
    assert parted and parted.least < 0.16


def test_a_gap_after_a_joining_letter_parts_words_however_small() -> None:
    kaf, heh, reh = glyph("ک", 0, 5, 2), glyph("ه", 6, 5, 1), glyph("ر", 6, 5, 1)
    assert LEARNT.parts_words(kaf, heh, 0.15)
    assert not LEARNT.parts_words(kaf, reh, 0.15)


@pytest.mark.parametrize("x", [7.0, 10.0])  # LuaTeX: ends at the border; XeTeX: begins there
def test_a_half_space_drawn_over_a_neighbour_stands_at_the_border(x: float) -> None:
    heh, alef, space = glyph("ه", 10, 5, 1), glyph("ا", 5, 5, 3), glyph(" ", x, 3, 2)
    assert [c.gap for c in cells([heh, space, alef], LEARNT)] == [ZWNJ, ""]


def test_text_drawn_twice_is_read_once(tmp_path: Path) -> None:
    words = "Measles begins with fever and cough in most of the small children seen here"
    page = "".join(
        drawn.show(letter, 72 + drawn.width(words[:i]) + shift, 740)
        for i, letter in enumerate(words)
        for shift in (0, 0.3)
        if letter != " "
    )
    assert _read(tmp_path, page).pages[0].text == words


def test_a_negative_size_in_a_turned_matrix_is_upright(tmp_path: Path) -> None:
    page = "BT /F1 -11 Tf -1 0 0 -1 72 740 Tm (Fever, cough and red eyes are its signs.) Tj ET\n"
    assert _read(tmp_path, page).pages[0].text == "Fever, cough and red eyes are its signs."


def test_a_lowered_letter_stays_in_its_row() -> None:
    line = [glyph(c, 5 * i, 5, i) for i, c in enumerate("TEX writes")]
    line[1] = line[1]._replace(y=97.8)
    assert len(rows(line)) == 1


@pytest.mark.parametrize(
    ("drawn_so", "opens", "said"),
    [("فدهـ ۲-۱", True, "۲-۱"), ("فدهـ ۲-۱", False, "۱-۲"), ("لاس ۲-۱ لصف", True, "۱-۲")],
)
def test_a_number_with_a_hyphen_runs_by_what_stands_before_it(
    drawn_so: str, opens: bool, said: str
) -> None:
    line = cells(glyphs(drawn_so), WordGaps(True, frozenset("F")))
    assert said in decided(undecided(logical(line, True, opens)), "")


@pytest.mark.parametrize("turned", [False, True])
def test_the_book_tells_which_way_its_section_numbers_run(turned: bool) -> None:
    numbers = ["۱-۱", "۱-۲", "۱-۳", "۲-۱", "۲-۲", "۳-۱"]
    drawn_so = [number[::-1] if turned else number for number in numbers]
    pages = []
    for page, number in enumerate(drawn_so, 1):
        line = cells(glyphs(f"فده {number}"), WordGaps(True, frozenset("F")))
        pages.append(_sheet(page, _line(undecided(logical(line, True, True)), 100)))
    assert [s.lines[0].text.split()[0] for s in settled(pages)] == numbers


def test_a_running_head_that_says_titles_is_no_text() -> None:
    titles = _line("Lungs and airways", 200, 16, True), _line("Whooping cough", 240, 13, True)
    first = _sheet(1, *titles, _line("It is a disease of small children, and long.", 300))
    heads = ["WHOOPING COUGH LUNGS AND AIRWAYS", "LUNGS AND AIRWAYS", "WHOOPING COUGH"]
    texts = ["It ends in vomiting.", "Children lose weight.", "The cough lasts for weeks."]
    pages = [
        _sheet(page, _line(head, 40), _line(text, 70))
        for page, (head, text) in enumerate(zip(heads, texts, strict=True), 2)
    ]
    assert furniture([first, *pages]) == {(2, 0), (3, 0), (4, 0)}


def test_an_item_at_a_pages_end_that_is_a_title_elsewhere_is_text() -> None:
    first = _sheet(1, _line("Osteoporosis", 200, 16, True), _line("It makes bones thin.", 240))
    pages = [
        _sheet(page, _line(text, 40), _line("- Osteoporosis", foot))
        for page, text, foot in (
            (2, "What may follow is:", 700),
            (3, "Steroids lead to:", 640),
            (4, "In old age there is:", 720),
        )
    ]
    assert furniture([first, *pages]) == set()


def test_a_bold_title_at_the_head_of_a_page_stays() -> None:
    first = _sheet(1, _line("Treatment", 200, 11, True), _line("Rest and fluids are enough.", 220))
    second = _sheet(2, _line("Treatment", 40, 11, True), _line("Antibiotics are given.", 60))
    assert furniture([first, second]) == set()


def test_lines_beside_a_picture_are_one_paragraph_and_short_ones_a_list(tmp_path: Path) -> None:
    wide = (
        "The signs of the disease are told below, after a paragraph that is as wide as the page is."
    )
    narrow = drawn.wrap(
        "rain and wind make the way to school long for small children " * 4, 11, 200
    )
    items = ["slowly growing cough", "dry throat", "clubbing of the nails", "small lungs"]
    page = drawn.show(wide, 72, 760)
    page += "".join(drawn.show(line, 72, 740 - 14 * i) for i, line in enumerate(narrow))
    page += drawn.show(wide, 72, 600)
    page += "".join(drawn.show(item, 92, 580 - 14 * i) for i, item in enumerate(items))
    said = [p for passage in _read(tmp_path, page).passages for p in passage.text.split("\n")]
    assert " ".join(narrow) in " ".join(said) and said[-4:] == items
    assert sum(p.startswith("rain") or p.startswith("The signs") for p in said) <= 3


def test_a_fonts_name_tells_that_it_is_bold() -> None:
    assert names_bold("ABCDEF+LiberationSerif-Bold") and not names_bold("Amiri-Regular")


def test_bullets_drawn_as_shapes_begin_items() -> None:
    items = ["slowly growing cough", "dry throat in the morning", "small lungs"]
    page = drawn.show("The signs of the disease are told below.", 72, 760)
    for i, item in enumerate(items):
        page += f"75 {732 - 16 * i} 3 3 re f\n" + drawn.show(item, 86, 730 - 16 * i)
    sheet = pypdfium2.PdfDocument(drawn.pdf([page]))[0]
    lines = read_lines(draw_page(sheet, sheet.get_textpage())).lines
    assert [line.text for line in lines[1:]] == [f"• {item}" for item in items]


def test_bullets_drawn_as_shapes_begin_items_of_right_to_left_lists(tmp_path: Path) -> None:
    book, items = PrintedBook("fa"), ["سرفهٔ فزاینده", "خشکی گلو", "انگشتان چماقی"]
    book.print_text("نشانه‌های بیماری در زیر آمده است:")
    for item in items:
        book.set_x(book.l_margin)
        book.ellipse(book.w - book.r_margin - 1.2, book.y + 2.8, 1.1, 1.1, "F")
        book.print_text(item, width=book.epw - 5)
    found = read(book.save_pdf(tmp_path), ReadingPlan(), "fa", workers=1)
    lines = [line for passage in found.passages for line in passage.text.split("\n")]
    assert lines[-3:] == [f"- {item}" for item in items]


@pytest.mark.parametrize(
    ("before", "item"),
    [
        ("The salt and the water are mixed in a ratio of one to", False),
        ("The salt is mixed with the water in equal parts, always.", True),  # a sentence ended
        ("Three of them:", True),  # the next word had room
        ("2. The salt and the water are mixed in a ratio of one", True),  # its list goes on
    ],
)
def test_a_number_that_ends_a_sentence_begins_no_item(before: str, item: bool) -> None:
    """Of one to / 3. Then …"""
    lines = [
        Line(text, 50, top, 50 + 6.0 * len(text), top + 11, 11, False, 0)
        for text, top in (
            (before, 100),
            ("3. Then the water is boiled and the salt stays there", 114),
        )
    ]
    right = 50 + 6.0 * 56
    placed = [Placed(1, line, False, False, 50, right, True) for line in lines]
    found = [p.text for p in paragraphs(placed, BookWords(()))]
    assert (len(found) == 2) == item, found
