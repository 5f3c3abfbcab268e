"""Text shaped by HarfBuzz and written glyph by glyph, as office and layout programs write it."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from reading import hostile

ZWNJ = "\u200c"
HELD = "\u0620"  # in its place while lines are ordered, which would drop it


class Run(NamedTuple):
    """Glyphs of one direction, from left to right: (number, advance, x offset, y offset) in em."""

    glyphs: list[tuple[int, float, float, float]]
    is_space: bool

    @property
    def width(self) -> float:
        return sum(advance for _, advance, _, _ in self.glyphs)


class Typeface:
    """A font file, and the text that each of its used glyphs stands for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._face = hb.Face(hb.Blob.from_file_path(str(path)))
        self._font = hb.Font(self._face)
        self._em = self._face.upem
        self.texts: dict[int, str] = {}
        self.advances: dict[int, float] = {}

    def shape(self, text: str, direction: str) -> list[tuple[int, float, float, float]]:
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = direction
        hb.shape(self._font, buffer)
        starts = sorted({info.cluster for info in buffer.glyph_infos})
        found = []
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            at = starts.index(info.cluster)
            end = starts[at + 1] if at + 1 < len(starts) else len(text)
            own = text[info.cluster : end].replace("\u200c", "")
            if not own:  # no trace of a half-space, as in Word's files
                continue
            alone = sum(other.cluster == info.cluster for other in buffer.glyph_infos) == 1
            mark = [c for c in own if unicodedata.category(c) == "Mn"]
            base = [c for c in own if unicodedata.category(c) != "Mn"]
            told = own if alone else "".join(base if place.x_advance else mark)
            self.texts.setdefault(info.codepoint, told)
            self.advances[info.codepoint] = (
                self._font.get_glyph_h_advance(info.codepoint) / self._em
            )
            found.append(
                (
                    info.codepoint,
                    place.x_advance / self._em,
                    place.x_offset / self._em,
                    place.y_offset / self._em,
                )
            )
        return found

    def lay_out(self, line: str, rtl: bool, is_first: bool) -> list[Run]:
        """The runs of a line from left to right, spaces apart. A later line stands after Arabic letters."""
        if not rtl:
            return [Run(self.shape(part, "ltr"), part == " ") for part in _parts(line)]
        context = "" if is_first else "ا"
        paragraph = BidiParagraph(context + line.replace(ZWNJ, HELD), TextDirection.RTL)
        chars = list(paragraph.get_reordered_characters())
        chars = chars[:-1] if context else chars
        runs: list[Run] = []
        piece: list[str] = []
        level = 0
        for char in [*chars, None]:
            turned = char is not None and char.embedding_level % 2 == 1
            boundary = char is None or char.character == " " or (piece and turned != bool(level))
            if boundary and piece:
                text = "".join(reversed(piece)) if level else "".join(piece)
                direction = "rtl" if level else "ltr"
                runs.append(Run(self.shape(text.replace(HELD, ZWNJ), direction), False))
                piece = []
            if char is None:
                break
            if char.character == " ":
                runs.append(Run(self.shape(" ", "rtl"), True))
            else:
                piece.append(char.character)
                level = int(turned)
        return runs


def _parts(line: str) -> list[str]:
    words = line.split(" ")
    return [part for word in words for part in (word, " ")][:-1]


def font_objects(faces: Sequence[Typeface], first: int) -> list[bytes]:
    """Five objects for each font: the font, its descendant, descriptor, file and character map."""
    found = []
    for place, face in enumerate(faces):
        at = first + 5 * place
        name = face.path.stem.encode()
        data = face.path.read_bytes()
        widths = b" ".join(
            b"%d [%d]" % (g, round(1000 * w)) for g, w in sorted(face.advances.items())
        )
        found += [
            b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>"
            % (name, at + 1, at + 4),
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            b" /FontDescriptor %d 0 R /W [%s] /DW 500 /CIDToGIDMap /Identity >>"
            % (name, at + 2, widths),
            b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [-500 -500 1500 1500] /ItalicAngle 0 /Ascent 1000"
            b" /Descent -400 /CapHeight 700 /StemV 80 /FontFile2 %d 0 R >>" % (name, at + 3),
            hostile.pack_stream(data, b"/Length1 %d" % len(data)),
            hostile.pack_stream(_character_map(face.texts).encode()),
        ]
    return found


def _character_map(texts: dict[int, str]) -> str:
    lines = "\n".join(
        f"<{g:04x}> <{t.encode('utf-16-be').hex()}>" for g, t in sorted(texts.items()) if t
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange <0000> <ffff>"
        f" endcodespacerange\n{len(texts)} beginbfchar\n{lines}\nendbfchar endcmap end end"
    )
