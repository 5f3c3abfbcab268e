"""Columns of text that share their baselines are no table, and tables without rules are no columns: in both directions."""

import itertools
import random
from collections.abc import Sequence

import pytest
from reading import drawn

from tasks.reading.layout.page_layout import read_lines
from tasks.reading.types import Drawing, Glyph

SIZE = 10.0
EDGE, TOP, MEASURE = 72.0, 760.0, 450.0
Layout = tuple[int, int, int]  # columns, their lines, lines of the last column
LAYOUTS: tuple[Layout, ...] = ((2, 30, 30), (2, 24, 15), (3, 24, 24))
KINDS = ("prose", "doses", "items", "headings")
GUTTERS = (8, 12, 18, 30)  # points
GAPS, LEADINGS = (8, 14, 30), (13, 16, 22)  # of tables, in points
LAST_COLUMNS = (150, 400)  # points: wrapped cells, and whole ones
LATIN = {c: drawn.width(c, "F1", 1000) / 1000 for c in map(chr, range(32, 127))} | {"•": 0.35}
PROSE = {
    "en": [
        "Measles begins with fever, cough and red eyes four days before the rash appears on the face.",
        "Influenza starts suddenly with high fever, headache and muscle pain and lasts for about a week.",
        "Mumps causes painful swelling of the parotid glands on one or both sides, and a moderate fever.",
        "Whooping cough shows long bouts that end with a high whoop and often with vomiting in infants.",
    ],
    "fa": [
        "سرخک با تب و سرفه و سرخی چشم‌ها آغاز می‌شود و چهار روز پس از آن بثورات بر چهره پدیدار می‌شوند.",
        "آنفلوانزا ناگهان با تب بلند و سردرد و درد عضلات آغاز می‌شود و نزدیک یک هفته به درازا می‌کشد.",
        "اوریون ورم دردناک غده‌های بناگوشی را در یک سو یا هر دو سو همراه با تبی ملایم پدید می‌آورد.",
        "سیاه‌سرفه حمله‌های بلند سرفه دارد که با صدایی تیز و در نوزادان اغلب با استفراغ پایان می‌یابد.",
    ],
}
ITEMS = {
    "en": ["slowly growing cough", "dry throat", "clubbed fingers", "small lungs", "night sweats"],
    "fa": ["سرفهٔ فزاینده", "خشکی گلو", "انگشتان چماقی", "ریه‌های کوچک", "عرق شبانه"],
}
ROWS = {
    "en": [
        ("Disease", "Main sign", "Treatment"),
        ("Measles", "Koplik spots", "Vitamin A, 200 000 units on day 1 and again on day 2"),
        ("Scarlet fever", "Strawberry tongue", "Amoxicillin 50 mg/kg once a day for 10 days"),
        ("Influenza", "Sudden fever", "Oseltamivir 75 mg twice a day, begun within 2 days"),
        ("Mumps", "Parotid swelling", "Rest and 15 mg/kg of paracetamol"),
        ("Whooping cough", "Long bouts of cough", "Azithromycin 10 mg/kg, then 5 mg/kg for 4 days"),
    ],
    "fa": [
        ("بیماری", "نشانه", "درمان"),
        ("سرخک", "لکه‌های کوپلیک", "ویتامین آ، ۲۰۰ هزار واحد در روز نخست و بار دیگر در روز دوم"),
        ("مخملک", "زبان توت‌فرنگی", "آموکسی‌سیلین ۵۰ میلی‌گرم روزی یک بار تا ۱۰ روز"),
        ("آنفلوانزا", "تب ناگهانی", "اسلتامیویر ۷۵ میلی‌گرم دو بار در روز تا ۵ روز"),
        ("اوریون", "ورم بناگوش", "استراحت و ۱۵ میلی‌گرم استامینوفن"),
        ("سیاه‌سرفه", "سرفهٔ طولانی", "آزیترومایسین ۱۰ میلی‌گرم و سپس ۵ میلی‌گرم تا ۴ روز"),
    ],
}  # fmt: skip


class Page:
    """Letters one after the other, from the left or from the right; no font is needed to part cells from columns."""

    def __init__(self, language: str) -> None:
        self.language, self.glyphs = language, list[Glyph]()

    def width(self, text: str) -> float:
        return SIZE * sum(self._em(c) for c in text)

    def _em(self, char: str) -> float:
        if self.language == "en":
            return LATIN[char]
        return 0.28 if char in " .،:؛()\u200cاآلردذز" else 0.52

    def wrap(self, text: str, measure: float) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.width(longer) > measure:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def show(self, text: str, x: float, y: float, measure: float, justify: bool = False) -> None:
        """A line between `x` and `x + measure`, from where its language begins."""
        gaps = text.count(" ")
        stretch = (measure - self.width(text)) / gaps if justify and gaps else 0.0
        turn = self.glyphs[-1].turn + 20 if self.glyphs else 0
        at = 0.0
        for char in text:
            wide = SIZE * self._em(char)
            x0 = x + at if self.language == "en" else x + measure - at - wide
            self.glyphs.append(Glyph(char, x0, x0 + wide, y, SIZE, "F", ord(char), False, turn))
            at += wide + (stretch if char == " " else 0.0)
            turn += 1

    def read(self) -> list[str]:
        lines = read_lines(Drawing({0: self.glyphs}, [], 595, 842, 0)).lines
        return [letters(line.text) for line in lines]


def letters(line: str) -> str:
    """Each cell's letters without their order, which other tests are about."""
    return "|".join("".join(sorted(filter(str.isalnum, cell))) for cell in line.split(" | "))


def _column(
    page: Page, kind: str, count: int, measure: float, rng: random.Random
) -> list[tuple[str, bool]]:
    """(line, whether it is the last of its paragraph)."""
    lines: list[tuple[str, bool]] = []
    prose, items = PROSE[page.language], ITEMS[page.language]
    rows = [row[2] for row in ROWS[page.language][1:]]
    while len(lines) < count:
        if kind == "prose":
            text = " ".join(rng.sample(prose, 2))
        elif kind == "doses":
            text = " ".join(rng.sample(rows, 3))
        elif kind == "items":
            text = f"• {rng.choice(items)}"
        else:  # headings among short paragraphs
            text = rng.choice([rng.choice(items), *rng.sample(prose, 3)])
        own = page.wrap(text, measure)
        lines += [(line, i == len(own) - 1) for i, line in enumerate(own)]
    return lines[:count]


def draw_columns(
    language: str, kind: str, gutter: float, justify: bool, layout: Layout, seed: str = ""
) -> tuple[Page, list[str]]:
    """The page, and the lines of its columns one after the other."""
    count, height, last = layout
    page = Page(language)
    rng = random.Random(f"{seed}{language} {kind} {gutter} {count} {last}")
    measure = (MEASURE - gutter * (count - 1)) / count
    wanted: list[str] = []
    for column in range(count):
        side = column if language == "en" else count - 1 - column
        lines = _column(page, kind, last if column == count - 1 else height, measure, rng)
        for i, (line, is_last) in enumerate(lines):
            x = EDGE + side * (measure + gutter)
            page.show(line, x, TOP - 13 * i, measure, justify and not is_last)
        wanted += [letters(line) for line, _ in lines]
    return page, wanted


@pytest.mark.parametrize("justify", [True, False])
@pytest.mark.parametrize("gutter", GUTTERS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_columns_on_common_baselines_are_read_one_after_the_other(
    language: str, kind: str, gutter: float, justify: bool
) -> None:
    for layout in LAYOUTS:
        page, wanted = draw_columns(language, kind, gutter, justify, layout)
        assert page.read() == wanted, layout


def draw_table(
    language: str, rows: Sequence[Sequence[str]], gap: float, leading: float, last: float
) -> tuple[Page, list[str]]:
    """The page, and its rows with each cell's letters; the last column is `last` points wide."""
    page = Page(language)
    cells = [[page.wrap(c, last) if c is row[-1] else [c] for c in row] for row in rows]
    widths = [
        max(page.width(line) for line in itertools.chain(*column))
        for column in zip(*cells, strict=True)
    ]
    y = TOP
    for row in cells:
        at = 0.0
        for lines, width in zip(row, widths, strict=True):
            x = EDGE + at if language == "en" else EDGE + MEASURE - at - width
            for i, line in enumerate(lines):
                page.show(line, x, y - 13 * i, width)
            at += width + gap
        y -= 13 * (max(map(len, row)) - 1) + leading
    return page, [letters(" | ".join(row)) for row in rows]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("leading", LEADINGS)
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_each_dose_stays_beside_its_disease_in_a_table_without_rules(
    language: str, count: int, leading: float, gap: float
) -> None:
    kept = [row[-count:] if count == 3 else row[::2] for row in ROWS[language]]
    for last in LAST_COLUMNS:
        if last == 400 or leading > 13:
            page, wanted = draw_table(language, kept, gap, leading, last)
            assert page.read() == wanted, last


@pytest.mark.parametrize("language", ["en", "fa"])
def test_two_stretched_lines_are_no_table(language: str) -> None:
    page, measure = Page(language), 150.0
    for i, text in enumerate([*PROSE[language], ITEMS[language][0]]):
        for j, line in enumerate(page.wrap(text, measure)):
            page.show(line, EDGE, TOP - 13 * (6 * i + j), measure, line.count(" ") > 1)
    assert not any("|" in line for line in page.read())


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("uneven", [-1, 0, 1])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_heading_and_a_list_after_balanced_columns_stand_below_both(
    language: str, uneven: int, below: bool
) -> None:
    """They are narrower than a column, so nothing but the text `below` tells that columns ended."""
    page, gutter, height = Page(language), 20.0, 12
    measure, rng = (MEASURE - gutter) / 2, random.Random(f"balanced {language} {uneven}")
    parts: list[list[str]] = []
    for column in range(2):
        side = column if language == "en" else 1 - column
        lines = [line for line, _ in _column(page, "prose", height - column * uneven, measure, rng)]
        for i, line in enumerate(lines):
            page.show(line, EDGE + side * (measure + gutter), TOP - 13 * i, measure)
        parts.append(lines)
    start = EDGE if language == "en" else EDGE + MEASURE - measure
    level = TOP - 13 * (height + 1)
    for line in ITEMS[language][:3]:
        level -= 16
        page.show(line, start, level, measure)
    tail = ITEMS[language][:3]
    if below:
        last = " ".join(PROSE[language][:2])[:80]
        page.show(last, EDGE, level - 16, MEASURE)
        wanted = [*parts[0], *parts[1], *tail, last]
    else:  # a page that ends with unequal columns
        wanted = [*parts[0], *tail, *parts[1]]
    assert page.read() == [letters(line) for line in wanted]
