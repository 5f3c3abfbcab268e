"""Arabic, Hebrew and Latin books, and Persian ones with other programs' habits."""

import json
import os
import sys
from pathlib import Path

import pypdfium2
import pytest
from reading import hostile
from reading.made import SIGNS, PrintedBook

from tasks.language import text
from tasks.reading import ocr
from tasks.reading.pdf import read, read_pages
from tasks.schemas.errors import BookError
from tasks.schemas.plan_sections import ReadingPlan

ARABIC = [
    "القلب عضو عضلي يضخ الدم في الأوعية الدموية إلى جميع أعضاء الجسم.",
    "يعاني المريض من ارتفاع ضغط الدم (140/90) منذ ثلاث سنوات.",
    "الجرعة 500 ملغ مرتين في اليوم على مدى أسبوع.",
]
HEBREW = [
    "הלב הוא שריר המזרים את הדם אל כל חלקי הגוף.",
    "לחץ הדם של החולה היה 140/90 במשך שנה.",
    "המינון הוא 500 מג פעמיים ביום.",
]
LATIN = [
    "The heart pumps blood to all parts of the body.",
    "Blood pressure was 140/90 mmHg for a year.",
    "The dose is 500 mg twice a day (oral).",
]
FIXTURES = Path(__file__).parents[2].parent / "shared" / "pdf-fixtures"
BORN_DIGITAL = [
    "chromium_naskh",
    "chromium_nazli",
    "fpdf2_shaped",
    "fpdf2_unshaped",
    "lo_naskh",
    "lo_nazli",
    "reportlab_visual",
    "weasy_amiri",
    "weasy_naskh",
    "xelatex_amiri",
]


@pytest.mark.parametrize(("language", "lines"), [("ar", ARABIC), ("he", HEBREW), ("en", LATIN)])
def test_a_page_of_another_script_comes_back_in_order(
    language: str, lines: list[str], tmp_path: Path
) -> None:
    book = PrintedBook(language, font=SIGNS)
    for line in lines * 3:
        book.print_text(line)
    assert read_pages(book.save_pdf(tmp_path), ReadingPlan(), language, workers=1)[0].text.split(
        "\n"
    ) == [text.normalize_text(line, language) for line in lines * 3]


def test_arabic_letters_stay_arabic_even_in_a_study_that_says_persian(tmp_path: Path) -> None:
    book = PrintedBook("ar", font=SIGNS)
    for line in ARABIC * 4:
        book.print_text(line)
    said = read_pages(book.save_pdf(tmp_path), ReadingPlan(), "fa", workers=1)[0].text
    assert "في" in said and "إلى" in said
    assert "ی" not in said and "ک" not in said


def test_latin_pages_equal_the_reading_of_pdfium(tmp_path: Path) -> None:
    file = tmp_path / "latin.pdf"
    file.write_bytes(hostile.build_book(3))
    document = pypdfium2.PdfDocument(file)
    pages = read_pages(file, ReadingPlan(), "en", workers=1)
    assert [p.text for p in pages] == [
        text.normalize_text(document[i].get_textpage().get_text_range(), "en") for i in range(3)
    ]
    assert {p.engine for p in pages} == {"pdfium"}


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, float]]:
    if not FIXTURES.is_dir():
        pytest.skip("the shared PDFs are not here")
    sys.path.insert(0, str(FIXTURES))
    score = __import__("score")
    truth = json.loads((FIXTURES / "truth.json").read_text("utf-8"))
    pages = {
        name: read_pages(FIXTURES / f"{name}.pdf", ReadingPlan(), "fa", workers=1)
        for name in BORN_DIGITAL
    }
    return {
        name: score.score("\n".join(p.text for p in rows), truth) for name, rows in pages.items()
    }


def test_ten_programs_pdfs_of_one_text_meet_the_targets(
    scores: dict[str, dict[str, float]],
) -> None:
    mean = {
        key: sum(s[key] for s in scores.values()) / len(scores)
        for key in ("cer", "wer", "order", "num", "lat")
    }
    assert mean["cer"] <= 0.020 and mean["wer"] <= 0.050, mean
    assert mean["order"] >= 0.98 and mean["num"] >= 0.97 and mean["lat"] >= 0.97, mean
    assert max(s["cer"] for s in scores.values()) <= 0.05


def test_half_spaces_survive_in_the_files_that_hold_a_trace_of_them(
    scores: dict[str, dict[str, float]],
) -> None:
    traced = [s["zwnj"] for name, s in scores.items() if not name.startswith("weasy")]
    assert len(traced) == 8 and sum(traced) / 8 >= 0.95


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared PDFs are not here")
@pytest.mark.parametrize("name", ["scan_150", "chromium_noToUnicode"])
def test_pages_without_letters_are_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(BookError, match=r"2 of 2 pages .* reading.ocr: tesseract"):
        read(FIXTURES / f"{name}.pdf", ReadingPlan(), "fa", workers=1)


@pytest.mark.skipif(
    not FIXTURES.is_dir() or not ocr.available() or "fas" in ocr.missing_languages("fas"),
    reason="no tesseract for Persian",
)
def test_scanned_pages_are_read_by_tesseract_and_marked(tmp_path: Path) -> None:
    reading = read(FIXTURES / "scan_300.pdf", ReadingPlan(ocr="tesseract"), "fa", workers=1)
    assert all(page.ocr and page.engine == "tesseract" for page in reading.pages)
    assert reading.passages and all(p.ocr for p in reading.passages)
    assert "بیماری‌های شایع" in reading.pages[0].text


def test_tesseract_asked_for_and_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    file = tmp_path / "latin.pdf"
    file.write_bytes(hostile.build_book(1))
    with pytest.raises(BookError, match="apt-get install tesseract-ocr"):
        read(file, ReadingPlan(ocr="tesseract"), "en")
