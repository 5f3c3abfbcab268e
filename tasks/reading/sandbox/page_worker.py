"""The child process that touches the PDF: python -m tasks.reading.sandbox.page_worker BOOK
MEMORY_MIB; page numbers in, one JSON line a page out.

Foreign files can exhaust memory, hang or crash the libraries; so nothing else lives in this
process.
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

from tasks.reading import legibility, ocr, pdfium_text
from tasks.reading.layout import page_layout, pdfium_glyphs
from tasks.reading.layout.arabic_shaping import bare
from tasks.reading.layout.pdfminer_glyphs import FAULTS, PdfMinerPages
from tasks.reading.types import Drawing, Line, Sheet, nothing
from tasks.store.parent_death import die_with_parent

SECONDS_A_PAGE = 12  # for pdfminer; a page of a real book takes 0.05
MOST_BROKEN = 0.05  # share of glyphs without a letter from which pdfium's reading is taken


class Reader:
    """One file, open in both libraries."""

    def __init__(self, path: Path, language: str, languages_of_ocr: str) -> None:
        self.document = pdfium.PdfDocument(path)
        self.language, self.languages_of_ocr = language, languages_of_ocr
        self._path = path
        self._pages: PdfMinerPages | None = None

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
        text = pdfium_text.text_of(textpage)
        width, height = page.get_size()
        objects = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
        images = sum(1 for _ in objects)
        empty = Sheet(number, (), width, height, "pdfium", False, images, "")
        simple = pdfium_text.read_simple_page(page, textpage, text)
        if simple:
            return empty._replace(lines=simple.lines, ocr=simple.hidden)
        if not text.strip() and not page.get_rotation():
            return empty
        return self._lay_out(empty, page, textpage, text)

    def _lay_out(self, empty: Sheet, page: Any, textpage: Any, text: str) -> Sheet:
        """The page by the library that draws its letters better, the likelier one first."""
        rtl = legibility.rtl_share(text) > 0
        first, second = ("glyphs", "pdfium") if rtl or page.get_rotation() else ("pdfium", "glyphs")
        one = self._try(first, empty, page, textpage)
        if one.lines and not one.fault and _is_sound(one, text):
            return one
        other = self._try(second, empty, page, textpage)
        best = other if _reads_better(other, one) else one
        fault = one.fault or (other.fault if best is not other and not one.lines else "")
        return best._replace(fault=fault)

    def _try(self, engine: str, empty: Sheet, page: Any, textpage: Any) -> Sheet:
        """The page's lines by one library's glyphs; none, with the fault, where it fails."""
        library = "pdfminer" if engine == "glyphs" else "pdfium"
        try:
            with _seconds(SECONDS_A_PAGE):
                drawing = self._draw(engine, empty.page, page, textpage)
                library = "layout"
                found = page_layout.read_lines(drawing)
        except FAULTS as error:
            reason = f"{library}: {type(error).__name__}: {str(error)[:200]}"
            return empty._replace(engine=engine, fault=reason)
        shown = "\n".join(line.text for line in found.lines)
        return empty._replace(
            lines=found.lines,
            width=drawing.width,
            height=drawing.height,
            engine=engine,
            rtl=legibility.rtl_share(shown) >= page_layout.PAGE_SHARE,
            pairs=tuple(found.forms.pairs),
            votes=(found.votes.round, found.votes.angled),
            tallies={key: tuple(tally) for key, tally in found.forms.tallies.items()},
            unnamed=found.forms.unnamed,
            ocr=_is_hidden(drawing.hidden, found.lines),
        )

    def _draw(self, engine: str, number: int, page: Any, textpage: Any) -> Drawing:
        if engine == "pdfium":
            return pdfium_glyphs.draw_page(page, textpage)
        if self._pages is None:
            self._pages = PdfMinerPages(self._path)
        return pdfium_glyphs.add_drawn_bullets(self._pages.draw(number), page)


def _is_sound(sheet: Sheet, text: str) -> bool:
    """Its letters are named, and it reads no less like language than pdfium's own order does."""
    named = page_layout.broken(sheet.lines) <= MOST_BROKEN
    shown = bare(sheet.text)
    return named and legibility.small_words(shown) >= 0.7 * legibility.small_words(text)


def _reads_better(other: Sheet, one: Sheet) -> bool:
    """Fewer letters without a name; where both have them, more small words."""
    if not one.lines or not other.lines:
        return bool(other.lines)
    broken = page_layout.broken(one.lines), page_layout.broken(other.lines)
    if max(broken) > MOST_BROKEN:
        return broken[1] < broken[0]
    words = [legibility.small_words(bare(sheet.text)) for sheet in (one, other)]
    return words[0] < 0.7 * words[1]


def _is_hidden(hidden: int, lines: tuple[Line, ...]) -> bool:
    """Text drawn invisibly over a picture is somebody's OCR."""
    return hidden > 0.8 * sum(len(line.text.replace(" ", "")) for line in lines) > 0


@contextlib.contextmanager
def _seconds(limit: int) -> Iterator[None]:
    """Seconds of the processor: what is read must not depend on what else the machine does."""

    def late(signum: int, frame: FrameType | None) -> None:
        raise ValueError(f"took more than {limit} s")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def outline(document: Any) -> list[tuple[int, str, int | None, float | None]]:
    """(level from 1, title, page from 1, height of its place on the page) of each bookmark."""
    found = []
    for mark in document.get_toc(max_depth=8):
        dest = mark.get_dest()
        index = dest.get_index() if dest else None
        mode, view = dest.get_view() if dest else (None, [])
        y = (
            view[1]
            if mode == raw.PDFDEST_VIEW_XYZ and len(view) > 1
            else view[0]
            if mode == raw.PDFDEST_VIEW_FITH and view
            else None
        )
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
    """First line out: pages and bookmarks, or why the file cannot be opened. Then a line for each
    page asked for.
    """
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
