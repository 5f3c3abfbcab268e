"""Pages written operator by operator, as programs other than fpdf2 write them; in the base fonts, which need no file."""

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from reading import hostile

FONTS = {"F1": "Times-Roman", "F2": "Times-Bold", "F3": "Helvetica"}
_NAMES = {"F1": ("Times", ""), "F2": ("Times", "B"), "F3": ("Helvetica", "")}
_MEASURE = FPDF(unit="pt")


def width(text: str, font: str = "F1", size: float = 11) -> float:
    """In points."""
    family, style = _NAMES[font]
    _MEASURE.set_font(family, style, size)
    return float(_MEASURE.get_string_width(text))


def wrap(text: str, size: float, measure: float, font: str = "F1") -> list[str]:
    """The text in lines of at most `measure` points."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, font, size) > measure and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def show(
    text: str, x: float, y: float, size: float = 11, font: str = "F1", in_matrix: bool = False
) -> str:
    """One piece of text; the size in Tf, or in the text matrix as InDesign, Acrobat and Quartz write it."""
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    scale, tf = (size, 1) if in_matrix else (1, size)
    return f"BT /{font} {tf:g} Tf {scale:g} 0 0 {scale:g} {x:.2f} {y:.2f} Tm ({escaped}) Tj ET\n"


def show_words(text: str, x: float, y: float, gap: float, size: float = 11) -> str:
    """Words `gap` em apart, without space glyphs."""
    out = ""
    for word in text.split():
        out += show(word, x, y, size)
        x += width(word, "F1", size) + gap * size
    return out


def paragraph(
    text: str, x: float, y: float, measure: float, size: float = 11, leading: float = 14
) -> str:
    return "".join(
        show(line, x, y - leading * i, size) for i, line in enumerate(wrap(text, size, measure))
    )


def pdf(
    pages: Sequence[str],
    crop: Sequence[float] | None = None,
    outline: Sequence[tuple[str, int]] = (),
) -> bytes:
    """A file of A4 pages with these contents. `outline`: (title, page from 0)."""
    count, first = len(pages), 6 + len(FONTS)
    objects: list[bytes] = [b"null"] * (first + 2 * count + len(outline))
    kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(count))
    outlines = b"/Outlines 3 0 R" if outline else b""
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R %s >>" % outlines
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    marks = first + 2 * count
    objects[2] = b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % (
        marks,
        marks + len(outline) - 1,
        len(outline),
    )
    fonts = b""
    for i, (name, base) in enumerate(FONTS.items(), 4):
        fonts += b"/%s %d 0 R " % (name.encode(), i)
        objects[i - 1] = (
            b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
            % base.encode()
        )
    box = b"/CropBox [%s]" % " ".join(map(str, crop)).encode() if crop else b""
    for i, content in enumerate(pages):
        number = first + 2 * i
        objects[number - 1] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s /Contents %d 0 R /Resources << /Font << %s >> >> >>"
            % (box, number + 1, fonts)
        )
        objects[number] = hostile.pack_stream(content.encode("cp1252"))
    for i, (title, page) in enumerate(outline):
        follower = b"/Next %d 0 R" % (marks + i + 1) if i + 1 < len(outline) else b""
        name = b"<FEFF%s>" % title.encode("utf-16-be").hex().encode()
        target = b"[%d 0 R /Fit]" % (first + 2 * page)
        objects[marks + i - 1] = b"<< /Title %s /Parent 3 0 R /Dest %s %s >>" % (
            name,
            target,
            follower,
        )
    return hostile.build_pdf(objects)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "drawn.pdf"
    path.write_bytes(content)
    return path
