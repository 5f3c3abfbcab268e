"""The book's own pages as a PDF file part, for models that are shown the pages and not
their text.
"""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import pypdfium2 as pdfium

from tasks.schemas.digest import compute_digest
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message

_pdfium_lock = (
    Lock()
)  # pdfium knows no threads: two at once, or an object freed in another one, end the process


class PdfPages:
    """A book whose pages can be cut out; requests name them by the book's digest, so their hash is
    stable.
    """

    def __init__(self, book: Path) -> None:
        self._content = book.read_bytes()
        self.digest = compute_digest(self._content)
        with self._open_document() as document:
            self._text_bytes = [
                _measure_text_bytes(document, number) for number in range(len(document))
            ]

    def build_placeholder(self, pages: list[int]) -> dict[str, Any]:
        """The place of the pages in a request, and the page after the last, where its last sentence
        may end.
        """
        last = min(max(pages) + 1, len(self._text_bytes))
        return {"type": "pages", "book": self.digest, "pages": list(range(min(pages), last + 1))}

    def get_text_bytes(self, page: int) -> int:
        """Bytes of a page's text layer."""
        return self._text_bytes[page - 1]

    def fill_placeholders(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request with its marks replaced by file parts."""
        messages = []
        for message in body["messages"]:
            content = message["content"]
            if isinstance(content, list):
                content = [
                    self._build_file_part(part) if part["type"] == "pages" else part
                    for part in content
                ]
            messages.append({**message, "content": content})
        return {**body, "messages": messages}

    def _build_file_part(self, mark: dict[str, Any]) -> dict[str, Any]:
        data = base64.b64encode(self._extract_pages(mark["pages"])).decode()
        name = f"pages-{mark['pages'][0]}-to-{mark['pages'][-1]}.pdf"
        return {
            "type": "file",
            "file": {"filename": name, "file_data": f"data:application/pdf;base64,{data}"},
        }

    def _extract_pages(self, pages: list[int]) -> bytes:
        with self._open_document() as document:
            part = pdfium.PdfDocument.new()
            part.import_pages(document, [page - 1 for page in pages])
            stream = io.BytesIO()
            part.save(stream)
            part.close()
            return stream.getvalue()

    @contextmanager
    def _open_document(self) -> Iterator[Any]:
        """The document, for one thread at a time; closed, with all that hangs on it, before the
        next may.
        """
        with _pdfium_lock:
            document = pdfium.PdfDocument(self._content)
            try:
                yield document
            finally:
                document.close()


def _measure_text_bytes(document: Any, number: int) -> int:
    page = document[number]
    text = page.get_textpage()
    found = len(text.get_text_bounded().encode("utf-8", "replace"))
    text.close()
    page.close()
    return found


def open_pdf_pages(show: str, book: Path | None) -> PdfPages | None:
    """The pages, where the plan wants them shown."""
    if show != "pdf":
        return None
    if book is None:
        raise PlanError(build_message("no-pdf-to-show"))
    return PdfPages(book)
