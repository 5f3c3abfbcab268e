"""The order of reading is the inverse of the order of drawing, whatever a line is made of."""

import pytest
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from hypothesis import given
from hypothesis import strategies as st

from tasks.reading.layout.arabic_shaping import Tally, half_spaces, ligature, unfolded
from tasks.reading.layout.bidi import join, logical, undecided
from tasks.reading.layout.glyph_clusters import cells
from tasks.reading.layout.rows import rows
from tasks.reading.layout.word_gaps import WordGaps
from tasks.reading.types import Glyph

PERSIAN = st.sampled_from(
    ["بیمار", "با", "تب", "و", "لرز", "آمده", "است", "درمان", "آغاز", "شد", "فشار", "خون"]
)
NUMBER = st.sampled_from(
    [
        "۱۲",
        "۱۴۰/۹۰",
        "6.5",
        "2000",
        "۱٬۲۵۰",
        "۱۲:۳۰",
        "۷۲٫۵",
        "10,000",
        "۴۰–۶۰",
        "0.9%",
        "۵٪",
        "(۸۰)",
    ]
)
LATIN = st.sampled_from(
    [
        "Aspirin",
        "COVID-19",
        "HbA1c",
        "Type 2 Diabetes",
        "FEV1/FVC",
        "(Aspirin)",
        "T4",
        "Losartan، Aspirin",
    ]
)
DOSE = st.builds(
    "{} {}".format,
    st.sampled_from(["500", "2000", "۲۵", "7.5"]),
    st.sampled_from(["mg", "mL/min", "mg/kg", "mmHg", "mL/min/1.73 m²"]),
)
LINES = st.lists(st.one_of(PERSIAN, NUMBER, LATIN, DOSE), min_size=1, max_size=6).flatmap(
    lambda tokens: st.lists(PERSIAN, min_size=len(tokens) + 1, max_size=len(tokens) + 1).map(
        lambda words: " ".join(
            part for pair in zip(words, [*tokens, ""], strict=True) for part in pair if part
        )
    )
)


def glyphs(visual: str, y: float = 100.0, size: float = 10.0) -> list[Glyph]:
    """The string drawn from left to right, half an em a character."""
    return [
        Glyph(c, size / 2 * i, size / 2 * (i + 1), y, size, "F", ord(c), False, i)
        for i, c in enumerate(visual)
    ]


def drawn(text: str) -> str:
    """The characters from left to right, as a program that follows Unicode's algorithm lays them out from right to left."""
    return "".join(
        c.character for c in BidiParagraph(text, TextDirection.RTL).get_reordered_characters()
    )


def read(visual: str, rtl: bool = True) -> str:
    return join(logical(cells(glyphs(visual), WordGaps(True, frozenset("F"))), rtl))


def balanced(text: str) -> str:
    """Brackets aside: whether they are mirrored is decided elsewhere."""
    return text.translate({ord(c): "|" for c in "()"})


@given(LINES)
def test_reading_undoes_drawing(line: str) -> None:
    assert balanced(read(drawn(line))) == balanced(line)


@given(st.text(alphabet="ابپ 12۳۴.,/-%()abmg«»", max_size=30))
def test_no_character_is_lost_or_made_up(line: str) -> None:
    visual = " ".join(line.split())
    assert sorted(read(visual).replace(" ", "")) == sorted(visual.replace(" ", ""))
    assert len(
        undecided(logical(cells(glyphs(visual), WordGaps(True, frozenset("F"))), True))
    ) == len(read(visual))


@pytest.mark.parametrize(
    ("visual", "logical_"),
    [
        ("mg 500 زود", "دوز 500 mg"),
        ("CT 64 هاگتسد", "دستگاه CT 64"),
        ("%6.5 رادقم", "مقدار 6.5%"),
        ("C°37 امد", "دما 37°C"),
        ("L/10⁹×4.5 شرامش", "شمارش 4.5×10⁹/L"),
    ],
)
def test_what_the_algorithm_cannot_tell_is_read_as_people_write(visual: str, logical_: str) -> None:
    assert read(visual) == logical_


def test_small_raised_digits_keep_their_meaning() -> None:
    line = [*glyphs("10"), Glyph("9", 10.0, 13.0, 103.5, 6.0, "F", 9)]
    assert "".join(g.text for g in sorted(rows(line)[0].glyphs, key=lambda g: g.x0)) == "10⁹"


def test_a_ligature_stored_backwards_is_lam_alef() -> None:
    assert ligature("ال") == "لا"
    assert ligature("لا") == "لا"
    assert ligature("الله") == "الله"


def test_presentation_forms_unfold_and_exponents_stay() -> None:
    assert unfolded("ﻣﯽﺷﻮد 10⁹/L") == "میشود 10⁹/L"


def test_a_final_form_before_an_initial_form_hides_a_half_space() -> None:
    tallies = {
        "f": Tally(ends=9, before=3),
        "i": Tally(starts=9, after=2),
        "m": Tally(before=9, after=9),
    }
    assert half_spaces([("f", "i"), ("f", "m"), ("m", "i")], tallies) == {("f", "i")}
