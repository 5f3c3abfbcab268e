"""Raised small digits are exponents and calls of notes; digits of another size or font, and of small text beside a title, stay digits."""

import pytest
from reading import drawn

from tasks.reading.layout.page_layout import read_lines
from tasks.reading.types import Drawing, Glyph

SIZE = 10.0
ABOVE = "Patients were treated early and well in most of the hospitals"


def set_line(
    *parts: str | tuple[str, float, float], size: float = SIZE, x: float = 72, y: float = 700
) -> list[Glyph]:
    """Letters of Times; a part in brackets has a size relative to the line's and is raised by so many em."""
    glyphs: list[Glyph] = []
    for text, relative, raised in ((p, 1.0, 0.0) if isinstance(p, str) else p for p in parts):
        font = "Other" if relative != 1.0 or raised else "Text"
        for char in text:
            latin = char if char <= "~" else "5"
            wide = drawn.width(latin, "F1", 1000) / 1000 * size * relative
            at = y + raised * size
            turn = len(glyphs) + round(1000 * x)
            glyphs.append(
                Glyph(char, x, x + wide, at, size * relative, font, ord(char), False, turn)
            )
            x += wide
    return glyphs


def read_page(*lines: list[Glyph]) -> list[str]:
    above = set_line(ABOVE, y=740)
    drawing = Drawing({0: [*above, *(g for line in lines for g in line)]}, [], 595, 842, 0)
    return [line.text for line in read_lines(drawing).lines if line.text != ABOVE]


@pytest.mark.parametrize("raised", [0.25, 0.33, 0.4, 0.45])
@pytest.mark.parametrize("relative", [0.55, 0.65, 0.75, 0.8])
def test_exponents_and_calls_of_notes_are_raised(relative: float, raised: float) -> None:
    small = (relative, raised)
    line = set_line(
        "4.5 x 10",
        ("9", *small),
        "/L.",
        ("12,13", *small),
        " In 10",
        ("-6", *small),
        " mol of Ca",
        ("2+", *small),
        " at most",
    )
    assert read_page(line) == ["4.5 x 10⁹/L.¹²,¹³ In 10⁻⁶ mol of Ca²⁺ at most"]


@pytest.mark.parametrize("lowered", [-0.1, -0.15, -0.2, -0.25])
@pytest.mark.parametrize("relative", [0.55, 0.65, 0.8])
def test_indices_are_digits(relative: float, lowered: float) -> None:
    line = set_line(
        "H",
        ("2", relative, lowered),
        "O and CO",
        ("2", relative, lowered),
        " where SpO",
        ("2", relative, lowered),
        " is 94% or less",
    )
    assert read_page(line) == ["H2O and CO2 where SpO2 is 94% or less"]


@pytest.mark.parametrize("raised", [-0.22, -0.12, -0.05, 0.0, 0.05, 0.12])
@pytest.mark.parametrize("relative", [0.75, 0.85, 0.95, 1.05])
@pytest.mark.parametrize("digits", ["250", "۲۵۰", "12.5", "2019"])
def test_numbers_in_another_font_or_size_stay_in_their_line(
    digits: str, relative: float, raised: float
) -> None:
    line = set_line("The dose is ", (digits, relative, raised), " mg twice a day for them")
    assert read_page(line) == [f"The dose is {digits} mg twice a day for them"]


def test_words_set_smaller_and_higher_keep_their_digits() -> None:
    line = set_line(
        "The dose is ", ("250 mg", 0.75, 0.17), " on the 21", ("st", 0.6, 0.3), " of May 2019"
    )
    assert read_page(line) == ["The dose is 250 mg on the 21st of May 2019"]


def test_small_text_beside_a_title_is_not_raised() -> None:
    title = set_line("Diabetes in Adults", size=24)
    beside = set_line("2019 edition", x=title[-1].x1 + 9, y=706)
    assert read_page(title + beside) == ["Diabetes in Adults 2019 edition"]
