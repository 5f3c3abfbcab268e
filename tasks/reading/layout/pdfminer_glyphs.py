"""The glyphs of a page with their places, as pdfminer interprets them; no layout analysis
of its.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import bidirectional

from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdffont import PDFCIDFont, PDFType3Font, PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.psparser import PSException
from pdfminer.utils import apply_matrix_pt, decode_text

from tasks.reading.layout.glyph_clusters import UNKNOWN
from tasks.reading.types import Drawing, Glyph, Rule, names_bold, turn_glyphs

# What pdfminer has been seen to raise on damaged files besides its own errors.
FAULTS = (
    PSException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
FARTHEST = 100_000  # points from the corner of the page; beyond it nothing is meant to be seen
MOST_GLYPHS = 60_000  # a page of a real book holds 1,000 to 8,000


class _Fonts(PDFResourceManager):  # type: ignore[misc]
    """Remembers which fonts the file gives a character map for."""

    def get_font(self, objid: Any, spec: Any) -> Any:
        font = super().get_font(objid, spec)
        font.is_named = "ToUnicode" in spec or not isinstance(font, PDFCIDFont)
        return font


class PdfMinerPages:
    """The pages of one file, opened once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._manager = _Fonts()
        self._pages: Iterator[Any] = PDFPage.create_pages(PDFDocument(PDFParser(self._file)))
        self._seen: list[Any] = []

    def draw(self, number: int) -> Drawing:
        """The drawing of page `number`, counted from 1. Raises one of FAULTS."""
        while len(self._seen) < number:
            page = next(self._pages, None)
            if page is None:
                raise LookupError(f"page {number} is not in the page tree")
            self._seen.append(page)
        device = _Collector(self._manager)
        PDFPageInterpreter(self._manager, device).process_page(self._seen[number - 1])
        return device.drawing()


class _Collector(PDFTextDevice):  # type: ignore[misc]
    """Keeps what is drawn, nothing else."""

    def __init__(self, manager: PDFResourceManager) -> None:
        super().__init__(manager)
        self.glyphs: dict[int, list[Glyph]] = {}
        self.rules: list[Rule] = []
        self.size = (0.0, 0.0)
        self._corner = (0.0, 0.0)
        self.hidden = 0
        self.count = 0
        self._mode = 0
        self._tags: list[str | None] = []
        self._spoken: list[tuple[int, Glyph]] = []  # glyphs inside a span that tells its own text

    def drawing(self) -> Drawing:
        turned = {
            angle: turn_glyphs(found, angle, *self.size) for angle, found in self.glyphs.items()
        }
        return Drawing(turned, self.rules, *self.size, self.hidden)

    def begin_page(self, page: Any, ctm: Any) -> None:
        """The visible part (CropBox) is the page: crop marks and slug lines stand outside."""
        x0, y0, x1, y1 = _visible(page)
        corners = [apply_matrix_pt(ctm, corner) for corner in ((x0, y0), (x1, y1))]
        (left, right), (bottom, top) = (sorted(values) for values in zip(*corners, strict=True))
        self._corner = left, bottom
        self.size = right - left, top - bottom

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        self._mode = textstate.render
        if textstate.font is not None:
            super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(
        self,
        matrix: Any,
        font: Any,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: Any,
        gs: Any,
    ) -> float:
        advance = float(font.char_width(cid)) * fontsize * scaling
        try:
            text = font.to_unichr(cid)
        except PDFUnicodeNotDefined:
            text = UNKNOWN
        if not font.is_named and bidirectional(text[:1] or " ") in ("AL", "R"):
            text = UNKNOWN  # guessed from the embedded font, and often wrongly
        self.count += 1
        if self.count > MOST_GLYPHS:
            raise ValueError(f"more than {MOST_GLYPHS} glyphs on the page")
        self.hidden += self._mode == 3
        turned = fontsize * scaling < 0  # in a matrix of half a turn that is upright
        self._keep(text, matrix, font, fontsize, rise=rise, cid=cid, advance=advance, turned=turned)
        return advance

    def _keep(
        self,
        text: str,
        matrix: Any,
        font: Any,
        fontsize: float,
        *,
        rise: float,
        cid: int,
        advance: float,
        turned: bool,
    ) -> None:
        a, b, c, d, e, f = matrix
        sign = -1 if turned else 1
        angle = round(math.degrees(math.atan2(sign * b, sign * a)) / 90) % 4 * 90
        left, bottom = self._corner
        matrix = (a, b, c, d, e - left, f - bottom)
        x, y = apply_matrix_pt(matrix, (0, rise))
        if not (0 <= x <= self.size[0] and 0 <= y <= self.size[1]):
            return
        end, end_y = apply_matrix_pt(matrix, (advance, rise))
        if angle in (90, 270):
            x, y, end = (y, -x, end_y) if angle == 90 else (-y, x, -end_y)
        elif angle == 180:
            x, y, end = -x, -y, -end
        size = abs(fontsize) * math.hypot(c, d) * _scale(font)
        if not all(abs(value) < FARTHEST for value in (x, end, y, size)):  # nor is it a number
            return
        name = str(font.fontname)
        glyph = Glyph(
            text,
            min(x, end),
            max(x, end),
            y,
            max(size, 1.0),
            name,
            cid,
            names_bold(name),
            self.count,
        )
        if self._tags and any(tag is not None for tag in self._tags):
            self._spoken.append((angle, glyph))
        else:
            self.glyphs.setdefault(angle, []).append(glyph)

    def begin_tag(self, tag: Any, props: Any = None) -> None:
        spoken = props.get("ActualText") if isinstance(props, dict) else None
        self._tags.append(decode_text(spoken) if isinstance(spoken, bytes) else None)

    def end_tag(self) -> None:
        told = self._tags.pop() if self._tags else None
        if told is None or not self._spoken or any(tag is not None for tag in self._tags):
            return
        angle, first = self._spoken[0]
        drawn = [
            glyph
            for turn, glyph in self._spoken
            if turn == angle and abs(glyph.y - first.y) < first.size
        ]
        self._spoken = []
        base = max(drawn, key=lambda g: g.x1 - g.x0)  # marks come first and stand higher
        wide = sum(g.x1 > g.x0 for g in drawn)
        whole = base._replace(
            text=told,
            x0=min(g.x0 for g in drawn),
            x1=max(g.x1 for g in drawn),
            code=base.code if wide < 2 else -1,
        )
        self.glyphs.setdefault(angle, []).append(whole)

    def paint_path(
        self, graphicstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Any
    ) -> None:
        points = [
            apply_matrix_pt(self.ctm, step[i : i + 2])
            for step in path
            for i in range(1, len(step) - 1, 2)
        ]
        if not (stroke or fill) or len(points) < 2 or len(self.rules) > 2000:
            return
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        if max(xs) - min(xs) > 20:
            low, high = min(ys), max(ys)
            left, bottom = self._corner
            heights = {low} if high - low < 3 else {low, high}
            self.rules += [(min(xs) - left, max(xs) - left, y - bottom) for y in heights]


def _visible(page: Any) -> tuple[float, float, float, float]:
    """The CropBox, as far as it lies on the page; all of the page where it does not."""
    x0, y0, x1, y1 = page.mediabox
    left, right, bottom, top = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    try:
        a, b, c, d = (float(value) for value in page.cropbox)
    except (TypeError, ValueError):
        return left, bottom, right, top
    inner = max(left, min(a, c)), max(bottom, min(b, d)), min(right, max(a, c)), min(top, max(b, d))
    return inner if inner[0] < inner[2] and inner[1] < inner[3] else (left, bottom, right, top)


def _scale(font: Any) -> float:
    """Fonts drawn by the file itself (Type 3) count in units of their own."""
    if not isinstance(font, PDFType3Font):
        return 1.0
    height = abs(float(font.get_height()))
    return height / 1.2 if height else 1.0
