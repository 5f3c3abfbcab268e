"""A book that was not read right is doubted, with numbers; one that was is not."""

import json
from pathlib import Path

import pytest
from reading import drawn
from reading.test_latin_pages import BODY, CHAPTERS

from flows.cli.main import app
from tasks.reading.doubts import reading_doubts
from tasks.reading.structure.bookmarks import Checked
from tasks.schemas.item_rows import Page

NONE = Checked(0, 0, 0)


def _page(text: str, legibility: float = 1.0, engine: str = "glyphs", script: str = "Arab") -> Page:
    return Page(page=1, text=text, script=script, engine=engine, legibility=legibility)


def _codes(*pages: Page, bookmarks: Checked = NONE, language: str = "fa") -> list[str]:
    return [doubt.code for doubt in reading_doubts(pages, bookmarks, language)]


def test_bookmarks_that_do_not_stand_on_their_pages_are_told() -> None:
    doubts = reading_doubts([_page("متن")], Checked(95, 31, 0), "fa")
    assert [d.code for d in doubts] == ["bookmarks-not-found"]
    assert doubts[0].values == {"found": 31, "titles": 95}
    assert _codes(_page("متن"), bookmarks=Checked(95, 95, 0)) == []


def test_words_that_run_together_are_told() -> None:
    sound = "بیماران با تب و لرز به درمانگاه آمده‌اند. " * 40
    joined = "اوریونباعثتورمدردناکغدههایبناگوشی " * 20 + sound
    assert _codes(_page(joined)) == ["words-run-together"]
    assert _codes(_page(sound)) == []


def test_pages_that_read_like_no_language_and_fallbacks_are_told() -> None:
    assert _codes(_page("متن", legibility=0.2), _page("متن")) == ["not-language"]
    assert _codes(_page("متن", engine="pdfium"), _page("متن")) == ["second-engine"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    pages = [
        drawn.show(name, 72, 770, 18, "F2") + drawn.paragraph(first + " <b>" + BODY, 72, 735, 430)
        for name, first in CHAPTERS.items()
    ]
    return drawn.write(tmp_path, drawn.pdf(pages))


def test_the_command_prints_passages_with_their_headings_and_paragraphs(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        app(["read", str(book), "--passages", "--language", "en"], result_action="return_value")
        == 0
    )
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["id"], row["page"], row["chapter"]) for row in rows] == [
        ("p001-01", 1, "Measles"),
        ("p002-01", 2, "Influenza"),
    ]
    assert set(rows[0]) == {"id", "page", "chapter", "section", "heading", "ocr", "paragraphs"}
    assert rows[0]["paragraphs"][0].startswith("Fever, cough, red eyes and a rash are its signs.")


def test_the_report_shows_each_page_beside_its_text_and_runs_nothing(
    book: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    assert (
        app(
            ["read", str(book), "--report", str(out), "--language", "en"],
            result_action="return_value",
        )
        == 0
    )
    page = out.read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert '<div class="heading" title="heading 1"># Measles</div>' in page
    assert "&lt;b&gt;" in page and "<b>" not in page and "<script" not in page
