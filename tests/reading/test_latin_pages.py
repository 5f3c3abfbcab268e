"""Left-to-right pages come out in reading order, whatever order and operators a program drew them with."""

from pathlib import Path

import pytest
from reading import drawn

from tasks.reading.pdf import Reading, read
from tasks.schemas.plan_sections import ReadingPlan

BODY = (
    "Measles begins with fever, cough and red eyes four days before the rash appears on the face and neck of the child. "
    "Influenza starts suddenly with high fever, headache and muscle pain and it lasts for about one week in most adults. "
    "Mumps causes painful swelling of the parotid glands on one or both sides and a moderate fever for several days. "
    "Whooping cough shows long bouts of coughing that end with a high whoop and often with vomiting in small children. "
)
CHAPTERS = {
    "Measles": "Fever, cough, red eyes and a rash are its signs.",
    "Influenza": "Sudden fever and muscle pain are its signs.",
}
ROWS = [
    ("Disease", "Main sign", "Treatment", "Dose"),
    ("Measles", "Koplik spots", "Vitamin A", "200 000 units"),
    ("Scarlet fever", "Strawberry tongue", "Amoxicillin", "50 mg/kg"),
    ("Influenza", "Sudden fever", "Oseltamivir", "75 mg"),
    ("Mumps", "Parotid swelling", "Rest", "none"),
]


def _read(folder: Path, *pages: str, **options: object) -> Reading:
    return read(drawn.write(folder, drawn.pdf(pages, **options)), ReadingPlan(), "en", workers=1)  # type: ignore[arg-type]


def _lines(reading: Reading) -> list[str]:
    return reading.pages[0].text.split("\n")


@pytest.mark.parametrize("size", [9, 11, 14])
def test_a_heading_drawn_last_stands_before_its_text(size: float, tmp_path: Path) -> None:
    pages = [
        drawn.paragraph(first + " " + BODY, 72, 735, 430, size, 1.3 * size)
        + drawn.show(title, 72, 770, 1.7 * size, "F2")
        for title, first in CHAPTERS.items()
    ]
    assert {(p.chapter, p.page) for p in _read(tmp_path, *pages).passages} == {
        ("Measles", 1),
        ("Influenza", 2),
    }


@pytest.mark.parametrize("count", [2, 3])
def test_columns_drawn_across_are_read_one_after_the_other(count: int, tmp_path: Path) -> None:
    measure = 450 / count - 18
    lines = drawn.wrap(BODY * 2, 9, measure)
    height = -(-len(lines) // count)
    page = ""
    for i in range(height):
        for column in range(count):
            at = column * height + i
            page += (
                drawn.show(lines[at], 72 + column * 450 / count, 760 - 12 * i, 9)
                if at < len(lines)
                else ""
            )
    assert _lines(_read(tmp_path, page)) == lines


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_drawn_by_columns_is_read_by_rows(ruled: bool, tmp_path: Path) -> None:
    places = [72, 190, 320, 430]
    page = drawn.show("Fevers", 72, 780, 16, "F2")
    for column, x in enumerate(places):
        page += "".join(drawn.show(row[column], x + 3, 745 - 20 * i) for i, row in enumerate(ROWS))
    if ruled:
        page += "".join(
            f"72 {760 - 20 * i} m 530 {760 - 20 * i} l S\n" for i in range(len(ROWS) + 1)
        )
    assert _lines(_read(tmp_path, page)) == ["Fevers", *(" | ".join(row) for row in ROWS)]


def test_a_table_set_sideways_is_read_by_rows_below_its_heading(tmp_path: Path) -> None:
    page = drawn.show("Fevers", 72, 780, 16, "F2") + "q 0 1 -1 0 500 100 cm\n"
    for i, row in enumerate(ROWS):
        page += "".join(
            drawn.show(cell, x, 300 - 20 * i)
            for cell, x in zip(row, (0, 120, 250, 360), strict=True)
        )
    assert _lines(_read(tmp_path, page + "Q\n")) == ["Fevers", *(" | ".join(row) for row in ROWS)]


@pytest.mark.parametrize("body", [9, 11])
def test_sizes_in_the_text_matrix_are_the_sizes(body: float, tmp_path: Path) -> None:
    pages = []
    for title, first in CHAPTERS.items():
        lines = drawn.wrap(
            first + " " + BODY + "No case was seen. (Lower-middle income.)", body, 430
        )
        pages.append(
            drawn.show(title, 72, 770, 1.6 * body, "F2", in_matrix=True)
            + "".join(
                drawn.show(line, 72, 735 - 14 * i, body, in_matrix=True)
                for i, line in enumerate(lines)
            )
        )
    reading = _read(tmp_path, *pages)
    assert {(p.chapter, p.section) for p in reading.passages} == {
        ("Measles", ""),
        ("Influenza", ""),
    }


def test_raised_numbers_cut_no_paragraph(tmp_path: Path) -> None:
    first, second = (
        "More than three of four operations are done outside.",
        "each year two visits are made to the physician",
    )
    page = drawn.show(first, 72, 740) + drawn.show("1", 72 + drawn.width(first), 744, 6.5)
    page += drawn.show("In addition,", 72 + drawn.width(first) + 8, 740) + drawn.show(
        second, 72, 726
    )
    page += drawn.show("2", 72 + drawn.width(second), 730, 6.5) + drawn.show(
        "in most countries.", 72, 712
    )
    text = f"{first}¹ In addition, {second}² in most countries."
    assert [p.text for p in _read(tmp_path, page).passages] == [text]


@pytest.mark.parametrize(
    ("letter", "rest"),
    [("R", "abies is a viral disease of mammals"), ("I", "n winter the influenza is common")],
)
def test_a_drop_cap_begins_its_word(letter: str, rest: str, tmp_path: Path) -> None:
    after = 73 + drawn.width(letter, "F1", 40)
    page = (
        drawn.show(letter, 72, 725, 40)
        + drawn.show(rest, after, 742)
        + drawn.show("that is passed on by bites.", after, 726)
    )
    page += drawn.show("It begins with fever and ends with death.", 72, 710)
    assert _lines(_read(tmp_path, page))[0] == letter + rest


@pytest.mark.parametrize("gap", [0.10, 0.12, 0.14, 0.16, 0.20, 0.25, 0.35])
def test_latin_words_without_space_glyphs_are_parted(gap: float, tmp_path: Path) -> None:
    lines = drawn.wrap(BODY, 11, 330)
    page = "".join(drawn.show_words(line, 72, 760 - 14 * i, gap) for i, line in enumerate(lines))
    assert _lines(_read(tmp_path, page)) == lines


def test_words_broken_at_line_ends_are_whole_and_compounds_keep_their_hyphen(
    tmp_path: Path,
) -> None:
    lines = [
        "Inflammation of the parotid glands is the com-", "monest sign of mumps, and the pro-",
        "grammes for vaccination have made it un-", "common. A well-", "known complication is inflammation of the pan-",
        "creas. Short-", "and long-term care, and every upper-middle-", "income country, know COVID-", "19 and post-", "COVID states.",
    ]  # fmt: skip
    page = "".join(drawn.show(line, 72, 740 - 14 * i) for i, line in enumerate(lines))
    assert _read(tmp_path, page).passages[0].text == (
        "Inflammation of the parotid glands is the commonest sign of mumps, and the programmes for vaccination have made it uncommon. "
        "A well-known complication is inflammation of the pancreas. Short- and long-term care, and every upper-middle-income country, "
        "know COVID-19 and post-COVID states."
    )


def test_the_books_own_words_decide_about_a_hyphen(tmp_path: Path) -> None:
    page = drawn.show("The on-call nurse saw the oncology ward. An on-", 72, 740) + drawn.show(
        "call doctor came to the on-", 72, 726
    )
    page += drawn.show("cology ward.", 72, 712)
    assert (
        _read(tmp_path, page)
        .passages[0]
        .text.endswith("An on-call doctor came to the oncology ward.")
    )


def test_the_visible_part_is_the_page_and_its_running_heads_are_left_out(tmp_path: Path) -> None:
    pages = []
    for n in range(6):
        page = drawn.show(f"book_final_v3.indd   {n + 17}   3/4/2021", 40, 815, 7)
        page += drawn.show("Handbook of Fevers" + " " * (n % 2), 110, 700, 9) + drawn.show(
            str(n + 17), 470, 700, 9
        )
        pages.append(page + drawn.paragraph(BODY[60 * n :], 110, 670, 370))
    reading = _read(tmp_path, *pages, crop=[85, 110, 510, 730])
    assert not any("indd" in page.text for page in reading.pages)
    assert all("Handbook of Fevers" in page.text for page in reading.pages)
    assert not any("Handbook" in p.text or "17" in p.text for p in reading.passages)


@pytest.mark.parametrize("title", ["_GoBack", "OLE_LINK1", "_Toc123456"])
def test_hidden_bookmarks_are_no_chapters(title: str, tmp_path: Path) -> None:
    pages = [
        drawn.show(name, 72, 770, 18, "F2") + drawn.paragraph(first + BODY, 72, 735, 430)
        for name, first in CHAPTERS.items()
    ]
    assert [p.chapter for p in _read(tmp_path, *pages, outline=[(title, 1)]).passages] == [
        "Measles",
        "Influenza",
    ]


def test_an_outline_that_names_no_heading_is_not_the_books(tmp_path: Path) -> None:
    pages = [
        drawn.show(name, 72, 770, 18, "F2") + drawn.paragraph(first + BODY, 72, 735, 430)
        for name, first in CHAPTERS.items()
    ]
    reading = _read(tmp_path, *pages, outline=[("Bookmark 1", 1)])
    assert [p.chapter for p in reading.passages] == ["Measles", "Influenza"]


def test_the_text_layer_of_a_latin_scan_is_marked(tmp_path: Path) -> None:
    page = "BT 3 Tr ET\n" + drawn.paragraph(BODY, 72, 760, 400)
    reading = _read(tmp_path, page)
    assert all(page.ocr for page in reading.pages) and all(p.ocr for p in reading.passages)


def test_a_page_of_many_layouts_costs_no_letter(tmp_path: Path) -> None:
    lines = drawn.wrap(BODY, 11, 200)
    page = "".join(drawn.show(line, 72 + 3 * (i % 5), 760 - 14 * i) for i, line in enumerate(lines))
    text = " ".join(_lines(_read(tmp_path, page)))
    assert sorted(text.replace(" ", "")) == sorted(BODY.replace(" ", ""))
