"""Hostile and damaged files end in a BookError that says why, in time and in bounded memory."""

import contextlib
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission
from reading import hostile

from tasks.reading import pdf
from tasks.schemas.errors import BookError
from tasks.schemas.plan_sections import ReadingPlan

GIB = 1024**3
BOOKS = Path(__file__).parents[2] / "books"


def locked() -> bytes:
    made = FPDF()
    made.set_encryption(
        owner_password="owner", user_password="user", permissions=AccessPermission.none()
    )
    made.add_page()
    return bytes(made.output())


def cut() -> bytes:
    whole = (BOOKS / "handbook.pdf").read_bytes()
    return whole[: len(whole) // 50]


def holed() -> bytes:
    """Most of the pages' contents overwritten."""
    whole = bytearray(hostile.build_book(30))
    place = whole.find(b"stream\n") + 7
    whole[place : place + 60] = b"\0" * 60
    return bytes(whole)


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "damaged, or not a PDF"),
    "page of the web": (
        lambda: b"<!doctype html><html><body>404 not found</body></html>" * 50,
        "not a PDF",
    ),
    "locked": (locked, "password"),
    "cut": (cut, "damaged"),
    "loop": (hostile.build_looped_tree, "claims 1\u202f000\u202f000 pages"),
    "holed": (holed, "30 of 30 pages"),
    "blank": (lambda: hostile.build_book(12, content=b""), "12 of 12 pages"),
    "bomb": (lambda: hostile.build_bomb(400), "1 of 1 pages"),
    "nested bomb": (lambda: hostile.build_nested_bomb(500), "1 of 1 pages"),
    "forms": (hostile.build_nested_forms, "1 of 1 pages"),
}


class Watch:
    """The most memory that the reader's children held together; other children of the test run are not its own."""

    def __enter__(self) -> "Watch":
        self.most, self._done = 0, False
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process(os.getpid())
        while not self._done:
            total = 0
            for child in me.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += (
                        child.memory_info().rss
                        if "tasks.reading.sandbox.page_worker" in child.cmdline()
                        else 0
                    )
            self.most = max(self.most, total)
            time.sleep(0.05)


@pytest.mark.parametrize("name", CASES)
def test_hostile_files_are_refused_with_the_reason_in_time_and_memory(
    name: str, tmp_path: Path
) -> None:
    make, reason = CASES[name]
    file = tmp_path / f"{name}.pdf"
    file.write_bytes(make())
    start = time.monotonic()
    with Watch() as watch, pytest.raises(BookError, match=reason):
        pdf.read(file, ReadingPlan(), "fa", workers=2)
    assert time.monotonic() - start < 30
    assert watch.most < GIB


@pytest.mark.parametrize("workers", [0, 64])
def test_bombs_on_every_page_stay_within_a_gibibyte_on_any_number_of_cores(
    workers: int, tmp_path: Path
) -> None:
    file = tmp_path / "bombs.pdf"
    file.write_bytes(hostile.build_book(64, content=b"0 0 m 1 1 l S \n" * 10_000_000))
    with Watch() as watch, pytest.raises(BookError, match="needed too much memory"):
        pdf.read(file, ReadingPlan(), "en", workers=workers)
    assert watch.most < 0.85 * GIB


def test_the_command_that_reads_a_bomb_stays_within_a_gibibyte_with_its_children(
    tmp_path: Path,
) -> None:
    file = tmp_path / "bomb.pdf"
    file.write_bytes(hostile.build_bomb(400))
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", "read", str(file)],
        env={**os.environ, "BOOK2LORA_LANG": "en"},
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        most, reader = 0, psutil.Process(command.pid)
        while command.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                most = max(
                    most,
                    sum(p.memory_info().rss for p in [reader, *reader.children(recursive=True)]),
                )
            time.sleep(0.02)
        assert command.stderr is not None
        assert "1 of 1 pages" in command.stderr.read()
    assert most < GIB


def _cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _read_long_book(file: Path, pages: int) -> tuple[float, int]:
    """Processor seconds (not the clock's, which other work would count in) and the most memory."""
    file.write_bytes(hostile.build_book(pages, lines=10))
    start = _cpu_seconds()
    with Watch() as watch:
        reading = pdf.read(file, ReadingPlan(), "en", workers=2)
    assert len(reading.pages) == pages
    return _cpu_seconds() - start, watch.most


def test_four_times_the_pages_take_four_times_the_work(tmp_path: Path) -> None:
    few, _ = _read_long_book(tmp_path / "few.pdf", 150)
    many, most = _read_long_book(tmp_path / "many.pdf", 600)
    assert many < 6 * few and most < GIB


@pytest.mark.slow
def test_five_thousand_pages_are_read_in_time_and_memory(tmp_path: Path) -> None:
    seconds, most = _read_long_book(tmp_path / "long.pdf", 5000)
    assert seconds < 60 and most < GIB


def test_a_book_with_one_poisoned_page_is_read_and_the_page_counted(tmp_path: Path) -> None:
    whole = hostile.build_book(20)
    poison = hostile.pack_stream(b"0 0 m 1 1 l S \n" * 12_000_000)
    objects = whole.replace(b"/Contents 3 0 R", b"/Contents 99 0 R", 1)
    cut_at = objects.rfind(b"xref\n0")
    file = tmp_path / "poisoned.pdf"
    file.write_bytes(
        objects[:cut_at]
        + b"99 0 obj\n"
        + poison
        + b"\nendobj\ntrailer\n<< /Size 100 /Root 1 0 R >>\n%%EOF\n"
    )
    reading = pdf.read(file, ReadingPlan(), "en", workers=2)
    assert len(reading.pages) == 20
    assert sum(page.text != "" for page in reading.pages) >= 19


def test_a_range_outside_the_book_is_told(tmp_path: Path) -> None:
    file = tmp_path / "short.pdf"
    file.write_bytes(hostile.build_book(3))
    with pytest.raises(BookError, match="has 3 pages"):
        pdf.read(file, ReadingPlan(first_page=4), "en")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="not a file"):
        pdf.read(tmp_path / "nothing.pdf", ReadingPlan(), "fa")
