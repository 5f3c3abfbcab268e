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
    pairs: tuple[tuple[str, str], ...] = ()  # glyphs that a half-space may stand between; see repair.py
    votes: tuple[int, int] = (0, 0)  # for (above 0) or against exchanging round brackets and guillemets
    tallies: dict[str, tuple[int, ...]] = {}  # where each glyph stood in its words

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
