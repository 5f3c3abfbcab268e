"""Words are parted where the line's own gaps are, however tight or loose a program sets them."""

from pathlib import Path

import pytest
from reading.made import PrintedBook

from tasks.language import text
from tasks.reading.layout.word_gaps import WordGaps, learn_gaps, part_gaps
from tasks.reading.pdf import read_pages
from tasks.schemas.plan_sections import ReadingPlan

PERSIAN = [
    "سرخک با تب، سرفه و قرمزی چشم‌ها آغاز می‌شود و چهار روز بعد",
    "دانه‌های پوستی روی صورت و گردن کودک دیده می‌شوند. آنفلوآنزا",
    "ناگهان با تب بالا، سردرد و درد ماهیچه‌ها شروع می‌شود و در",
    "بیشتر بزرگسالان یک هفته ادامه دارد. گزینهٔ ریه و زیر آن.",
]
GAPS = [0.10, 0.12, 0.14, 0.16, 0.20, 0.25, 0.30, 0.35]


def _read(book: PrintedBook, folder: Path, language: str) -> list[str]:
    return read_pages(book.save_pdf(folder), ReadingPlan(), language, workers=1)[0].text.split("\n")


@pytest.mark.parametrize("size", [8, 12])
@pytest.mark.parametrize("gap", GAPS)
def test_persian_words_without_space_glyphs_are_parted(
    gap: float, size: float, tmp_path: Path
) -> None:
    book = PrintedBook()
    book.set_font_size(size)
    for line in PERSIAN:
        book.set_words(line, gap)
    assert _read(book, tmp_path, "fa") == [text.normalize_text(line) for line in PERSIAN]


def test_each_line_of_a_justified_page_has_gaps_of_its_own(tmp_path: Path) -> None:
    book = PrintedBook()
    lines = PERSIAN * 2
    for line, gap in zip(lines, GAPS, strict=True):
        book.set_words(line, gap)
    assert _read(book, tmp_path, "fa") == [text.normalize_text(line) for line in lines]


def test_kerning_of_a_tenth_of_an_em_parts_no_word() -> None:
    line = [0.0] * 30 + [0.1] * 2 + [0.29] * 9  # TeX, Amiri: reh and ye stand 0.1 em apart
    parted = part_gaps(line)
    assert parted and 0.1 < parted.least < 0.29


def test_one_group_of_gaps_is_not_parted() -> None:
    kerned = [room / 100 for room in range(-4, 4)] * 4
    assert part_gaps(kerned) is None
    assert WordGaps(False, frozenset()).least_on(kerned) == learn_gaps([], frozenset(), False).least


def test_letters_set_apart_are_one_word() -> None:
    gaps = WordGaps(False, frozenset(), least=0.11, usual=0.25)
    assert max([0.15] * 7) <= gaps.least_on([0.15] * 7)  # C O N T E N T S
    tracked = [0.15] * 12 + [0.45] * 2
    assert 0.15 < gaps.least_on(tracked) < 0.45


def test_a_bullets_wide_gap_does_not_hide_the_tight_gaps_of_its_line() -> None:
    page = WordGaps(False, frozenset(), least=0.05, usual=0.1, learnt=True, kerns=False)
    assert page.least_on([0.0] * 14 + [0.096] * 4 + [0.5]) < 0.096


def test_where_no_letters_are_kerned_gaps_of_a_tenth_of_an_em_part_words() -> None:
    kerned = WordGaps(False, frozenset(), least=0.05, usual=0.14, learnt=True)
    rooms = [0.0] * 8 + [0.096]
    assert kerned._replace(kerns=False).least_on(rooms) < 0.096 < kerned.least_on(rooms)
