"""Which text is set by which program and how: the set that the reader was made on, and one held back."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from reading.hard_set.framed_books import Frames, draw_frames
from reading.hard_set.office_books import Letter, draw_office
from reading.hard_set.tex_books import Style, draw_tex
from reading.hard_set.texts import Block, load_blocks
from reading.hard_set.typst_books import Setting, draw_typst
from reading.hard_set.web_books import Sheet, draw_web
from reading.made import FONTS

DEBIAN = Path("/usr/share/fonts")
AMIRI = DEBIAN / "opentype/fonts-hosny-amiri"
NOTO, LIBERATION = DEBIAN / "truetype/noto", DEBIAN / "truetype/liberation"
VAZIRMATN = FONTS / "Vazirmatn-Regular.ttf", FONTS / "Vazirmatn-Bold.ttf"
AMIRI_PAIR = AMIRI / "Amiri-Regular.ttf", AMIRI / "Amiri-Bold.ttf"
SERIF = LIBERATION / "LiberationSerif-Regular.ttf", LIBERATION / "LiberationSerif-Bold.ttf"
SANS = LIBERATION / "LiberationSans-Regular.ttf", LIBERATION / "LiberationSans-Bold.ttf"
TIGHT, LOOSE = (0.66, 0.5, 0.3), (1.3, 1.5, 1)


class Book(NamedTuple):
    """One file of the set."""

    name: str
    language: str
    text: str
    chapters: tuple[str, ...]  # of a handbook, after the text
    draw: Callable[[Sequence[Block], Path], Path]

    @property
    def blocks(self) -> list[Block]:
        return load_blocks(self.text, self.chapters)

    def folder(self, inside: Path) -> Path:
        """Where its file lies, and what it was made of."""
        return inside / f"{self.language}-{''.join(c if c.isalnum() else '-' for c in self.name)}"


def _book(
    draw: Callable[..., Path], name: str, style: object, language: str, held: bool, *args: str
) -> Book:
    text = f"{language}_held" if held else language
    chapters = _CHAPTERS[held].get(language, ())
    return Book(name, language, text, chapters, lambda b, out: draw(b, out, style, language, *args))


_CHAPTERS: dict[bool, dict[str, tuple[str, ...]]] = {
    False: {"fa": ("handbook/02-respiratory-system",), "en": ("handbook-en/02-lungs-and-airways",)},
    True: {"fa": ("handbook/08-hematology",), "en": ("handbook-en/04-digestion",)},
}


def list_books(which: str) -> list[Book]:
    """The files of one of the three sets: `open`, `held`, `scripts`."""
    return {"open": _open_books, "held": _held_books, "scripts": _other_scripts}[which]()


def _open_books() -> list[Book]:
    return [
        _book(draw_tex, "xelatex tight, Amiri 11", Style("Amiri", spaces=TIGHT), "fa", False, "xelatex"),
        _book(draw_tex, "xelatex loose, Nazli 12", Style("Nazli", size=12, spaces=LOOSE), "fa", False, "xelatex"),
        _book(draw_tex, "lualatex, Amiri 11", Style("Amiri"), "fa", False, "lualatex"),
        _book(draw_office, "libreoffice, Nazli 12", Letter(), "fa", False),
        _book(draw_office, "docx, Noto Naskh 11", Letter("Noto Naskh Arabic", size=11, docx=True), "fa", False),
        _book(draw_web, "chromium, Noto Naskh 11.5", Sheet(), "fa", False),
        _book(draw_typst, "typst, Amiri 11", Setting(), "fa", False),
        _book(draw_frames, "word-like, Vazirmatn 10.5", Frames(*VAZIRMATN, size=10.5), "fa", False),
        _book(draw_frames, "frames, Amiri 12", Frames(*AMIRI_PAIR, size=12, shuffled=True), "fa", False),
        _book(draw_tex, "xelatex tight, Liberation 10", Style(size=10, spaces=TIGHT), "en", False, "xelatex"),
        _book(draw_tex, "lualatex loose, Liberation 12", Style(size=12, spaces=LOOSE), "en", False, "lualatex"),
        _book(draw_office, "libreoffice, Liberation 12", Letter(), "en", False),
        _book(draw_office, "docx, ragged", Letter(justify=False, docx=True), "en", False),
        _book(draw_web, "chromium guideline", Sheet("Liberation Sans", 10.5, "start", guideline=True), "en", False),
        _book(draw_typst, "typst, Liberation 11", Setting("Liberation Serif"), "en", False),
        _book(draw_frames, "word-like, Liberation 11", Frames(*SERIF, size=11), "en", False),
        _book(draw_frames, "frames, Sans 10", Frames(*SANS, size=10, shuffled=True, running="Air and health"), "en", False),
    ]  # fmt: skip


def _held_books() -> list[Book]:
    naskh = NOTO / "NotoNaskhArabic-Regular.ttf", NOTO / "NotoNaskhArabic-Bold.ttf"
    return [
        _book(draw_tex, "xelatex tight, Noto Naskh 12", Style("Noto Naskh Arabic", size=12, spaces=TIGHT, margin="2.2cm"), "fa", True, "xelatex"),
        _book(draw_tex, "xelatex loose, Amiri 10", Style("Amiri", size=10, spaces=LOOSE, margin="4cm"), "fa", True, "xelatex"),
        _book(draw_tex, "lualatex, Noto Naskh 12", Style("Noto Naskh Arabic", size=12), "fa", True, "lualatex"),
        _book(draw_office, "libreoffice, Amiri 14", Letter("Amiri", size=14), "fa", True),
        _book(draw_office, "docx, Nazli 11, ragged", Letter(size=11, justify=False, docx=True), "fa", True),
        _book(draw_web, "chromium, Amiri 13", Sheet("Amiri", 13, "start"), "fa", True),
        _book(draw_typst, "typst, Noto Naskh 10", Setting("Noto Naskh Arabic", 10, justify=False), "fa", True),
        _book(draw_frames, "word-like, Amiri 12, ragged", Frames(*AMIRI_PAIR, size=12, justify=False), "fa", True),
        _book(draw_frames, "frames, Vazirmatn 9, no spaces", Frames(*VAZIRMATN, size=9, shuffled=True, spaces=False), "fa", True),
        _book(draw_frames, "word-like, Noto Naskh 11", Frames(*naskh, size=11), "fa", True),
        _book(draw_tex, "xelatex loose, Sans 11", Style(latin="Liberation Sans", spaces=LOOSE), "en", True, "xelatex"),
        _book(draw_office, "libreoffice, Sans 10", Letter(latin="Liberation Sans", size=10), "en", True),
        _book(draw_web, "chromium guideline, justified", Sheet("DejaVu Serif", 9.5, guideline=True), "en", True),
        _book(draw_typst, "typst, DejaVu 10", Setting("DejaVu Sans", 10, justify=False), "en", True),
        _book(draw_frames, "word-like, Sans 10, ragged", Frames(*SANS, size=10, justify=False), "en", True),
        _book(draw_frames, "frames, Liberation 12, no spaces", Frames(*SERIF, size=12, shuffled=True, spaces=False), "en", True),
    ]  # fmt: skip


def _other_scripts() -> list[Book]:
    """Arabic and Hebrew: short texts, for languages that have no folder of their own."""
    dejavu = DEBIAN / "truetype/dejavu"
    hebrew = dejavu / "DejaVuSans.ttf", dejavu / "DejaVuSans-Bold.ttf"
    return [
        _book(draw_office, "libreoffice, Amiri 13", Letter("Amiri", size=13), "ar", False),
        _book(draw_office, "docx, Noto Naskh 11", Letter("Noto Naskh Arabic", size=11, docx=True), "ar", False),
        _book(draw_web, "chromium, Amiri 13", Sheet("Amiri", 13), "ar", False),
        _book(draw_typst, "typst, Noto Naskh 11", Setting("Noto Naskh Arabic"), "ar", False),
        _book(draw_frames, "frames, Amiri 12", Frames(*AMIRI_PAIR, size=12, shuffled=True), "ar", False),
        _book(draw_office, "libreoffice, Noto Serif 12", Letter("Noto Serif Hebrew"), "he", False),
        _book(draw_office, "docx, Noto Sans 11", Letter("Noto Sans Hebrew", size=11, docx=True), "he", False),
        _book(draw_web, "chromium, Noto Serif 11.5", Sheet("Noto Serif Hebrew"), "he", False),
        _book(draw_typst, "typst, Noto Sans 11", Setting("Noto Sans Hebrew"), "he", False),
        _book(draw_frames, "frames, DejaVu 10.5", Frames(*hebrew, size=10.5, shuffled=True), "he", False),
    ]  # fmt: skip
