"""The texts drawn glyph by glyph in the manner of Word (run by run, spaces drawn) or of InDesign (frames out of order)."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reading import hostile
from reading.hard_set.shaped_text import Run, Typeface, font_objects
from reading.hard_set.texts import Block, grouped

WIDTH, HEIGHT = 595.0, 842.0
SCALES = {"h1": 1.7, "h2": 1.3, "h3": 1.12, "note": 0.78}


class Frames(NamedTuple):
    """How a book is drawn."""

    regular: Path
    bold: Path
    size: float = 11.5
    justify: bool = True
    shuffled: bool = False  # frames out of order, sizes in the matrix: InDesign
    spaces: bool = True  # space glyphs are drawn
    margin: float = 70
    running: str = ""


class Placed(NamedTuple):
    """A line of runs: where it begins, how far its spaces are stretched."""

    face: int
    size: float
    x: float
    y: float
    runs: list[Run]
    stretch: float  # points added to each space


class _Book:
    def __init__(self, style: Frames, rtl: bool) -> None:
        self.style, self.rtl = style, rtl
        self.faces = [Typeface(style.regular), Typeface(style.bold)]
        self.pages: list[list[list[Placed]]] = []  # frames of lines
        self.rules: list[list[float]] = []
        self.notes: list[str] = []
        self.turn_page()

    def turn_page(self) -> None:
        if self.pages:
            self._draw_notes()
        self.pages.append([])
        self.rules.append([])
        self.y = HEIGHT - self.style.margin
        self.bottom = self.style.margin
        if self.style.running:
            self._frame(
                self.style.running,
                "note",
                self.style.margin,
                WIDTH - 2 * self.style.margin,
                1e9,
                top=HEIGHT - 35,
            )

    def wrap(self, text: str, kind: str, measure: float) -> list[Placed]:
        size = self.style.size * SCALES.get(kind, 1.0)
        face = int(kind in ("h1", "h2", "h3"))
        lines: list[str] = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self._width(longer, face) * size > measure:
                lines.append(word)
            else:
                lines[-1] = longer
        placed = []
        for number, line in enumerate(lines):
            runs = self.faces[face].lay_out(line, self.rtl, number == 0)
            room = measure - sum(r.width for r in runs) * size
            gaps = sum(r.is_space for r in runs)
            last = number == len(lines) - 1 or not self.style.justify or face == 1
            stretch = 0.0 if last or not gaps else room / gaps
            placed.append(
                Placed(face, size, room if self.rtl and not stretch else 0.0, 0.0, runs, stretch)
            )
        return placed

    def _width(self, line: str, face: int) -> float:
        return sum(r.width for r in self.faces[face].lay_out(line, self.rtl, True))

    def _frame(
        self, text: str, kind: str, x: float, measure: float, room: float, top: float = 0.0
    ) -> None:
        lines = self.wrap(text, kind, measure)
        leading = 1.5 * lines[0].size
        y = top or self.y
        frame = []
        for line in lines:
            if y - leading < self.bottom and not top:
                self.pages[-1].append(frame)
                frame = []
                self.turn_page()
                y = self.y
            y -= leading
            frame.append(line._replace(x=x + line.x, y=y))
        self.pages[-1].append(frame)
        if not top:
            self.y = y - room

    def add(self, group: Sequence[Block]) -> None:
        first, margin = group[0], self.style.margin
        measure = WIDTH - 2 * margin
        match first.kind:
            case "row":
                self._table(group)
            case "h1":
                if self.y < HEIGHT - 2 * margin:
                    self.turn_page()
                self._frame(first.text, "h1", margin, measure, 10)
            case "h2" | "h3":
                if self.y < self.bottom + 90:
                    self.turn_page()
                self.y -= 8
                self._frame(first.text, first.kind, margin, measure, 3)
            case "item" | "numbered":
                for number, block in enumerate(group, 1):
                    mark = "•" if block.kind == "item" else f"{number}."
                    self._frame(f"{mark} {block.text}", "p", margin, measure, 3)
            case "formula":
                self._frame(first.text.split(" ~ ")[2], "p", margin, measure, 6)
            case _:
                for note in group[1:]:
                    self.notes.append(note.text)
                    self.bottom += 1.5 * self.style.size * 2
                self._frame(first.text, "p", margin, measure, 6)

    def columns(self, groups: Sequence[Sequence[Block]]) -> None:
        """All of these in two columns of one height."""
        margin, gap = self.style.margin, 22.0
        measure = (WIDTH - 2 * margin - gap) / 2
        lines = [
            (line, block.kind)
            for group in groups for block in group for line in self.wrap(block.text, block.kind, measure)
        ]  # fmt: skip
        half = -(-len(lines) // 2)
        leading = 1.5 * self.style.size
        if self.y - (half + 1) * leading < self.bottom:
            self.turn_page()
        sides = [lines[:half], lines[half:]]
        left, right = margin, margin + measure + gap
        for side, x in zip(sides, (right, left) if self.rtl else (left, right), strict=True):
            frame = [
                line._replace(x=x + line.x, y=self.y - leading * (i + 1))
                for i, (line, _) in enumerate(side)
            ]
            self.pages[-1].append(frame)
        self.y -= leading * (half + 1)

    def _table(self, group: Sequence[Block]) -> None:
        margin, count = self.style.margin, len(group[0].cells)
        measure = WIDTH - 2 * margin
        step = measure / count
        if self.y - 24 * len(group) < self.bottom:
            self.turn_page()
        for row in group:
            self.rules[-1].append(self.y - 4)
            for place, cell in enumerate(row.cells):
                at = count - 1 - place if self.rtl else place
                line = self.wrap(cell, "p", step)[0]
                x = margin + step * at + (line.x - 4 if self.rtl else 4)
                self.pages[-1].append([line._replace(x=x, y=self.y - 20, stretch=0.0)])
            self.y -= 24
        self.rules[-1].append(self.y - 4)
        self.y -= 12

    def _draw_notes(self) -> None:
        margin = self.style.margin
        top = self.bottom
        for number, note in enumerate(self.notes, 1):
            self._frame(
                f"{number} {note}",
                "note",
                margin,
                WIDTH - 2 * margin,
                0,
                top=top - 18 * (number - 1),
            )
        self.notes = []

    def content(self, page: int) -> bytes:
        frames = list(self.pages[page])
        if self.style.shuffled:
            random.Random(page).shuffle(frames)
        margin = self.style.margin
        out = [f"0.5 w {margin} {y:.2f} m {WIDTH - margin} {y:.2f} l S" for y in self.rules[page]]
        out += [self._line(line) for frame in frames for line in frame]
        return "\n".join(out).encode()

    def _line(self, line: Placed) -> str:
        tf, scale = (1.0, line.size) if self.style.shuffled else (line.size, 1.0)
        x, out = line.x, []
        for run in line.runs:
            if not run.is_space or self.style.spaces:
                at = x
                for glyph, advance, dx, dy in run.glyphs:
                    out.append(
                        f"{scale:g} 0 0 {scale:g} {at + dx * line.size:.3f} {line.y + dy * line.size:.3f} Tm <{glyph:04x}> Tj"
                    )
                    at += advance * line.size
            x += run.width * line.size + (line.stretch if run.is_space else 0.0)
        return f"BT /F{line.face} {tf:g} Tf\n" + "\n".join(out) + "\nET"

    def save(self, path: Path) -> None:
        contents = [hostile.pack_stream(self.content(i)) for i in range(len(self.pages))]
        fonts = font_objects(self.faces, 3)
        first = 3 + len(fonts)
        kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(len(contents)))
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
            *fonts,
        ]
        for i, content in enumerate(contents):
            objects += [
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
                b" /Resources << /Font << /F0 3 0 R /F1 8 0 R >> >> >>" % (first + 2 * i + 1),
                content,
            ]
        path.write_bytes(hostile.build_pdf(objects))


def draw_frames(blocks: Sequence[Block], out: Path, style: Frames, language: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    book, columns = _Book(style, language != "en"), None
    for group in grouped(blocks):
        if group[0].kind == "columns":
            if columns is not None:
                book.columns(columns)
            columns = [] if group[0].text == "2" else None
        elif columns is not None:
            columns.append(group)
        else:
            book.add(group)
    book._draw_notes()
    book.save(out / "book.pdf")
    return out / "book.pdf"
