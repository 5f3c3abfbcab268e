"""What printing programs do to Persian text, drawn by hand as each of them was seen to do it."""

from collections.abc import Sequence

import pytest

from tasks.reading.layout.arabic_shaping import bare, unfolded
from tasks.reading.layout.bidi import join, logical
from tasks.reading.layout.glyph_clusters import cells, habits, without_stretches
from tasks.reading.layout.page_layout import read_lines
from tasks.reading.types import Drawing, Glyph

EM = 10.0
FATHA, SHADDA, DAMMA, HAMZA = "\u064e", "\u0651", "\u064f", "\u0654"
ZWNJ = "\u200c"


def glyph(
    text: str,
    x: float,
    width: float,
    turn: int,
    code: int | None = None,
    y: float = 100.0,
    font: str = "F",
) -> Glyph:
    return Glyph(
        text,
        x,
        x + width,
        y,
        EM,
        font,
        ord(text[:1] or "\0") if code is None else code,
        False,
        turn,
    )


def line(glyphs: Sequence[Glyph]) -> str:
    ready = without_stretches(glyphs)
    return join(logical(cells(ready, habits(ready)), True))


def visual(text: str, y: float = 100.0, x: float = 0.0, turn: int = 0) -> list[Glyph]:
    """Right-to-left text as a shaper hands it over: from left to right, half an em a character."""
    return [glyph(c, x + 5 * i, 5, turn + i, y=y) for i, c in enumerate(reversed(text))]


def test_a_mark_drawn_before_its_letter_goes_to_it_though_the_next_is_nearer() -> None:
    # «پُر»: the mark of پ stands over the edge of ر, as LibreOffice draws Amiri
    drawn = [glyph("ر", 0, 4, 1), glyph(DAMMA, 1.8, 0, 2), glyph("پ", 4, 3, 3)]
    assert line(drawn) == f"پ{DAMMA}ر"


def test_a_mark_drawn_by_its_own_width_follows_the_letter_before_it() -> None:
    # unshaped drawing, letters in reading order from left to right: turned as a whole later
    drawn = [glyph("ه", 0, 4, 1), glyph(HAMZA, 4, 0, 2), glyph("ش", 4, 4, 3)]
    assert line(drawn) == f"شه{HAMZA}"


def test_a_cluster_told_by_its_mark_and_by_its_letter_is_read_once() -> None:
    # Typst gives both glyphs of «هٔ» the text of the whole cluster
    drawn = [glyph(f"ه{HAMZA}", 0.5, 0, 1, 7), glyph(f"ه{HAMZA}", 0, 4, 2, 8), glyph("م", 4, 4, 3)]
    assert line(drawn) == f"مه{HAMZA}"


@pytest.mark.parametrize("name", ["9", "x", "", "\u0640"])
def test_kashidas_go_whatever_the_file_calls_them(name: str) -> None:
    drawn = visual(f"قن{name or '#'}د و خ{name or '#'}ون")
    drawn = [g._replace(text=name, code=57) if g.text == (name or "#") else g for g in drawn]
    assert line(drawn) == "قند و خون"


def test_a_digit_that_also_stands_alone_is_a_digit() -> None:
    drawn = visual("ب9ا و ک9ا 9 بار")
    assert "9" in line(drawn)


def test_a_font_that_names_its_half_spaces_does_not_speak_for_another() -> None:
    body = [
        glyph("ا", 0, 4, 1),
        glyph("ه", 4, 4, 2),
        glyph(" ", 8, 2, 3),
        glyph("ی", 8, 4, 4),
        glyph("م", 12, 4, 5),
    ]
    heading = [glyph(ZWNJ, 50, 0, 9, font="Bold")]
    both = cells(body, habits([*body, *heading]))
    assert join(logical(both, True)) == f"می{ZWNJ}ها"


def test_words_of_two_cells_that_nearly_touch_stay_two_words() -> None:
    drawn = [
        *visual("لاکتیک", x=0, turn=40),
        *visual("روز", x=32, turn=0),
        *visual("یک دو سه چهار", x=80, turn=10),
    ]
    assert "روز لاکتیک" in line(drawn)


def test_a_bullet_stands_apart_from_its_item() -> None:
    assert line(visual("•تب")) == "• تب"


def test_bytes_exchanged_by_ghostscript_are_put_right() -> None:
    assert unfolded("empagli\u6600\u6c00ozin") == "empagliflozin"


def _page(rows: Sequence[tuple[float, float, str]]) -> list[str]:
    drawn: list[Glyph] = []
    for x, y, text in rows:
        drawn += visual(text, y, x, len(drawn) + 20)
    return [bare(found.text) for found in read_lines(Drawing({0: drawn}, [], 400, 400, 0)).lines]


def test_half_verses_are_read_line_by_line() -> None:
    verses = [
        ("چو ایران نباشد تن من مباد", "بدین بوم و بر زنده یک تن مباد"),
        ("توانا بود هر که دانا بود", "ز دانش دل پیر برنا بود"),
    ] * 3
    rows = [
        (x, 300 - 20 * i, half)
        for i, pair in enumerate(verses)
        for x, half in zip((200, 0), pair, strict=True)
    ]
    assert _page(rows) == [" | ".join(pair) for pair in verses]


def test_a_heading_below_a_table_without_rules_does_not_join_its_rows() -> None:
    table = [("دارو", "دوز"), ("متفورمین", "پانصد"), ("انسولین", "ده واحد"), ("آسپرین", "هشتاد")]
    rows = [
        (x, 300 - 30 * i, cell)
        for i, pair in enumerate(table)
        for x, cell in zip((200, 100), pair, strict=True)
    ]
    assert _page([*rows, (200, 160, "پرسش‌ها")])[:4] == [" | ".join(pair) for pair in table]


def test_signs_that_stand_between_letters_are_no_kashidas() -> None:
    assert line(visual("آن‌ها و/یا این‌ها و/یا قلبی-عروقی و قلبی-عروقی")).count("/") == 2
    assert line(visual("قلبی-عروقی و قلبی-عروقی")) == "قلبی-عروقی و قلبی-عروقی"
