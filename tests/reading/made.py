"""PDFs made on the spot with the handbook's font, shaped and laid out as a printing program does."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from fpdf import FPDF

FONTS = Path(__file__).parents[2] / "books" / "fonts"
SIGNS = (
    Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
)  # raised digits, Hebrew
SCRIPTS = {
    "fa": ("rtl", "arab", "fas"),
    "ar": ("rtl", "arab", "ara"),
    "he": ("rtl", "hebr", "heb"),
    "en": ("ltr", "latn", "eng"),
}


class PrintedBook(FPDF):
    """Pages of 165 × 235 mm."""

    def __init__(self, language: str = "fa", font: Path | None = None, running: str = "") -> None:
        super().__init__(format=(165, 235))
        self.language, self.running = language, running
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("Text", style, font or FONTS / f"Vazirmatn-{name}.ttf")
        self.add_font("Signs", "", SIGNS)
        self.set_fallback_fonts(["Signs"])
        self.set_font("Text", "", 11)
        self.set_margins(20, 20, 20)
        self.set_auto_page_break(True, 20)
        direction, script, tongue = SCRIPTS.get(language, SCRIPTS["fa"])
        self.side = "R" if direction == "rtl" else "L"
        self.set_text_shaping(True, direction=direction, script=script, language=tongue)
        self.add_page()

    def header(self) -> None:
        if self.running:
            self.set_font("Text", "", 8)
            self.set_y(10)
            self.cell(0, 5, self.running, align=self.side)
            self.set_y(20)
            self.set_font("Text", "", 11)

    def print_text(self, text: str, size: float = 11, style: str = "", width: float = 0) -> None:
        self.set_font("Text", style, size)
        self.multi_cell(width, size * 0.62, text, align=self.side, new_x="LMARGIN", new_y="NEXT")

    def set_words(self, line: str, gap: float) -> None:
        """One line as TeX sets it: words alone, `gap` em apart, no space glyphs."""
        y, em = self.y, self.font_size
        x = self.w - self.r_margin if self.side == "R" else self.l_margin
        for word in line.split(" "):
            width = self.get_string_width(word)
            x -= width if self.side == "R" else 0
            self.set_xy(x - self.c_margin, y)
            self.cell(width + 2 * self.c_margin, 1.5 * em, word, align="L")
            x += -gap * em if self.side == "R" else width + gap * em
        self.set_xy(self.l_margin, y + 1.6 * em)

    def print_row(self, row: Sequence[str], widths: Sequence[float], border: int = 0) -> None:
        """One row of a table, the first cell on the side where reading begins."""
        y, x = self.y, self.w - self.r_margin if self.side == "R" else self.l_margin
        for text, width in zip(row, widths, strict=True):
            x -= width if self.side == "R" else 0
            self.set_xy(x, y)
            self.cell(width, 8, text, align=self.side, border=border)
            x += 0 if self.side == "R" else width
        self.set_xy(self.l_margin, y + 8)

    def print_column(self, lines: Sequence[str], x: float, y: float, width: float) -> None:
        for place, line in enumerate(lines):
            self.set_xy(x, y + 7 * place)
            self.cell(width, 7, line, align=self.side)

    def save_pdf(self, folder: Path) -> Path:
        path = folder / "made.pdf"
        self.output(str(path))
        return path
