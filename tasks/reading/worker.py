"""The child process that touches the PDF: python -m tasks.reading.worker BOOK MEMORY_MIB; page numbers in, one JSON line a page out.

Foreign files can exhaust memory, hang or crash the libraries; so nothing else lives in this process.
"""

import contextlib
import json
import logging
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from tasks.parent_death import die_with_parent
from tasks.reading import legibility, ocr, plain, turned
from tasks.reading.glyphs import FAULTS, Pages
from tasks.reading.repair import bare
from tasks.reading.shapes import Line, Sheet, nothing

SECONDS_A_PAGE = 12  # for pdfminer; a page of a real book takes 0.05
MOST_BROKEN = 0.05  # share of glyphs without a letter from which pdfium's reading is taken
RTL_SHARE = 0.1  # of the letters, from which the order is ours


class Reader:
    """One file, open in both libraries."""

    def __init__(self, path: Path, language: str, languages_of_ocr: str) -> None:
        self.document = pdfium.PdfDocument(path)
        self.language, self.languages_of_ocr = language, languages_of_ocr
        self._path = path
        self._pages: Pages | None = None

    def read(self, number: int) -> Sheet:
        """Page `number`, counted from 1."""
        try:
            page = self.document[number - 1]
        except pdfium.PdfiumError as error:
            return nothing(number, f"damaged: {error}")
        if self.languages_of_ocr:
            return ocr.read(page, number, self.languages_of_ocr)
        textpage = page.get_textpage()
        sheet = self._read(number, page, textpage)
        textpage.close()
        page.close()
        return sheet

    def _read(self, number: int, page: Any, textpage: Any) -> Sheet:
        text = plain.text_of(textpage)
        width, height = page.get_size()
        images = sum(1 for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        as_pdfium = Sheet(number, plain.lines_of(page, textpage), width, height, "pdfium", False, images, "")
        if legibility.rtl_share(text) < RTL_SHARE and legibility.unmapped(text) < MOST_BROKEN:
            return as_pdfium
        return self._best(as_pdfium)

    def _best(self, as_pdfium: Sheet) -> Sheet:
        """Our order, unless pdfminer fails on the page or pdfium's reading looks more like language."""
        try:
            with _seconds(SECONDS_A_PAGE):
                drawing = self._drawing(as_pdfium.page)
                found = turned.read(drawing, self.language)
        except FAULTS as error:
            return as_pdfium._replace(rtl=True, fault=f"pdfminer: {type(error).__name__}: {str(error)[:200]}")
        broken = turned.broken(found.lines)
        ours = legibility.small_words(bare("\n".join(line.text for line in found.lines)))
        if (broken > MOST_BROKEN and legibility.unmapped(as_pdfium.text) < broken) or ours < 0.7 * legibility.small_words(as_pdfium.text):
            return as_pdfium._replace(rtl=True)
        tallies = {key: tuple(tally) for key, tally in found.forms.tallies.items()}
        return as_pdfium._replace(
            lines=found.lines,
            engine="glyphs",
            rtl=True,
            pairs=tuple(found.forms.pairs),
            votes=(found.votes.round, found.votes.angled),
            tallies=tallies,
            ocr=_is_hidden(drawing.hidden, found.lines),
        )

    def _drawing(self, number: int) -> Any:
        if self._pages is None:
            self._pages = Pages(self._path)
        return self._pages.draw(number)


def _is_hidden(hidden: int, lines: tuple[Line, ...]) -> bool:
    """Text drawn invisibly over a picture is somebody's OCR."""
    return hidden > 0.8 * sum(len(line.text.replace(" ", "")) for line in lines) > 0


@contextlib.contextmanager
def _seconds(limit: int) -> Iterator[None]:
    def late(signum: int, frame: FrameType | None) -> None:
        raise ValueError(f"took more than {limit} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)


def outline(document: Any) -> list[tuple[int, str, int | None, float | None]]:
    """(level from 1, title, page from 1, height of its place on the page) of each bookmark."""
    found = []
    for mark in document.get_toc(max_depth=8):
        dest = mark.get_dest()
        index = dest.get_index() if dest else None
        mode, view = dest.get_view() if dest else (None, [])
        y = view[1] if mode == raw.PDFDEST_VIEW_XYZ and len(view) > 1 else view[0] if mode == raw.PDFDEST_VIEW_FITH and view else None
        found.append((mark.level + 1, mark.get_title(), None if index is None else index + 1, y))
        if len(found) > 20_000:
            break
    return found


def limit_memory(mebibytes: int) -> None:
    """macOS refuses address-space limits; there the parent's clock is the only guard."""
    size = mebibytes * 1024 * 1024
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main(path: str, mebibytes: str, language: str, languages_of_ocr: str) -> None:
    """First line out: pages and bookmarks, or why the file cannot be opened. Then a line for each page asked for."""
    die_with_parent(signal.SIGKILL)
    limit_memory(int(mebibytes))
    logging.disable(logging.CRITICAL)
    try:
        reader = Reader(Path(path), language, languages_of_ocr)
        pages, marks = len(reader.document), outline(reader.document)
    except pdfium.PdfiumError as error:
        _say({"refused": str(error), "code": getattr(error, "err_code", None)})
        return
    _say({"pages": pages, "outline": marks})
    for line in sys.stdin:
        number = int(line)
        try:
            sheet = reader.read(number)
        except MemoryError:
            sheet = nothing(number, "needs more memory than the limit")
        _say(sheet.packed())


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    main(*sys.argv[1:])
