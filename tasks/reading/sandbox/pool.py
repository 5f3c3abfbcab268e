"""Child processes that read pages side by side, each with a memory limit and a clock; a dead one
costs one page.
"""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tasks.reading.types import Sheet, nothing
from tasks.schemas.errors import BookError
from tasks.schemas.messages import Ordinal, build_message
from tasks.store.foreign import child_process

MEMORY_MIB = (
    256  # of address space for a child, the same on every machine; a page of a real book needs 65
)
MOST_CHILDREN = 3  # so that with the parent all stay within 1 GiB, however many cores there are
OCR_MEMORY_MIB = (
    480  # for a child that draws pages, and for its tesseract: an A4 page at 300 dpi needs 140
)
OPENING_SECONDS = 40  # by the clock, on a machine that others use too
PAGE_SECONDS = 30  # by the clock; the child counts its own processor time
OCR_PAGE_SECONDS = 150
MOST_DEATHS = 2  # children that a book may kill before it is refused
LEAST_BYTES = 10  # of a page in the file, packed with others
CHUNK = 8  # pages a child takes at once
REASONS = {
    3: build_message("book-damaged"),
    4: build_message("book-locked"),
    5: build_message("book-encrypted"),
}


class Opened(NamedTuple):
    """What a file says of itself."""

    pages: int
    outline: list[tuple[int, str, int | None, float | None]]


class Child:
    """One process with the file open."""

    def __init__(self, path: Path, language: str, ocr: str) -> None:
        memory = str(OCR_MEMORY_MIB if ocr else MEMORY_MIB)
        self.seconds = OCR_PAGE_SECONDS if ocr else PAGE_SECONDS
        self._process = subprocess.Popen(
            child_process.command(
                "tasks.reading.sandbox.page_worker", str(path), memory, language, ocr
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a signal to our process group is no fault of the page
            env=child_process.environment(),
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._late = False

    def opened(self, name: str) -> Opened:
        """Raises BookError with the reason."""
        answer = self._answer(OPENING_SECONDS)
        if answer is None:
            why = (
                build_message("opening-too-slow", seconds=OPENING_SECONDS)
                if self._late
                else build_message("opening-crashed")
            )
            raise BookError(build_message("book-hostile", book=name, why=why))
        if "refused" in answer:
            reason = REASONS.get(answer["code"], answer["refused"])
            raise BookError(build_message("book-unopened", book=name, why=reason))
        return Opened(answer["pages"], [tuple(mark) for mark in answer["outline"]])

    def read(self, number: int) -> Sheet | None:
        """The page, or none when the process died or hung over it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{number}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        answer = self._answer(self.seconds)
        return Sheet.unpacked(answer) if answer else None

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        clock = threading.Timer(seconds, self._stop)
        clock.start()
        line = self._process.stdout.readline()
        clock.cancel()
        return json.loads(line) if line.endswith("\n") else None

    def _stop(self) -> None:
        self._late = True
        self._process.kill()

    def close(self) -> str:
        """End the process; says how it went."""
        self._process.kill()
        self._process.communicate()
        return (
            f"took more than {self.seconds:.0f} s"
            if self._late
            else "crashed the PDF library or needed too much memory"
        )


def open_book(path: Path) -> Opened:
    """Page count and bookmarks. Raises BookError."""
    child = Child(path, "", "")
    try:
        opened = child.opened(path.name)
    finally:
        child.close()
    size = path.stat().st_size
    if opened.pages * LEAST_BYTES > size:
        raise BookError(
            build_message("too-many-pages", book=path.name, pages=opened.pages, size=size)
        )
    return opened


def read_pages(
    path: Path,
    pages: Sequence[int],
    language: str,
    ocr: str,
    workers: int,
    each: Callable[[Sheet], None],
) -> dict[int, Sheet]:
    """Every page of `pages`, by number; `each` is called as they come. Raises BookError when the
    book kills its readers.
    """
    count = max(
        1, min(workers or os.cpu_count() or 1, _most_children(ocr), -(-len(pages) // CHUNK))
    )
    todo: queue.SimpleQueue[Sequence[int]] = queue.SimpleQueue()
    for first in range(0, len(pages), CHUNK):
        todo.put(pages[first : first + CHUNK])
    run = _ReadingRun(path, language, ocr, todo, each)
    with ThreadPoolExecutor(count, thread_name_prefix="reading") as threads:
        for future in [threads.submit(run.work) for _ in range(count)]:
            future.result()
    return run.found


def _most_children(ocr: str) -> int:
    """For OCR, which takes seconds a page, as many as half of the machine's memory holds."""
    if not ocr:
        return MOST_CHILDREN
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return memory // 2 // (2 * OCR_MEMORY_MIB * 1024**2)


class _ReadingRun:
    """What the threads share: each owns one child at a time."""

    def __init__(
        self,
        path: Path,
        language: str,
        ocr: str,
        todo: "queue.SimpleQueue[Sequence[int]]",
        each: Callable[[Sheet], None],
    ) -> None:
        self.found: dict[int, Sheet] = {}
        self._path, self._language, self._ocr = path, language, ocr
        self._todo, self._each = todo, each
        self._deaths = 0
        self._lock = threading.Lock()

    def work(self) -> None:
        child = self._child()
        try:
            while self._deaths <= MOST_DEATHS:
                try:
                    pages = self._todo.get_nowait()
                except queue.Empty:
                    return
                for number in pages:
                    sheet = child.read(number)
                    if sheet is None:
                        sheet = self._buried(child, number)
                        child = self._child()
                    self._keep(sheet)
        finally:
            child.close()

    def _child(self) -> Child:
        child = Child(self._path, self._language, self._ocr)
        child.opened(self._path.name)
        return child

    def _buried(self, child: Child, number: int) -> Sheet:
        why = child.close()
        with self._lock:
            self._deaths += 1
            if self._deaths > MOST_DEATHS:
                raise BookError(
                    build_message(
                        "pages-kill-reader",
                        book=self._path.name,
                        page=Ordinal(number),
                        why=why,
                        n=MOST_DEATHS,
                    )
                )
        return nothing(number, why)

    def _keep(self, sheet: Sheet) -> None:
        with self._lock:
            self.found[sheet.page] = sheet
            self._each(sheet)
