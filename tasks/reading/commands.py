"""What `book2lora read` writes: pages, passages, a report."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.reading import pdf
from tasks.reading.report import build_report
from tasks.reading.sandbox.pictures import draw_pictures


def passage_rows(reading: pdf.Reading) -> Iterable[dict[str, Any]]:
    """One row a passage, with its text by paragraphs."""
    for passage in reading.passages:
        row = passage.model_dump(include={"id", "page", "chapter", "section", "heading", "ocr"})
        yield row | {"paragraphs": passage.text.split("\n")}


def write_report(book: Path, reading: pdf.Reading, out: Path) -> None:
    """The report as one HTML file."""
    pictures = draw_pictures(book, [sheet.page for sheet in reading.sheets])
    out.write_text(build_report(book.name, reading, pictures), "utf-8")
