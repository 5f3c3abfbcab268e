"""The page in headless Chromium: it runs by keyboard, at 390 px, in both directions, and the whole job is done."""

import json
import re
import time
from pathlib import Path

import psutil
import pytest
import yaml
from support.app_site import run_app
from support.browser.opened_page import BROWSER_MARKS

from flows.app.plan_drafts import create_draft, find_draft
from tasks.validation.review.decision_files import read_decisions

pytestmark = BROWSER_MARKS

ROOT = Path(__file__).parents[3]
BOOKS = {"en": ROOT / "books" / "handbook-en.pdf", "fa": ROOT / "books" / "handbook.pdf"}
FIRST_PAGES = {"reading": {"last_page": 30}, "generation": {"pairs": 40, "questions": 40}}
SMALL = {  # choices of a study that is done in a minute
    "reading.last_page": "30",
    "generation.pairs": "40",
    "generation.questions": "40",
    "validation.train_questions": "12",
    "base.steps": "8",
    "finetuning.epochs": "1",
    "evaluation.screening": "false",
    "evaluation.general": "false",
}
ASKED = {"en": "What is Lyme disease?", "fa": "نارسایی قلب چیست؟"}  # of the pages that are read
MINUTES = 10  # that a machine with other work may take for a step


@pytest.fixture(scope="module")
def browser():
    from support.browser.headless_chromium import open_chromium

    with open_chromium() as started:
        yield started


def open_page(browser, address, faults, width=1200, language="en"):
    """A page that is signed in and speaks the language; what its console complains of is noted."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(MINUTES * 60_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda told: faults.append(told.text) if told.type in ("error", "warning") else None,
    )
    page.goto(address)
    if language == "fa":
        page.locator("header button[value=fa]").click()
        page.wait_for_selector("html[dir=rtl]")
    return page


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("language", ["en", "fa"])
def test_keys_and_narrow_screens_in_both_directions(browser, tmp_path, monkeypatch, language):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    tree = {**FIRST_PAGES, "book": str(BOOKS[language]), "language": language}
    create_draft("mine", tree)
    faults: list[str] = []
    with run_app(tmp_path / "runs", tmp_path / "log") as address:
        page = open_page(browser, address, faults, width=390, language=language)
        place = address.partition("?")[0]
        for name, shown in {
            "": "h1",
            "plans/mine/book?page=12": ".book-text",
            "plans/mine/choices": "#check dl",
            "plans/mine/items": ".sheet article",
            "plans/mine/run": "#run",
        }.items():
            page.goto(place + name)
            page.wait_for_selector(shown)
            assert fits(page), name
            assert page.evaluate("getComputedStyle(document.body).direction") == (
                "rtl" if language == "fa" else "ltr"
            )
            unnamed = page.evaluate(
                "[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')]"
                ".filter(f => !f.labels?.length && !f.ariaLabel && !f.textContent.trim()).length"
            )
            assert unnamed == 0, name
        page.goto(place + "plans/mine/items?which=kept")
        page.wait_for_selector(".sheet article")
        for key in ("j", "y", "j", "n", "k"):
            page.keyboard.press(key)
            page.wait_for_selector(".htmx-request", state="detached")
        page.wait_for_selector("article[data-decision=keep].current")
        page.keyboard.press("m")
        page.wait_for_selector("article.current details.mend[open]")
        decided = read_decisions(Path(find_draft("mine").plan.validation.review))
        assert sorted(one.decision for one in decided) == ["keep", "reject"]
    assert not faults


def start_endless_run(name, store):
    """A plan whose run is this process, so that its page goes on asking."""
    create_draft(name, {**FIRST_PAGES, "book": str(BOOKS["en"])})
    runs = store / "app" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    here = psutil.Process()
    told = {"pid": here.pid, "created": here.create_time()}
    (runs / f"{name}.json").write_text(json.dumps(told))
    (runs / f"{name}.log").write_text("first line\n")


@pytest.mark.parametrize("fault", ["500", "lost"])
def test_a_panel_stays_while_the_server_does_not_answer(browser, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    start_endless_run("mine", tmp_path / "runs")
    with run_app(tmp_path / "runs", tmp_path / "log") as address:
        page = open_page(browser, address, [])
        asked: list[float] = []

        def refuse(route):
            asked.append(time.monotonic())
            if fault == "500":
                route.fulfill(status=500, body="Internal Server Error")
            else:
                route.abort()

        page.goto(address.partition("?")[0] + "plans/mine/run")
        page.wait_for_selector("#run pre.log")
        page.route("**/plans/mine/run", refuse)
        page.locator("#unanswered").wait_for(state="visible")
        assert "first line" in page.locator("#run pre.log").inner_text()
        assert page.locator("#run form[action$='/stop'] button").is_visible()
        while len(asked) < 3:
            page.wait_for_timeout(200)
        first, second, third = asked[:3]
        assert third - second > 1.5 * (second - first)
        assert "first line" in page.locator("#run pre.log").inner_text()
        page.unroute("**/plans/mine/run")
        (tmp_path / "runs" / "app" / "runs" / "mine.log").write_text("second line\n")
        page.locator("#run pre.log", has_text="second line").wait_for()
        assert page.locator("#unanswered").is_hidden()


def fill(page, choices):
    """Change choices as a person does, and wait until the check speaks of the last."""
    page.locator("details.rest summary").click()
    for key, value in choices.items():
        field = page.locator(f"[name='{key}']")
        with page.expect_response(lambda told: told.request.method == "POST") as told:
            field.fill(value)
            field.press("Tab")
        assert told.value.status == 200, told.value.text()
    page.wait_for_selector("#check dl")


def take_away(page, selector):
    """What a press downloads."""
    with page.expect_download() as given:
        page.locator(selector).click()
    return Path(given.value.path()).read_bytes()


def run_and_wait(page):
    page.locator("form[action$='/run'] button").click()
    page.wait_for_selector("#run pre.log")
    page.wait_for_selector("#run a[href^='/studies/']")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_whole_job(browser, tmp_path, monkeypatch, language):
    """From a PDF to a verdict, beside a second study, with a restart and a closed page between."""
    store, faults = tmp_path / "runs", []
    monkeypatch.setenv("RUNS_DIR", str(store))
    with run_app(store, tmp_path / "log") as address:
        page = open_page(browser, address, faults, language=language)
        page.set_input_files("input[name=book]", BOOKS[language])
        page.locator("form[action='/books'] button").click()
        page.wait_for_selector(".book-text")
        place = page.url.removesuffix("book")
        name = BOOKS[language].stem
        assert find_draft(name).plan.language == language
        page.goto(place + "choices")
        fill(page, SMALL)
        page.goto(place + "items")
        page.wait_for_selector(".sheet article")
        for decided in (1, 2):
            page.keyboard.press("j")
            page.keyboard.press("n")
            page.locator("[data-decision=reject]").nth(decided - 1).wait_for()
        page.goto(place + "run")
        page.locator("form[action$='/run'] button").click()
        page.wait_for_selector("#run pre.log")
        page.close()  # in the middle
    port = int(re.search(r":(\d+)/", address)[1])
    with run_app(store, tmp_path / "log2", port) as address:  # and the program restarted
        page = open_page(browser, address, faults, language=language)
        page.goto(place + "run")
        page.wait_for_selector("#run a[href^='/studies/']")
        page.locator("#run a[href^='/studies/']").click()
        page.wait_for_selector(".verdict-line")
        study = page.url
        with page.context.expect_page() as opened:
            page.locator("a[href$='/report']").click()
        opened.value.wait_for_selector("h1.verdict")
        assert take_away(page, "a[href$='adapter.zip']").startswith(b"PK")
        assert take_away(page, "a[href$='dataset.zip']").startswith(b"PK")
        assert take_away(page, "form[action$='/gguf'] button").startswith(b"GGUF")
        page.fill("textarea[name=question]", ASKED[language])
        page.check("input[name=open_book]")
        page.locator("form[action$='/talk'] button").click()
        page.wait_for_selector(".reply:not([aria-busy]) blockquote")
        assert not page.locator(".reply .alarm").count()
        page.locator("button[value=own]").click()
        fill(page, {"finetuning.epochs": "2"})
        assert str(store) not in page.locator("#check").inner_text()
        assert yaml.safe_load(take_away(page, "a[href$='plan.yaml']"))["language"] == language
        page.goto(page.url.removesuffix("choices") + "run")
        run_and_wait(page)
        page.goto(study)
        page.locator("form[action$='/compare'] button").click()
        page.wait_for_selector("h1")
        assert "/compare?with=" in page.url and page.locator("main p[dir=auto]").count() > 2
    assert (store / "studies" / name / "verdict.json").is_file()
    rejected = (store / "studies" / name / "rejections.jsonl").read_text()
    assert rejected.count('"check": "review') + rejected.count('"check":"review') == 2
    assert not faults
