"""A study is told in its reader's language, which need not be the book's: on page, headings of
report.md and the lines that end the command no sentence of ours is in the other one.
"""

import re
from html.parser import HTMLParser

import pytest
from support.small_study import build_small_plan

from flows.cli import summary
from tasks.engine.prefect_flow import start_run
from tasks.engine.readiness.plan_requirements import ensure_ready
from tasks.language import reader_language
from tasks.language.catalogue import tell_error
from tasks.schemas.errors import PlanError
from tasks.store import progress

PERSIAN = re.compile(r"[\u0621-\u063a\u0641-\u064a\u067e\u0686\u06a9\u06af\u06cc]{2,}")
LATIN_SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,]+){4,}[A-Za-z]{2,}")
VOID = {"meta", "br", "img", "hr", "input", "link", "path", "line", "rect", "circle", "polyline"}


class OwnText(HTMLParser):
    """The text of a page that is ours: not the book's, a model's, a program's or a picture's code."""

    def __init__(self, book_direction: str) -> None:
        super().__init__()
        self.book_direction, self.own, self._open = book_direction, [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            quoted = tag in {"style", "script", "code", "pre", "title", "cite"}
            direction = dict(attrs).get("dir")
            quoted = quoted or (tag == "bdi" and direction is None)  # names
            self._open.append((tag, quoted or (tag != "html" and direction == self.book_direction)))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(quoted for _, quoted in self._open):
            self.own.append(data.strip())


def list_own_text(page: str, book_direction: str) -> list[str]:
    parser = OwnText(book_direction)
    parser.feed(page)
    quotes = re.compile("«.*?»")
    return [quotes.sub("", text) for text in parser.own if text and text[0] != "{"]  # raw items


def test_an_english_reader_of_a_persian_book_reads_english(rerun, monkeypatch, capsys):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.setattr(progress, "LINE_INTERVAL_SECONDS", 0.0)
    ran = rerun(build_small_plan(), redo=["validate_drafts"])
    watched = capsys.readouterr().err
    assert "validate_drafts" in watched and "cached" in watched
    own = [line for line in watched.splitlines() if "generate_drafts" not in line]  # titles
    assert not PERSIAN.search("\n".join(own))
    assert {name for name, how in ran if how == "done"} == {
        "validate_drafts",
        "write_report",
    }
    folder = rerun.store / "studies" / "small"
    page = (folder / "index.html").read_text("utf-8")
    assert '<html lang="en" dir="ltr">' in page
    assert not [text for text in list_own_text(page, "rtl") if PERSIAN.search(text)]
    assert not [line for line in summary.summarize_study(folder) if PERSIAN.search(line)]
    told = (folder / "report.md").read_text("utf-8")
    heads = [line for line in told.splitlines() if line.startswith("## ")]
    assert heads and not [line for line in heads if PERSIAN.search(line)]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_persian_reader_of_an_english_book_reads_persian(tmp_path, monkeypatch, prefect, capsys):
    from support.small_study import run_study_in

    monkeypatch.setenv("BOOK2LORA_LANG", "fa")
    monkeypatch.setattr(progress, "LINE_INTERVAL_SECONDS", 0.0)
    plan = build_small_plan(language="en", book="books/handbook-en.pdf")
    run_study_in(tmp_path / "runs", monkeypatch, plan)
    watched = capsys.readouterr().err.splitlines()
    assert any("✓ generate_drafts" in line and PERSIAN.search(line) for line in watched)
    assert any("✓ validate_drafts" in line and "ثانیه" in line for line in watched)
    assert not [line for line in watched if LATIN_SENTENCE.search(line)]
    folder = tmp_path / "runs" / "studies" / "small"
    page = (folder / "index.html").read_text("utf-8")
    assert '<html lang="fa" dir="rtl">' in page
    assert not [text for text in list_own_text(page, "ltr") if LATIN_SENTENCE.search(text)]
    assert not [
        line
        for line in summary.summarize_study(folder)
        if LATIN_SENTENCE.search(line.split("/")[0])
    ]


@pytest.mark.parametrize(
    ("settings", "language"),
    [
        ({}, "en"),
        ({"LANG": "fa_IR.UTF-8"}, "fa"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fa_IR"}, "fa"),
        ({"LANG": "fa_IR.UTF-8", "BOOK2LORA_LANG": "en"}, "en"),
        ({"LANG": "C"}, "en"),
    ],
)
def test_the_reader_s_language_is_asked_for_or_the_system_s_or_english(
    settings, language, monkeypatch
):
    for name in (*reader_language.SYSTEM_SETTINGS, reader_language.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert reader_language.get_reader_language() == language


def test_a_language_without_sentences_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "xx")
    with pytest.raises(PlanError, match="'xx' is not among en, fa"):
        reader_language.get_reader_language()


def test_a_wrong_language_is_told_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "xx")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    with pytest.raises(PlanError, match="'xx' is not among en, fa"):
        start_run([], tags=[])
    with pytest.raises(PlanError, match="'xx' is not among en, fa"):
        ensure_ready(build_small_plan())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "book: 'none.pdf' is not a file"), ("fa", "book: «none.pdf» پرونده نیست")],
)
def test_what_a_plan_lacks_is_told_in_the_reader_s_language(language, told, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", language)
    with pytest.raises(PlanError) as caught:
        ensure_ready(build_small_plan(book="none.pdf"))
    assert told in tell_error(caught.value)
    assert "book: 'none.pdf' is not a file" in str(caught.value), "logs are English"
