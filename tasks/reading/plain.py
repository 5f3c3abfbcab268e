"""A left-to-right page: pdfium's reading, line by line, with each line's place and size."""

import ctypes
import re
from typing import Any

import pypdfium2.raw as raw

from tasks.reading.shapes import Line

_HYPHEN = re.compile("[\ufffe\x02]")  # pdfium's marks for a hyphen at a line's end
BOLD = 600  # weight from which a font counts as bold


def text_of(textpage: Any) -> str:
    """The whole page as pdfium reads it."""
    return _HYPHEN.sub("-", textpage.get_text_range()).replace("\r\n", "\n")


def lines_of(page: Any, textpage: Any) -> tuple[Line, ...]:
    """The page's lines; a jump upwards or to the side begins another block."""
    found: list[Line] = []
    _, _, _, top = page.get_mediabox()
    at = 0
    for piece in re.split("(\r?\n)", textpage.get_text_range()):
        if piece.strip():
            line = _line(textpage, at, piece, top)
            block = found[-1].block + int(_jumps(found[-1], line)) if found else 0
            found.append(line._replace(block=block))
        at += len(piece.encode("utf-16-le")) // 2
    return tuple(found)


def _line(textpage: Any, at: int, piece: str, page_top: float) -> Line:
    """pdfium counts in UTF-16 units; the box is taken over the line's rectangles."""
    count = len(piece.encode("utf-16-le")) // 2
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    boxes = []
    for index in range(raw.FPDFText_CountRects(textpage, at, count)):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        boxes.append((left.value, top.value, right.value, bottom.value))
    x0, y1 = min((b[0] for b in boxes), default=0.0), max((b[1] for b in boxes), default=page_top)
    x1, y0 = max((b[2] for b in boxes), default=0.0), min((b[3] for b in boxes), default=page_top)
    middle = at + count // 2
    weight = raw.FPDFText_GetFontWeight(textpage, middle)
    size = raw.FPDFText_GetFontSize(textpage, middle)
    if size <= 1.5:  # the font is scaled by its matrix
        size = max(1.0, (y1 - y0) * 1.15)
    return Line(_HYPHEN.sub("-", piece).strip(), x0, page_top - y1, x1, page_top - y0, size, weight >= BOLD, 0)


def _jumps(before: Line, line: Line) -> bool:
    """The next line of a column stands below, over some common width."""
    return line.top < before.top - 0.5 * before.size or line.x0 > before.x1 or line.x1 < before.x0
