"""The report in a real browser: direction, filter, no request, no error, and hostile items that do nothing."""

from pathlib import Path

import pytest
from support.browser.opened_page import BROWSER_MARKS, Browser, OpenedPage, Page, open_file
from support.browser.report_screenshot import save_screenshot
from support.reports.example_effects import make_full_study
from support.reports.example_study import add_question, make_example_study

from tasks.reporting.report_data import ReportData
from tasks.reporting.write import write_study_folder
from tasks.schemas.item_rows import Pair, Question, Rejection
from tasks.schemas.messages import Term, build_message

pytestmark = BROWSER_MARKS

SCRIPT = "<script>window.harm = 1</script><img src=x onerror='window.harm = 2'></article><style>*{display:none}</style>"
OVERRIDE = "\u202eمحو\u202d abc \u2066\u2067"


def opened(
    browser: Browser, folder: Path, study: ReportData, width: int = 1200, scripts: bool = True
) -> OpenedPage:
    write_study_folder(folder, study)
    context = browser.new_context(
        java_script_enabled=scripts, viewport={"width": width, "height": 900}
    )
    return open_file(context.new_page(), folder / "index.html")


@pytest.fixture
def persian(browser: Browser, tmp_path: Path) -> OpenedPage:
    return opened(browser, tmp_path, make_example_study())


def shown(page: Page) -> int:
    return page.locator("article.item:visible").count()


def test_persian_page_runs_right_to_left(persian: OpenedPage) -> None:
    assert persian.page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    stem = persian.page.locator(".options li").first
    number, option = stem.locator(".number").bounding_box(), stem.locator(".text").bounding_box()
    assert number["x"] > option["x"]  # the option's number stands on its right


def test_numbers_with_signs_and_intervals_keep_their_order_on_a_persian_page(
    persian: OpenedPage,
) -> None:
    """A sign's mark is left to right; without a direction of its own a cell would take that of its first character."""
    page = persian.page
    for place in ("ul.evidence b bdi", "td bdi.quiet"):
        assert (
            page.locator(place).first.evaluate("cell => getComputedStyle(cell).direction") == "rtl"
        ), place
    rate, interval = (
        page.locator("td strong").first.bounding_box(),
        page.locator("td bdi.quiet").first.bounding_box(),
    )
    assert (
        interval["y"] >= rate["y"] + rate["height"] / 2
    )  # on a line of its own, also where there is room beside


def test_english_page_runs_left_to_right(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, make_example_study("en")).page
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


def test_nothing_is_requested_and_nothing_complains(persian: OpenedPage) -> None:
    persian.page.get_by_role("searchbox").fill("تب")
    assert [url for url in persian.requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in persian.requests if url.startswith("file:")]) == 1
    assert persian.faults == []


def test_filter_by_outcome_shows_just_the_gained_questions(persian: OpenedPage) -> None:
    page, study = persian.page, make_example_study()
    page.locator("select[name=set]").select_option("same_fact")
    page.locator("select[name=outcome]").select_option("gained")
    assert shown(page) == study.primary.gained > 0
    assert "۱۶" not in page.locator("output").inner_text().split()[0]
    page.locator("select[name=outcome]").select_option("lost")
    assert shown(page) == study.primary.lost


def test_search_forgives_half_spaces_letters_and_digits(browser: Browser, tmp_path: Path) -> None:
    question = Question(
        id="q-one",
        fact="f",
        question="کودک ۷ ساله با می‌لرزد و كليه",
        options=("یک\u200cسان", "ب", "ج", "د"),
        answer=1,
    )
    page = opened(browser, tmp_path, add_question(make_example_study(), question)).page
    for words in ("میلرزد", "می‌لرزد", "7 ساله کلیه", "يكسان"):
        page.get_by_role("searchbox").fill(words)
        assert page.locator("article.item:visible", has_text="q-one").count() == 1, words
    page.get_by_role("searchbox").fill("هیچ‌جانیست")
    assert shown(page) == 0


def test_hostile_items_do_no_harm(browser: Browser, tmp_path: Path) -> None:
    study = make_example_study()
    evil = SCRIPT + OVERRIDE
    question = Question(
        id="evil", fact=evil, question=evil, options=(evil, "b", "c", "d"), answer=1
    )
    study = add_question(study, question)
    rejected = Rejection(
        draft_id=evil,
        kind="pair",
        passage_id=evil,
        check=evil,
        reason=build_message("too-short", text=evil),
        raw=evil,
    )
    pair = Pair(id="evil", fact=evil, symptom=evil, diagnosis=evil)
    finding = study.findings[0].model_copy(
        update={
            "beside": study.findings[0].beside | {"mode": evil},
            "evidence": study.findings[0].evidence | {evil: Term("modes", evil)},
            "remedy": {evil: evil},
        }
    )
    study = ReportData(
        **(
            vars(study)
            | {
                "book_title": evil,
                "pairs": [pair],
                "rejected": [rejected],
                "findings": [finding],
                "next_command": evil,
            }
        )
    )
    seen = opened(browser, tmp_path, study)
    assert seen.page.evaluate("window.harm") is None
    assert seen.page.locator("main script, main style, main img").count() == 0
    assert seen.faults == [] and len(seen.requests) <= 2  # the page and its empty icon
    assert seen.page.locator("article.item", has_text="<script>").count() == 1
    assert not any(
        mark in seen.page.content()
        for mark in OVERRIDE
        if ord(mark) in range(0x202A, 0x202F) or ord(mark) in range(0x2066, 0x206A)
    )
    assert "⟦U+202E⟧" in seen.page.locator("article.item").first.text_content()


def test_page_can_be_read_without_scripts(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, make_example_study(), scripts=False).page
    assert page.locator("h1").inner_text().strip()
    assert shown(page) == 260
    assert not page.locator("#filter").is_visible()


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_page_never_scrolls_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    page = opened(browser, tmp_path, make_example_study(), width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["en", "fa"])
def test_what_is_told_beside_the_verdict_fits_a_phone(
    browser: Browser, tmp_path: Path, runs: Path, language: str
) -> None:
    seen = opened(browser, tmp_path, make_full_study(language), 390)
    assert seen.faults == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("harm", "aids", "where", "calibration"):
        assert seen.page.locator(f"h2#{name}").is_visible()
    cost, figures = (
        seen.page.locator(place).first.bounding_box() for place in ("p.alarm.harm", "dl.figures")
    )
    assert cost["y"] + cost["height"] <= figures["y"]


def test_dark_and_light_differ_and_both_can_be_read(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, make_example_study()).page
    inks = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        inks.append(
            [
                page.evaluate(f"getComputedStyle(document.body).{what}")
                for what in ("color", "backgroundColor")
            ]
        )
    assert all(contrast(*ink) > 7 for ink in inks) and inks[0] != inks[1]  # WCAG AAA for text


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two rgb() colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_picture_has_a_text_alternative(persian: OpenedPage) -> None:
    pictures = persian.page.get_by_role("img")
    assert pictures.count() >= 6
    for number in range(pictures.count()):
        picture = pictures.nth(number)
        assert picture.locator("title").text_content() and picture.locator("desc").text_content()


def test_picture_and_print_are_made_from_a_study_folder(browser: Browser, tmp_path: Path) -> None:
    write_study_folder(tmp_path, make_example_study("en"))
    save_screenshot(browser, tmp_path, tmp_path / "report.png", width=600, height=400)
    save_screenshot(browser, tmp_path, tmp_path / "report.pdf")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
