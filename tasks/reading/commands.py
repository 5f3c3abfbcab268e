"""What `book2lora read` writes: pages, passages, a report; and what `book2lora check` sees of a
book without reading all of it.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tasks.reading import pdf
from tasks.reading.doubts import reading_doubts
from tasks.reading.report import build_report
from tasks.reading.sandbox.pictures import draw_pictures
from tasks.reading.structure import bookmarks, headings
from tasks.schemas.messages import Message
from tasks.schemas.plan_sections import ReadingPlan

SAMPLE = 12  # pages: half of them spread over the book, half where bookmarks lead


def passage_rows(reading: pdf.Reading) -> Iterable[dict[str, Any]]:
    """One row a passage, with its text by paragraphs."""
    for passage in reading.passages:
        row = passage.model_dump(include={"id", "page", "chapter", "section", "heading", "ocr"})
        yield row | {"paragraphs": passage.text.split("\n")}


def write_report(book: Path, reading: pdf.Reading, out: Path) -> None:
    """The report as one HTML file."""
    pictures = draw_pictures(book, [sheet.page for sheet in reading.sheets])
    out.write_text(build_report(book.name, reading, pictures), "utf-8")


class BookSample(NamedTuple):
    """A dozen pages of a book."""

    texts: tuple[str, ...]
    doubts: tuple[Message, ...]  # that they are read right


def sample_book(book: Path, plan: ReadingPlan, language: str) -> BookSample:
    """A dozen pages of the book, in seconds. Raises BookError where it cannot be opened."""
    stat = book.stat()
    return _sample_book(book, plan.model_dump_json(), language, (stat.st_mtime_ns, stat.st_size))


def sample_doubts(book: Path, plan: ReadingPlan, language: str) -> tuple[Message, ...]:
    """Doubts about a dozen pages of the book. Raises BookError where it cannot be opened."""
    return sample_book(book, plan, language).doubts


@lru_cache(maxsize=8)
def _sample_book(book: Path, plan: str, language: str, state: tuple[int, int]) -> BookSample:
    opened, pages = pdf.pages_wanted(book, ReadingPlan.model_validate_json(plan))
    marks = headings.marks_of(opened.outline, language)
    led_to = [
        page
        for page in dict.fromkeys(mark.page for mark in marks if " " in mark.title)
        if page in pages
    ]
    chosen = sorted({*_spread(pages, SAMPLE // 2), *_spread(led_to, SAMPLE // 2)})
    sheets = pdf.read_sheets(book, chosen, language)
    rows = [pdf.page_row(sheet, language) for sheet in sheets]
    near = [mark for mark in marks if mark.page in chosen]
    doubts = reading_doubts(rows, bookmarks.check(near, sheets), language)
    return BookSample(tuple(row.text for row in rows), tuple(doubts))


def _spread(pages: list[int], count: int) -> list[int]:
    """At most `count` of the pages, evenly spread."""
    if len(pages) <= count:
        return pages
    return [pages[i * len(pages) // count] for i in range(count)]
