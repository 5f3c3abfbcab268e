"""Books are read in the tests' own process where the subject is the page: each child costs a quarter of a second of imports."""

import contextlib

import pytest

from tasks.reading.sandbox import page_worker, pool

# Files whose subject is what the children do: limits, deaths, workers, whole books.
WITH_CHILDREN = (
    "test_hostile",
    "test_fuzz",
    "test_pages",
    "test_handbook",
    "test_english_handbook",
    "test_right_chapter",
)


class PagesInThisProcess:
    """What the parent asks of a child, answered by the child's own reader."""

    def __init__(self, path, language, ocr):
        self._reader = page_worker.Reader(path, language, ocr)

    def opened(self, name):
        document = self._reader.document
        return pool.Opened(len(document), page_worker.outline(document))

    def read(self, number):
        return self._reader.read(number)

    def close(self):
        self._reader.document.close()
        return ""


@pytest.fixture(autouse=True)
def read_without_children(request, monkeypatch):
    """The clock of a page rings in a main thread only; it stays with the files above."""
    if request.path.stem not in WITH_CHILDREN:
        monkeypatch.setattr(pool, "Child", PagesInThisProcess)
        monkeypatch.setattr(page_worker, "_seconds", contextlib.nullcontext)
