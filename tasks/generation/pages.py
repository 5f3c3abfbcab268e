"""The book's own pages as a PDF file part, for models that are shown the pages and not their text."""

import base64
import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from tasks.errors import PlanError
from tasks.store import digest_of


class Pages:
    """A book whose pages can be cut out; requests name them by the book's digest, so their hash is stable."""

    def __init__(self, book: Path) -> None:
        content = book.read_bytes()
        self.digest = digest_of(content)
        self._book = pdfium.PdfDocument(content)

    def mark(self, pages: list[int]) -> dict[str, Any]:
        """The place of the pages in a request, and the page after the last, where its last sentence may end."""
        last = min(max(pages) + 1, len(self._book))
        return {"type": "pages", "book": self.digest, "pages": list(range(min(pages), last + 1))}

    def bytes_of(self, page: int) -> int:
        """Bytes of a page's text layer."""
        text = self._book[page - 1].get_textpage().get_text_bounded()
        return len(text.encode("utf-8", "replace"))

    def fill(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request with its marks replaced by file parts."""
        messages = []
        for message in body["messages"]:
            content = message["content"]
            if isinstance(content, list):
                content = [self._part(part) if part["type"] == "pages" else part for part in content]
            messages.append({**message, "content": content})
        return {**body, "messages": messages}

    def _part(self, mark: dict[str, Any]) -> dict[str, Any]:
        data = base64.b64encode(self._cut(mark["pages"])).decode()
        name = f"pages-{mark['pages'][0]}-to-{mark['pages'][-1]}.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": f"data:application/pdf;base64,{data}"}}

    def _cut(self, pages: list[int]) -> bytes:
        part = pdfium.PdfDocument.new()
        part.import_pages(self._book, [page - 1 for page in pages])
        stream = io.BytesIO()
        part.save(stream)
        part.close()
        return stream.getvalue()


def pages_of(show: str, book: Path | None) -> Pages | None:
    """The pages, where the plan wants them shown."""
    if show != "pdf":
        return None
    if book is None:
        raise PlanError("generation.show is pdf, but there is no PDF to show; set generation.show to text.")
    return Pages(book)
