"""Pages whose lines pdfium reads as they stand: one column, written from top to bottom, spaces
drawn.

Nothing is left for the layout to decide there, and they cost a tenth of it. A page that shows any
sign
of more (gaps instead of spaces, a step up or aside, raised or sunken letters, another direction)
has none.
"""

import ctypes
import re
from typing import Any, NamedTuple

import pypdfium2.raw as raw

from tasks.reading.layout.pdfium_glyphs import INVISIBLE, font_at, is_bold_at
from tasks.reading.types import Line

_HYPHEN = re.compile("[\ufffe\x02]")  # pdfium's marks for a hyphen at a line's end
_LONG_RUN = re.compile(r"\S{30,}")  # no word of prose: words that pdfium did not part
_PLAIN = re.compile("[\\s\x02\x21-\u024f\u2010-\u2027\u2030-\u205e\u2212\u2264\u2265\u2022\ufffe]*")
SAME_HEIGHT = 0.02  # of the size: all letters of a line stand on one baseline
SLANT = 0.01  # of the size: no slanted or turned letters


class SimplePage(NamedTuple):
    """The lines of such a page."""

    lines: tuple[Line, ...]
    hidden: bool  # the text layer of a scan


def text_of(textpage: Any) -> str:
    """The whole page as pdfium reads it."""
    return _HYPHEN.sub("-", textpage.get_text_range()).replace("\r\n", "\n")


def read_simple_page(page: Any, textpage: Any, text: str) -> SimplePage | None:
    """The page's lines as pdfium has them; None where the layout has to decide."""
    if (
        not text.strip()
        or not _PLAIN.fullmatch(text)
        or _LONG_RUN.search(text)
        or page.get_rotation()
    ):
        return None
    box = page.get_bbox()  # the only box that pdfium inherits from the page tree
    if (page.get_mediabox(fallback_ok=False) or box) != box:
        return None
    lines: list[Line] = []
    hidden, at, top = 0, 0, box[3]
    for piece in re.split("(\r?\n)", textpage.get_text_range()):
        if piece.strip():
            found = _line(textpage.raw, at, piece, top)
            if found is None or (lines and not _follows(lines[-1], found[0])):
                return None
            lines.append(found[0])
            hidden += found[1]
        at += len(piece)
    return SimplePage(tuple(lines), hidden > 0.8 * len(lines))


def _line(textpage: Any, at: int, piece: str, page_top: float) -> tuple[Line, bool] | None:
    """(line, drawn invisibly); None where it is not one level run of one size with its own
    spaces.
    """
    first = at + len(piece) - len(piece.lstrip())
    last = at + len(piece.rstrip()) - 1
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage, first, matrix)
    size = raw.FPDFText_GetFontSize(textpage, first) * matrix.d
    if size <= 1 or abs(matrix.b) + abs(matrix.c) > SLANT * size:
        return None
    if not _is_even(textpage, at, piece, first, size):
        return None
    x0, top, x1, bottom = _box(textpage, first, last - first + 1)
    middle = (first + last) // 2
    bold = is_bold_at(textpage, middle, font_at(textpage, middle))
    owner = raw.FPDFText_GetTextObject(textpage, first)
    hidden = bool(owner) and raw.FPDFTextObj_GetTextRenderMode(owner) == INVISIBLE
    text = _HYPHEN.sub("-", piece).strip()
    return Line(text, x0, page_top - top, x1, page_top - bottom, size, bold, 0), hidden


def _is_even(textpage: Any, at: int, piece: str, first: int, size: float) -> bool:
    """One baseline, one size at both ends of the first word, and every space drawn."""
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, first, x, y)
    level = y.value
    for place, char in enumerate(piece, at):
        if char == " ":
            if raw.FPDFText_IsGenerated(textpage, place) != 0:
                return False
        elif not char.isspace():
            raw.FPDFText_GetCharOrigin(textpage, place, x, y)
            if abs(y.value - level) > SAME_HEIGHT * size:
                return False
    base = raw.FPDFText_GetFontSize(textpage, first)
    word = first + len(piece.split(maxsplit=1)[0]) - 1
    return bool(base == raw.FPDFText_GetFontSize(textpage, word))


def _box(textpage: Any, first: int, count: int) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of the line's rectangles."""
    sides = [ctypes.c_double() for _ in range(4)]
    boxes = []
    for index in range(raw.FPDFText_CountRects(textpage, first, count)):
        raw.FPDFText_GetRect(textpage, index, *sides)
        boxes.append([side.value for side in sides])
    lefts, tops, rights, bottoms = zip(*boxes, strict=True) if boxes else ([0.0],) * 4
    return min(lefts), max(tops), max(rights), min(bottoms)


def _follows(before: Line, line: Line) -> bool:
    """The next line of a column stands below, over some common width."""
    below = line.bottom > before.bottom + 0.5 * min(line.size, before.size)
    return below and line.x0 < before.x1 and line.x1 > before.x0
