"""Make handbook.pdf and handbook-en.pdf from their Markdown: python books/make_handbook.py [handbook|handbook-en] [OUT.pdf]

Without a name both books are made. The same sources give the same bytes. Needs fpdf2 and uharfbuzz (in the project's
`dev` extra).
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

HERE = Path(__file__).parent
INK, FAINT, ACCENT = (25, 25, 30), (120, 120, 128), (20, 85, 120)
SIZES = {1: 21.0, 2: 15.5, 3: 12.0}  # points, by level of heading
BODY = 11.0
LEADING = 6.6  # millimetres from line to line
BULLET = "•"
DATE = datetime(2026, 11, 1, tzinfo=UTC)  # fixed, so that the file is reproducible


class Edition(NamedTuple):
    """One book: where its sources stand and how its language is set."""

    folder: str
    title: str
    review: str  # title of the last chapter
    chapter: str  # pattern of what stands before a chapter's own title
    notice: tuple[str, ...]  # first page: what the book is not
    language: str  # ISO 639-1, for the PDF
    shaping: dict[str, str]  # direction, script, language for HarfBuzz
    side: str  # the edge that lines begin at: "R" or "L"
    digits: str = "0123456789"
    unbroken: bool = False  # a paragraph that does not fit moves to the next page as a whole


PERSIAN = Edition(
    folder="handbook",
    title="راهنمای بیماری‌های شایع",
    review="مرور پایانی",
    chapter=r"^فصل [۰-۹]+: *",
    notice=(
        "این کتاب مادهٔ آموزشی نرم‌افزار book2lora است و توصیهٔ پزشکی نیست.",
        "متن آن برای آزمودن یک برنامه نوشته شده و هیچ پزشکی آن را بازبینی نکرده است؛ برای تشخیص یا درمان هیچ بیماری به آن تکیه نکنید.",
    ),
    language="fa",
    shaping={"direction": "rtl", "script": "arab", "language": "fas"},
    side="R",
    digits="۰۱۲۳۴۵۶۷۸۹",
)
ENGLISH = Edition(
    folder="handbook-en",
    title="A Short Handbook of Diseases",
    review="Final review",
    chapter=r"^Chapter \d+: *",
    notice=(
        "This book is teaching material for the software book2lora and not medical advice.",
        "It was written to try a program on, and no physician has reviewed it; rely on it for no diagnosis and no treatment.",
    ),
    language="en",
    shaping={"direction": "ltr", "script": "latn", "language": "eng"},
    side="L",
    unbroken=True,
)
NOTICE_LATIN = "Teaching material for software, not medical advice."
EDITIONS = {edition.folder: edition for edition in (PERSIAN, ENGLISH)}


class Block(NamedTuple):
    """A heading (level 1 to 3), a paragraph ("p") or a list item ("li")."""

    kind: int | str
    text: str


def blocks(markdown: str) -> list[Block]:
    """The blocks of a source file; lines of one paragraph are joined."""
    found: list[Block] = []
    for piece in re.split(r"\n\s*\n|\n(?=#|- )|(?<=\n)(?=#)", markdown):
        for line in _unwrapped(piece):
            heading = re.match(r"(#{1,3}) +(.+)", line)
            if heading:
                found.append(Block(len(heading[1]), heading[2].strip()))
            elif line.startswith("- "):
                found.append(Block("li", line[2:].strip()))
            elif line.strip():
                found.append(Block("p", line.strip()))
    return found


def _unwrapped(piece: str) -> list[str]:
    lines: list[str] = []
    for line in piece.strip().splitlines():
        if lines and not re.match(r"#|- ", line) and not lines[-1].startswith("#"):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    return lines


def handbook(edition: Edition = PERSIAN) -> list[Block]:
    """All chapters in order, then the reviews as one last chapter with a section for each."""
    folder = HERE / edition.folder
    whole: list[Block] = []
    reviews: list[Block] = []
    for file in sorted(folder.glob("[0-9][0-9]-*.md")):
        chapter = blocks(file.read_text("utf-8"))
        whole += chapter
        review = folder / f"review-{file.name[:2]}.md"
        if review.is_file():
            title = re.sub(edition.chapter, "", chapter[0].text)
            reviews += [Block(2, f"{edition.review}: {title}"), *blocks(review.read_text("utf-8"))]
    return whole + ([Block(1, edition.review), *reviews] if reviews else [])


class Handbook(FPDF):
    """Pages of an edition with a running head and a page number."""

    chapter = ""  # empty on the title page and on the first page of a chapter: no running head there

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        super().__init__(format=(165, 235))
        self.set_creation_date(DATE)
        self.set_title(edition.title)
        self.set_lang(edition.language)
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("Vazirmatn", style, HERE / "fonts" / f"Vazirmatn-{name}.ttf")
        self.set_margins(20, 24, 20)
        self.set_auto_page_break(True, 24)
        self._shape()

    def header(self) -> None:
        if self.chapter:
            self.set_y(11)
            self._faint(self.chapter, self.edition.side)
            self.set_y(self.t_margin)

    def footer(self) -> None:
        if self.page_no() > 1:
            self.set_y(-16)
            self._faint(str(self.page_no()).translate(str.maketrans("0123456789", self.edition.digits)), "C")

    def _faint(self, text: str, align: str) -> None:
        self.set_font("Vazirmatn", "", 8.5)
        self.set_text_color(*FAINT)
        self.cell(0, 5, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(*INK)

    def title_page(self) -> None:
        """Says first of all what the book is not."""
        self.add_page()
        self.set_y(70)
        self._write(self.edition.title, 28, "B", "C", 14, ACCENT)
        self.ln(12)
        for line in self.edition.notice:
            self._write(line, 12, "", "C", 8)
            self.ln(4)
        if self.edition.side == "R":
            self.set_text_shaping(False)
            self._write(NOTICE_LATIN, 11, "", "C", 8)
            self._shape()

    def _shape(self) -> None:
        self.set_text_shaping(True, **self.edition.shaping)

    def _write(self, text: str, size: float, style: str, align: str, height: float, color: tuple[int, int, int] = INK) -> None:
        self.set_font("Vazirmatn", style, size)
        self.set_text_color(*color)
        self.multi_cell(0, height, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT, markdown=style == "")
        self.set_text_color(*INK)

    def heading(self, level: int, text: str) -> None:
        """A heading and its bookmark; never the last line of a page."""
        if level == 1:
            self.chapter = ""
            self.add_page()
            self.chapter = text
        elif self.will_page_break({2: 42, 3: 26}[level]):
            self.add_page()
        self.ln({1: 16, 2: 6, 3: 2.5}[level])
        self.start_section(text, level - 1)
        self._write(text, SIZES[level], "B", self.edition.side, {1: 12, 2: 10, 3: 8}[level], ACCENT)
        self.ln({1: 6, 2: 0.5, 3: 0}[level])

    def paragraph(self, text: str) -> None:
        self.set_font("Vazirmatn", "", BODY)
        if self.edition.unbroken:
            height = self.multi_cell(0, LEADING, text, align=self.edition.side, dry_run=True, output=MethodReturnValue.HEIGHT)
            if self.will_page_break(height):
                self.add_page()
        self._write(text, BODY, "", self.edition.side, LEADING)
        self.ln(1.6)

    def item(self, text: str) -> None:
        """A bullet at the edge that lines begin at, the text hanging from it."""
        self.set_font("Vazirmatn", "", BODY)
        if self.will_page_break(LEADING):
            self.add_page()
        y, right = self.y, self.w - self.r_margin
        bullet, left = (right - 6, self.l_margin) if self.edition.side == "R" else (self.l_margin, self.l_margin + 6)
        self.set_xy(bullet, y)
        self.cell(6, LEADING, BULLET, align=self.edition.side)
        self.set_xy(left, y)
        width = right - 6 - self.l_margin
        self.multi_cell(width, LEADING, text, align=self.edition.side, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def make(out: Path, content: list[Block], edition: Edition = PERSIAN) -> None:
    """Lay the blocks out and write the PDF."""
    pdf = Handbook(edition)
    pdf.title_page()
    for block, after in zip(content, [*(b.kind for b in content[1:]), "end"], strict=True):
        if isinstance(block.kind, int):
            pdf.heading(block.kind, block.text)
        elif block.kind == "li":
            pdf.item(block.text)
            if after == "p":
                pdf.ln(1.6)
        else:
            pdf.paragraph(block.text)
    pdf.output(str(out))


if __name__ == "__main__":
    for name in sys.argv[1:2] or EDITIONS:
        out = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / f"{name}.pdf"
        make(out, handbook(EDITIONS[name]), EDITIONS[name])
