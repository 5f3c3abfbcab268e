"""Our own PDF gives its source back: words, half-spaces, digits, order, headings, bullets."""

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import pytest

from tasks.language import text
from tasks.reading.pdf import Reading, read
from tasks.schemas.plan_sections import ReadingPlan

BOOKS = Path(__file__).parents[2] / "books"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_handbook", BOOKS / "make_handbook.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source() -> list[tuple[str, str, str, str]]:
    """(chapter, section, heading, line) of every paragraph and item."""
    titles = ["", "", ""]
    lines = []
    for block in maker().handbook():
        if isinstance(block.kind, int):
            titles[block.kind - 1 :] = [text.normalize_text(block.text), *[""] * (3 - block.kind)]
        else:
            said = text.normalize_text(block.text.replace("**", ""))
            lines.append(
                (titles[0], titles[1], titles[2], f"- {said}" if block.kind == "li" else said)
            )
    return lines


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read(BOOKS / "handbook.pdf", ReadingPlan(), "fa")


def test_every_line_of_the_source_comes_back_under_its_headings(
    source: list[tuple[str, str, str, str]], reading: Reading
) -> None:
    found = [
        (p.chapter, p.section, p.heading, line)
        for p in reading.passages
        if p.chapter
        for line in p.text.split("\n")
    ]
    wrong = [pair for pair in itertools.zip_longest(source, found) if pair[0] != pair[1]]
    assert not wrong, wrong[0]


def test_every_page_is_read_by_our_own_order_and_legible(reading: Reading) -> None:
    assert {page.engine for page in reading.pages} == {"glyphs"}
    assert min(page.legibility for page in reading.pages) > 0.5
    assert [page.page for page in reading.pages] == list(range(1, len(reading.pages) + 1))
    assert reading.skipped == {} and reading.faults == {}


def test_the_running_heads_and_page_numbers_are_in_no_passage(reading: Reading) -> None:
    chapters = len([c for c in reading.chapters if c])
    assert (
        reading.running_lines == 2 * len(reading.pages) - 2 - chapters
    )  # title page: neither; a chapter's first page: no head


def test_passages_have_ids_of_their_pages_and_boxes_on_them(reading: Reading) -> None:
    ids = [p.id for p in reading.passages]
    assert len(set(ids)) == len(ids)
    for passage in reading.passages:
        assert passage.id.startswith(f"p{passage.page:03d}-")
        assert (
            passage.box
            and 0 < passage.box[0] < passage.box[2] < 468
            and 0 < passage.box[1] < passage.box[3] < 667
        )


def test_the_first_page_says_what_the_book_is_not(reading: Reading) -> None:
    assert "توصیهٔ پزشکی نیست" in reading.pages[0].text


@pytest.mark.slow
def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    module = maker()
    module.make(tmp_path / "again.pdf", module.handbook())
    assert (tmp_path / "again.pdf").read_bytes() == (BOOKS / "handbook.pdf").read_bytes()
