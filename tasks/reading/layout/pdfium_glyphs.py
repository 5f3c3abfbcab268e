"""The glyphs of a page with their places, as pdfium interprets them: four times faster than
pdfminer.
"""

import ctypes
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as raw

from tasks.reading.types import Drawing, Glyph, Rule, names_bold, turn_glyphs

BOLD = 600  # weight from which a font counts as bold
INVISIBLE = 3  # text render mode of a scan's text layer
MOST_PATHS = 20_000  # a page with more is a map
MOST_SEGMENTS = 2_000  # of one path that is looked at for a table's rules
SHORTEST_RULE = 20.0  # points
THIN = 3.0  # points: a rectangle as flat as this is one rule
HYPHENS = frozenset((0x02, 0xFFFE))  # pdfium's marks for a hyphen at a line's end
MAY_BE_MADE_UP = frozenset((0x20, 0x0D, 0x0A))
NAME_BYTES = 128
# Of bullets only the width of Chromium's was measured; the limits are wide around it by judgement.
MOST_DOTS = 200  # on a page; more are a chart's or a map's
UNROUND = 0.15  # of its height: as much a dot's width may differ
DOT_EM = (0.15, 0.6)  # a bullet's width; Chromium's are 0.29 of the letters' size
DOT_HEIGHT = (0.1, 0.6)  # of its middle above the baseline, in em
DOT_OFF = 2.5  # em, at most, from the bullet to the line
DOT_BELOW = 30  # points: bullets of larger letters than 50 points are none
Dot = tuple[float, float, float]  # x0, x1, middle's y of a small round or square shape, in points


def draw_page(page: Any, textpage: Any) -> Drawing:
    """The glyphs by direction of writing and the rules, from the visible part's lower left corner.

    Pages that are shown turned (/Rotate) are for pdfminer.
    """
    left, bottom, right, top = (
        page.get_bbox()
    )  # the only box that pdfium inherits from the page tree
    width, height = right - left, top - bottom
    by_angle: dict[int, list[Glyph]] = {}
    hidden = 0
    for angle, mode, glyph in _glyphs(textpage):
        x, y = _level_point(glyph.x0, glyph.y, angle)
        if left <= x <= right and bottom <= y <= top:
            by_angle.setdefault(angle, []).append(glyph)
            hidden += mode == INVISIBLE
    rules, dots = find_shapes(page)
    moved = {angle: _shift(found, angle, left, bottom) for angle, found in by_angle.items()}
    turned = {angle: turn_glyphs(found, angle, width, height) for angle, found in moved.items()}
    rules = [(x0 - left, x1 - left, y - bottom) for x0, x1, y in rules]
    return _add_bullets(Drawing(turned, rules, width, height, hidden), dots, left, bottom)


def add_drawn_bullets(drawing: Drawing, page: Any) -> Drawing:
    """The other library's drawing of an upright page with the bullets that pdfium sees."""
    if page.get_rotation():
        return drawing
    left, bottom, _, _ = page.get_bbox()
    return _add_bullets(drawing, find_shapes(page)[1], left, bottom)


def _add_bullets(drawing: Drawing, dots: Sequence[Dot], left: float, bottom: float) -> Drawing:
    upright = drawing.glyphs.get(0)
    if not upright or not dots:
        return drawing
    moved = [(x0 - left, x1 - left, y - bottom) for x0, x1, y in dots]
    return drawing._replace(glyphs={**drawing.glyphs, 0: [*upright, *_bullets(moved, upright)]})


def _level_point(x: float, y: float, angle: int) -> tuple[float, float]:
    """A place on the page from one in the turned coordinates of `Glyph`."""
    return {0: (x, y), 90: (-y, x), 180: (-x, -y), 270: (y, -x)}[angle]


def _shift(glyphs: list[Glyph], angle: int, left: float, bottom: float) -> list[Glyph]:
    if left == bottom == 0:
        return glyphs
    right, up = {
        0: (left, bottom),
        90: (bottom, -left),
        180: (-left, -bottom),
        270: (-bottom, left),
    }[angle]
    return [g._replace(x0=g.x0 - right, x1=g.x1 - right, y=g.y - up) for g in glyphs]


class _GlyphRun:
    """What the glyphs of one text object share."""

    def __init__(self, textpage: Any, at: int, matrix: Any) -> None:
        a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
        size = raw.FPDFText_GetFontSize(textpage, at)
        if size < 0:  # a negative size in a matrix of half a turn is upright
            a, b, size = -a, -b, -size
        self.angle = round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90
        self.size = max(1.0, size * math.hypot(c, d))
        self.font = font_at(textpage, at)
        self.bold = is_bold_at(textpage, at, self.font)
        owner = raw.FPDFText_GetTextObject(textpage, at)
        self.mode = raw.FPDFTextObj_GetTextRenderMode(owner) if owner else 0


def font_at(textpage: Any, at: int) -> str:
    """The name of a character's font."""
    name, flags = ctypes.create_string_buffer(NAME_BYTES), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, at, name, NAME_BYTES, flags)
    return name.value.decode("utf-8", "replace")


def is_bold_at(textpage: Any, at: int, font: str) -> bool:
    """By the font's weight, which programs often leave out, or by its name."""
    return raw.FPDFText_GetFontWeight(textpage, at) >= BOLD or names_bold(font)


def _glyphs(textpage: Any) -> Iterator[tuple[int, int, Glyph]]:
    """(angle, render mode, glyph) of every drawn character; spaces that pdfium makes up
    left out.
    """
    handle, matrix, box = textpage.raw, raw.FS_MATRIX(), raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    key, run, last = None, None, None
    for at in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(handle, at)
        if code in MAY_BE_MADE_UP and raw.FPDFText_IsGenerated(handle, at) != 0:
            continue
        raw.FPDFText_GetMatrix(handle, at, matrix)
        found = (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)
        if run is None or found != key:
            key, run = found, _GlyphRun(handle, at, matrix)
        raw.FPDFText_GetCharOrigin(handle, at, x, y)
        raw.FPDFText_GetLooseCharBox(handle, at, box)
        glyph = _glyph(_text(code), run, box, x.value, y.value, at)
        if last and _is_same_glyph(last[2], glyph):
            last = (run.angle, run.mode, last[2]._replace(text=last[2].text + glyph.text))
            continue
        if last:
            yield last
        last = (run.angle, run.mode, glyph)
    if last:
        yield last


def _text(code: int) -> str:
    return "-" if code in HYPHENS else "\ufffd" if code == 0 or code > 0x10FFFF else chr(code)


def _is_same_glyph(one: Glyph, other: Glyph) -> bool:
    """A ligature's letters, or half a character: told one by one, at one place."""
    return (
        one.x0 == other.x0
        and one.x1 == other.x1
        and one.y == other.y
        and one.x1 > one.x0
        and one.font == other.font
    )


def _glyph(text: str, run: _GlyphRun, box: Any, x: float, y: float, turn: int) -> Glyph:
    match run.angle:
        case 0:
            x0, x1, base = box.left, box.right, y
        case 90:
            x0, x1, base = box.bottom, box.top, -x
        case 180:
            x0, x1, base = -box.right, -box.left, -y
        case _:
            x0, x1, base = -box.top, -box.bottom, x
    return Glyph(text, x0, x1, base, run.size, run.font, ord(text[0]), run.bold, turn)


def find_shapes(page: Any) -> tuple[list[Rule], list[Dot]]:
    """Horizontal rules: flat rectangles, the edges of others, and level strokes; and shapes that
    may be bullets, none where there are more than lists have.
    """
    found: list[Rule] = []
    dots: list[Dot] = []
    paths = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=1)
    for path in itertools.islice(paths, MOST_PATHS):
        left, bottom, right, top = path.get_bounds()
        if right - left <= SHORTEST_RULE:
            if abs((right - left) - (top - bottom)) < UNROUND * (top - bottom):
                dots.append((left, right, (bottom + top) / 2))
            continue
        count = raw.FPDFPath_CountSegments(path)
        if top - bottom < THIN:
            found.append((left, right, bottom))
        elif count <= 5:
            found += [(left, right, bottom), (left, right, top)]
        elif count <= MOST_SEGMENTS:
            found += _strokes(path, count)
    return found, dots if len(dots) <= MOST_DOTS else []


def _bullets(dots: Sequence[Dot], glyphs: Sequence[Glyph]) -> Iterator[Glyph]:
    """Bullets drawn as shapes (Chromium's lists): a dot of a bullet's size and height, beside the
    first letter of a line and with no letter on its other side.
    """
    levels: dict[int, list[Glyph]] = {}
    for glyph in glyphs if dots else ():
        if glyph.text.strip():
            levels.setdefault(round(glyph.y), []).append(glyph)
    for left, right, middle in dots:
        beside = [
            g
            for level in range(int(middle - DOT_BELOW), int(middle) + 1)
            for g in levels.get(level, ())
            if DOT_EM[0] * g.size < right - left < DOT_EM[1] * g.size
            and DOT_HEIGHT[0] * g.size < middle - g.y < DOT_HEIGHT[1] * g.size
            and min(abs(g.x0 - right), abs(left - g.x1)) < DOT_OFF * g.size
        ]
        after, before = [g for g in beside if g.x0 >= right], [g for g in beside if g.x1 <= left]
        if bool(after) != bool(before):
            first = min(after, key=lambda g: g.x0) if after else max(before, key=lambda g: g.x1)
            yield first._replace(text="•", x0=left, x1=right, font="", code=ord("•"), bold=False)


def _strokes(path: Any, count: int) -> Iterator[Rule]:
    """The level lines of a grid that is drawn as one path."""
    matrix, x, y = path.get_matrix(), ctypes.c_float(), ctypes.c_float()
    before = None
    for at in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, at)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        is_line = raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_LINETO
        if (
            before
            and is_line
            and abs(point[1] - before[1]) < 1
            and abs(point[0] - before[0]) > SHORTEST_RULE
        ):
            yield min(point[0], before[0]), max(point[0], before[0]), point[1]
        before = point
