"""What the reader's parts hand to one another: glyphs as drawn, lines as read, a page of lines."""

from typing import Any, NamedTuple


class Glyph(NamedTuple):
    """One drawn character (or ligature), in points, y upwards from the page's bottom."""

    text: str
    x0: float
    x1: float
    y: float  # baseline
    size: float
    font: str
    code: int  # the font's own number of the glyph: tells initial from final forms
    bold: bool = False
    turn: int = 0  # how many were drawn before it

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


Rule = tuple[float, float, float]  # x0, x1, y of a horizontal rule, in points


class Drawing(NamedTuple):
    """What is on a page, in points from the lower left corner of its visible part."""

    glyphs: dict[int, list[Glyph]]  # by direction of writing: 0, 90, 180, 270 degrees
    rules: list[Rule]
    width: float
    height: float
    hidden: int  # glyphs drawn invisibly: the text layer of a scan


def turn_glyphs(glyphs: list[Glyph], angle: int, width: float, height: float) -> list[Glyph]:
    """Back to coordinates that start at the lower left corner of the turned page."""
    corners = {0: (0.0, 0.0), 90: (0.0, width), 180: (width, height), 270: (height, 0.0)}
    right, up = corners[angle]
    if right == up == 0:
        return glyphs
    return [g._replace(x0=g.x0 + right, x1=g.x1 + right, y=g.y + up) for g in glyphs]


def names_bold(font: str) -> bool:
    """Whether a font's name says that it is bold."""
    name = font.lower()
    return any(word in name for word in ("bold", "black", "heavy", "titr", "-bd", ",b"))


class Line(NamedTuple):
    """One line as read, in points, y downwards from the page's top."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    bold: bool
    block: int  # lines of one block (column, table, table row) follow one another


class Sheet(NamedTuple):
    """One page as a child process read it."""

    page: int  # counted from 1
    lines: tuple[Line, ...]
    width: float
    height: float
    engine: str  # pdfium, glyphs, tesseract, none
    rtl: bool
    images: int
    fault: str  # why nothing, or less than all, could be read; empty when all went well
    ocr: bool = False
    pairs: tuple[
        tuple[str, str], ...
    ] = ()  # glyphs that a half-space may stand between; see arabic_shaping.py
    votes: tuple[int, int] = (
        0,
        0,
    )  # for (above 0) or against exchanging round brackets and guillemets
    tallies: dict[str, tuple[int, ...]] = {}  # where each glyph stood in its words
    unnamed: dict[str, str] = {}  # a glyph without a letter: what stands in its place

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def packed(self) -> dict[str, Any]:
        """For JSON."""
        return self._asdict()

    @classmethod
    def unpacked(cls, values: dict[str, Any]) -> "Sheet":
        lines = tuple(Line(*line) for line in values.pop("lines"))
        pairs = tuple((a, b) for a, b in values.pop("pairs"))
        votes = tuple(values.pop("votes"))
        return cls(lines=lines, pairs=pairs, votes=votes, **values)


def nothing(page: int, fault: str, images: int = 0) -> Sheet:
    """A page that could not be read."""
    return Sheet(page, (), 0, 0, "none", False, images, fault)
