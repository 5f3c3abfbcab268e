"""Small PDFs, sound and hostile, made by hand: objects in, bytes out."""

import zlib
from collections.abc import Sequence

WORDS = "the quick brown fox jumps over the lazy dog and runs to the other side of the wide river where it rests "


def build_pdf(objects: Sequence[bytes], root: int = 1) -> bytes:
    """A file of these objects, numbered from 1."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out
        + b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, root, start)
    )


def pack_stream(content: bytes, extra: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (
        len(packed),
        extra,
        packed,
    )


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def build_book(pages: int, lines: int = 20, content: bytes | None = None) -> bytes:
    """A Latin book of so many equal pages."""
    text = b"".join(
        b"BT /F1 11 Tf 50 %d Td (%s) Tj ET\n" % (780 - 15 * i, WORDS[:90].encode())
        for i in range(lines)
    )
    kids = b" ".join(b"%d 0 R" % (5 + i) for i in range(pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>"
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            tree,
            pack_stream(text if content is None else content),
            FONT,
            *[page] * pages,
        ]
    )


def build_looped_tree() -> bytes:
    """A page tree that is its own child."""
    node = b"<< /Type /Pages /Kids [3 0 R] /Count 1000000 /Parent 2 0 R >>"
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            node,
            b"<< /Type /Pages /Kids [2 0 R] /Count 1000000 /Parent 2 0 R >>",
        ]
    )


def build_bomb(mebibytes: int) -> bytes:
    """A page whose content unpacks to so much."""
    return build_book(1, content=b"0 0 m 1 1 l S \n" * (mebibytes * 1024 * 1024 // 15))


def build_nested_bomb(mebibytes: int) -> bytes:
    """The same packed twice."""
    inner = zlib.compress(b" " * (mebibytes * 1024 * 1024), 9)
    packed = zlib.compress(inner, 9)
    content = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(packed),
        packed,
    )
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R >>"
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            content,
            page,
        ]
    )


def build_nested_forms() -> bytes:
    """A drawing that draws itself."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page,
            pack_stream(b"/X Do /X Do"),
            pack_stream(b"/X Do /X Do", form),
        ]
    )
