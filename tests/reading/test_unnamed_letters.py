"""Letters that a file draws and does not name come from the book's own words, or are doubted."""

from tasks.reading.layout.arabic_shaping import LETTER_PLACES, Forms, same_digits
from tasks.reading.layout.glyph_clusters import MARK_PLACES, UNKNOWN
from tasks.reading.legibility import LEGIBLE, legibility
from tasks.reading.structure.unnamed_letters import name_letters
from tasks.reading.types import Glyph, Line, Sheet

PLACE, MARK = LETTER_PLACES[0], MARK_PLACES[0]
PROSE = (
    "سرخک بیماری واگیر کودکان است و با تب و سرفه آغاز می‌شود. منابع درمان در مراجعه به پزشک"
    " گفته شده و منبعی دیگر از موضوعات آن یاد می‌کند."
)


def _sheet(text: str, glyph: str, place: str) -> Sheet:
    lines = (Line(text, 0, 0, 400, 12, 10, False, 0),)
    return Sheet(1, lines, 595, 842, "glyphs", True, 0, "", unnamed={glyph: place})


def test_a_letter_is_named_by_the_words_that_it_completes() -> None:
    text = f"{PROSE} مراج{PLACE} و موضو{PLACE} و مناب{PLACE}"
    [sheet] = name_letters([_sheet(text, "Zar#904", PLACE)])
    assert sheet.text.endswith("مراجع و موضوع و منابع")


def test_the_same_glyph_may_have_another_place_on_each_page() -> None:
    first = _sheet(f"{PROSE} مراج{PLACE} و موضو{PLACE}", "Zar#904", PLACE)
    second = _sheet(f"واق{LETTER_PLACES[5]}", "Zar#904", LETTER_PLACES[5])
    assert name_letters([first, second])[1].text == "واقع"


def test_bookmarks_name_letters_of_a_short_book() -> None:
    sheet = _sheet(f"پاس{PLACE} و ملا{PLACE}", "Zar#770", PLACE)
    assert name_letters([sheet], ["پاسخ ملاخ"])[0].text == "پاسخ و ملاخ"


def test_a_letter_that_no_word_tells_stays_unknown_and_the_page_is_doubted() -> None:
    broken = " ".join(f"{a}{PLACE}" for a in ("ژرض", "غثظ", "ذضپ"))
    [sheet] = name_letters([_sheet(f"{PROSE} {PROSE} {broken} {broken} {broken}", "Zar#1", PLACE)])
    assert sheet.text.count(UNKNOWN) == 9
    assert legibility(sheet.text, "fa") < LEGIBLE < legibility(f"{PROSE} {PROSE}", "fa")


def test_a_mark_that_stands_on_lam_alone_is_the_alef_of_lam_alef() -> None:
    text = f"برخل{MARK}ف عضل{MARK}نی"
    assert name_letters([_sheet(text, "Naskh#1565", MARK)])[0].text == "برخلاف عضلانی"


def test_a_mark_that_stands_on_other_letters_too_is_no_alef() -> None:
    [sheet] = name_letters([_sheet(f"کل{MARK}ی محم{MARK}د", "Naskh#7", MARK)])
    assert "ا" not in sheet.text


def _glyph(text: str, font: str, code: int, width: float = 5) -> Glyph:
    return Glyph(text, 0, width, 0, 10, font, code)


def test_unnamed_glyphs_are_told_apart_in_fonts_that_name_persian_letters() -> None:
    forms = Forms()
    glyphs = [_glyph("م", "Zar", 1), _glyph(UNKNOWN, "Zar", 883), _glyph(UNKNOWN, "Zar", 900)]
    drawn = forms.number_unnamed([*glyphs, _glyph(UNKNOWN, "Symbol", 3)])
    assert [g.text for g in drawn] == ["م", LETTER_PLACES[0], LETTER_PLACES[1], UNKNOWN]
    assert forms.unnamed == {"Zar#883": LETTER_PLACES[0], "Zar#900": LETTER_PLACES[1]}


def test_a_font_that_mixes_arabic_and_persian_digits_has_persian_ones() -> None:
    mixed = same_digits([_glyph(char, "Zar", 1) for char in "٢٠٠۴"])
    assert "".join(g.text for g in mixed) == "۲۰۰۴"
    arabic = [_glyph(char, "Amiri", 1) for char in "٢٠٠٤"]
    assert same_digits(arabic) == arabic
