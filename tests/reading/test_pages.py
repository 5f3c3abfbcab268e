"""Columns, tables, headings, lists, running heads and page breaks of made pages."""

from pathlib import Path

from reading.made import PrintedBook

from tasks.language import text
from tasks.reading.pdf import Reading, read
from tasks.schemas.plan_sections import ReadingPlan

PLAN = ReadingPlan()
PROSE = "بیماری در این گروه از بیماران با تب و سرفه آغاز می‌شود و در بیشتر آنان پس از چند روز بهبود می‌یابد. "
RIGHT = [
    "ستون راست از این سطر آغاز می‌شود و",
    "در سطر دوم از همان سخن می‌گوید که",
    "بیمار با تب و لرز آمده است و از",
    "درد پهلو شکایت دارد و در معاینه",
    "حساسیت زاویهٔ دنده‌ای دیده می‌شود.",
]
LEFT = [
    "ستون چپ پس از ستون راست خوانده",
    "می‌شود و از بیمار دیگری می‌گوید که",
    "با سردرد شدید و تاری دید به اورژانس",
    "آمده است و فشار خون او بسیار بالا",
    "بوده و درمان با دارو آغاز شده است.",
]


def of(book: PrintedBook, folder: Path, language: str = "fa") -> Reading:
    return read(book.save_pdf(folder), PLAN, language, workers=1)


def test_the_right_column_is_read_before_the_left(tmp_path: Path) -> None:
    book = PrintedBook()
    book.print_column(RIGHT, 88, 40, 57)
    book.print_column(LEFT, 20, 40, 57)
    assert of(book, tmp_path).pages[0].text.split("\n") == [
        text.normalize_text(line) for line in RIGHT + LEFT
    ]


def test_a_line_across_both_columns_stands_before_them(tmp_path: Path) -> None:
    book = PrintedBook()
    book.print_text(PROSE * 2)
    book.print_column(RIGHT, 88, 70, 57)
    book.print_column(LEFT, 20, 70, 57)
    said = of(book, tmp_path).pages[0].text.split("\n")
    assert said[-10:] == [text.normalize_text(line) for line in RIGHT + LEFT]


def test_in_a_left_to_right_book_the_left_column_comes_first(tmp_path: Path) -> None:
    book = PrintedBook("en")
    book.print_column([f"left line {i} with some words on it here" for i in range(6)], 20, 40, 60)
    book.print_column([f"right line {i} with some words on it here" for i in range(6)], 90, 40, 60)
    said = of(book, tmp_path, "en").pages[0].text
    assert said.index("left line 5") < said.index("right line 0")


def test_a_ruled_table_is_read_row_by_row(tmp_path: Path) -> None:
    rows = [
        ("نام دارو", "مقدار", "عارضهٔ شایع"),
        ("متفورمین", "۵۰۰–۲۰۰۰", "اسهال و تهوع"),
        ("آسپرین", "81", "خون‌ریزی"),
        ("Losartan", "50 mg", "سرگیجه"),
    ]
    book = PrintedBook()
    book.print_text(PROSE)
    for row in rows:
        book.print_row(row, (40, 40, 45), border=1)
    book.print_text(PROSE)
    lines = of(book, tmp_path).pages[0].text.split("\n")
    for row in rows:
        assert " | ".join(map(text.normalize_text, row)) in lines


def test_a_table_without_rules_is_read_row_by_row(tmp_path: Path) -> None:
    rows = [(f"داروی شمارهٔ {i}", f"{i}۰۰ میلی‌گرم", "تهوع و سرگیجه") for i in "۱۲۳۴۵"]
    book = PrintedBook()
    for row in rows:
        book.print_row(row, (42, 42, 41))
    assert [line.split(" | ") for line in of(book, tmp_path).pages[0].text.split("\n")] == [
        [text.normalize_text(c) for c in row] for row in rows
    ]


def test_headings_are_found_by_size_where_there_are_no_bookmarks(tmp_path: Path) -> None:
    book = PrintedBook()
    book.print_text("کتاب نمونه", 26, "B")
    for chapter in ("فصل نخست", "فصل دوم"):
        book.print_text(chapter, 20, "B")
        book.print_text(PROSE * 3)
        for section in ("دیابت", "آسم"):
            book.print_text(section, 15, "B")
            book.print_text(PROSE * 3)
    reading = of(book, tmp_path)
    assert [(p.chapter, p.section) for p in reading.passages if p.chapter] == [
        ("فصل نخست", ""), ("فصل نخست", "دیابت"), ("فصل نخست", "آسم"), ("فصل دوم", ""), ("فصل دوم", "دیابت"), ("فصل دوم", "آسم"),
    ]  # fmt: skip
    assert all(p.text == text.normalize_text(PROSE * 3) for p in reading.passages if p.section)


def test_a_bookmark_whose_title_is_not_on_its_page_still_begins_a_chapter(tmp_path: Path) -> None:
    book = PrintedBook()
    for name in ("یک", "دو"):
        book.start_section(f"فصل {name}")
        book.print_text(PROSE * 2)
        book.ln(20)
    assert [p.chapter for p in of(book, tmp_path).passages] == ["فصل یک", "فصل دو"]


def test_bullets_and_numbers_become_items(tmp_path: Path) -> None:
    book = PrintedBook()
    book.print_text("نشانه‌ها عبارت‌اند از:")
    for item in (
        "• تب و لرز",
        "• سرفهٔ خلط‌دار",
        "– درد سینه",
        "▪ تنگی نفس",
        "۱. گام نخست درمان",
        "۲) گام دوم درمان",
    ):
        book.print_text(item)
    assert of(book, tmp_path).passages[0].text.split("\n")[1:] == [
        "- تب و لرز", "- سرفهٔ خلط‌دار", "- درد سینه", "- تنگی نفس", "- ۱. گام نخست درمان", "- ۲) گام دوم درمان",
    ]  # fmt: skip


def test_a_sentence_over_a_page_break_stays_whole_on_the_page_where_it_begins(
    tmp_path: Path,
) -> None:
    book = PrintedBook(running="راهنمای نمونه")
    sentence = "بیمار " + "که با تب و لرز و سرفه و درد سینه آمده است " * 60 + "بهبود یافت."
    book.ln(120)
    book.print_text(sentence)
    reading = of(book, tmp_path)
    assert len(reading.pages) > 1
    assert [(p.page, p.text) for p in reading.passages] == [(1, text.normalize_text(sentence))]


def test_a_footnote_does_not_cut_the_paragraph_that_runs_on_overleaf(tmp_path: Path) -> None:
    book = PrintedBook()
    lines = [
        f"سطر شمارهٔ {n} از بندی دراز که در آن از بیماری سخن می‌رود و پایان نمی‌گیرد"
        for n in "۱۲۳۴۵۶۷۸"
    ]
    for line in lines[:4]:
        book.print_text(line)
    book.set_y(190)
    book.print_text("این پانوشت با حروف ریز چاپ شده است.", 8)
    book.add_page()
    for line in lines[4:]:
        book.print_text(line)
    assert of(book, tmp_path).passages[0].text.split("\n") == [
        text.normalize_text(" ".join(lines)),
        "این پانوشت با حروف ریز چاپ شده است.",
    ]


def test_running_heads_are_on_the_page_but_in_no_passage(tmp_path: Path) -> None:
    book = PrintedBook(running="راهنمای نمونه")
    for number in ("یک", "دو", "سه", "چهار", "پنج"):
        book.print_text(f"در بخش {number} می‌خوانیم. " + PROSE * 3)
        book.add_page()
    book.print_text(PROSE)
    reading = of(book, tmp_path)
    assert all("راهنمای نمونه" in page.text for page in reading.pages)
    assert not any("راهنمای نمونه" in p.text for p in reading.passages)
    assert reading.running_lines == 6


def test_passages_keep_to_their_size_and_cut_no_sentence(tmp_path: Path) -> None:
    book = PrintedBook()
    sentences = [
        f"جملهٔ شمارهٔ {i} از بیماری که با تب و لرز آغاز می‌شود سخن می‌گوید." for i in range(80)
    ]
    book.print_text(" ".join(sentences))
    passages = of(book, tmp_path).passages
    assert all(len(p.text) < 1.5 * PLAN.passage_characters for p in passages)
    assert [
        s + "." for p in passages for s in p.text.replace("\n", " ").rstrip(".").split(". ")
    ] == [text.normalize_text(s) for s in sentences]


def test_workers_change_nothing(tmp_path: Path) -> None:
    book = PrintedBook()
    for _ in range(12):
        book.print_text(PROSE * 5)
        book.add_page()
    book.print_text(PROSE)
    file = book.save_pdf(tmp_path)
    assert read(file, PLAN, "fa", workers=1) == read(file, PLAN, "fa", workers=3)
