"""The review page in headless Chromium: direction, keys, memory, downloads, no request; hostile items do nothing."""

import json
from pathlib import Path

import pytest
from support.browser.opened_page import BROWSER_MARKS, Browser, OpenedPage, Page, open_file

from flows.cli.review.make_sheets import load_sheet_words
from tasks.reporting.review.sheet_items import SheetItem
from tasks.reporting.review.sheet_page import render_sheet
from tasks.validation.review.decision_files import read_decisions

pytestmark = BROWSER_MARKS
EVIL = "</textarea><script>window.harm = 1</script><img src=x onerror='window.harm = 2'>"
TEXT = "نقرس با درد ناگهانی شست پا آغاز می‌شود."


def pair(n: int, symptom: str = "مرد ۵۰ ساله با درد شست پا") -> SheetItem:
    texts = {"symptom": symptom, "diagnosis": "نقرس", "quote": "درد ناگهانی"}
    return SheetItem(
        f"pair-{n}", "pair", "train", "", texts, "مفصل‌ها", 12 + n,
        TEXT[:8], "درد ناگهانی", TEXT[19:],
    )  # fmt: skip


def question(n: int) -> SheetItem:
    options = {f"option_{i}": text for i, text in enumerate(("نقرس", "آسم", "سل", "سرخک"), 1)}
    texts = {"question": "کدام بیماری؟", **options, "answer": "1", "quote": "درد ناگهانی"}
    return SheetItem(
        f"question-{n}", "question", "same_fact", "diagnosis", texts, "", 30, "", "", ""
    )


ITEMS = [pair(0), pair(1), question(2), pair(3)]


def opened(browser: Browser, file: Path, items: list[SheetItem], **options: object) -> OpenedPage:
    direction = str(options.pop("direction", "rtl"))
    language = "fa" if direction == "rtl" else "en"
    html = render_sheet(items, "mine", "راهنما", load_sheet_words(language), direction)
    file.write_text(html, "utf-8")
    context = browser.new_context(viewport={"width": 1000, "height": 800}, **options)  # type: ignore[arg-type]
    return open_file(context.new_page(), file)


def save(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.locator(f"#{button}").click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def decisions(page: Page) -> list[str]:
    return page.locator("article.item").evaluate_all("all => all.map(a => a.dataset.decision)")


def test_keys_decide_and_move_and_the_file_says_so(browser: Browser, tmp_path: Path) -> None:
    page, _, faults = opened(browser, tmp_path / "sheet.html", ITEMS)
    for key in ("j", "y", "n", "k", "m"):  # first: keep; second: reject; back to it: mend
        page.keyboard.press(key)
        if key == "n":
            assert decisions(page) == ["keep", "reject", "", ""]
    assert decisions(page) == ["keep", "mend", "", ""]
    assert "۲ از ۴" in page.locator("output").inner_text()
    page.keyboard.type("jyn ")  # in the text that is being mended, letters are letters
    assert decisions(page) == ["keep", "mend", "", ""]
    found = read_decisions(save(page, "json", tmp_path))
    assert [(one.item, one.decision) for one in found] == [("pair-0", "keep"), ("pair-1", "mend")]
    assert "jyn" in found[1].texts["symptom"] and found[1].texts["quote"] == "درد ناگهانی"
    assert found[0].texts == {}
    assert faults == []


def test_a_keyboard_with_persian_letters_has_the_same_keys(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path / "sheet.html", ITEMS).page
    for code, key in (("KeyJ", "ت"), ("KeyY", "غ"), ("KeyN", "د")):
        page.evaluate(
            "([code, key]) => document.body.dispatchEvent(new KeyboardEvent('keydown', {code, key, bubbles: true}))",
            [code, key],
        )
    assert decisions(page) == ["keep", "reject", "", ""]


def test_the_csv_is_read_as_the_json_is_though_a_text_begins_like_a_formula(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path / "sheet.html", [pair(0), question(1)]).page
    first, second = page.locator("article.item").all()
    first.locator("input[value=mend]").check()
    first.locator("textarea[name=symptom]").fill('=1+1, "الف"\nو خط دوم')
    first.locator("input[name=note]").fill("-نه")
    second.locator("input[value=mend]").check()
    second.locator("select[name=answer]").select_option("3")
    csv, told = save(page, "csv", tmp_path), save(page, "json", tmp_path)
    assert read_decisions(csv)[0].texts["symptom"] == '=1+1, "الف"\nو خط دوم'
    assert "\"'=1+1" in csv.read_text("utf-8") and '"\'-نه"' in csv.read_text("utf-8")
    for one, other in zip(read_decisions(csv), read_decisions(told), strict=True):
        filled = {name: text for name, text in one.texts.items() if text}
        assert (one.item, one.decision, one.note, filled) == (*other[:3], dict(other.texts))
    assert read_decisions(told)[1].texts["answer"] == "3"


def test_decisions_are_there_again_when_the_page_is_opened_again(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path / "sheet.html", ITEMS).page
    card = page.locator("article.item").nth(1)
    card.locator("input[value=mend]").check()
    card.locator("textarea[name=diagnosis]").fill("نقرس حاد")
    page.locator("article.item").nth(2).locator("input[value=reject]").check()
    page.locator("article.item").nth(3).locator("input[name=note]").fill("ببینم")
    page.reload()
    assert decisions(page) == ["", "mend", "reject", ""]
    assert page.locator("textarea[name=diagnosis]").nth(1).input_value() == "نقرس حاد"
    assert page.locator("input[name=note]").nth(3).input_value() == "ببینم"
    page.locator("button.undo").nth(2).click()
    page.reload()
    assert decisions(page) == ["", "mend", "", ""]
    other = open_file(page.context.new_page(), tmp_path / "sheet.html")
    assert decisions(other.page) == ["", "mend", "", ""]


def test_a_browser_that_keeps_nothing_is_told_and_works(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "sheet.html"
    page, _, faults = opened(browser, file, ITEMS)
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } });"
    )
    page.goto(file.as_uri())
    page.locator("input[value=keep]").first.check()
    assert load_sheet_words("fa")["review"]["not_stored"] in page.locator("#stored").inner_text()
    assert len(read_decisions(save(page, "json", tmp_path))) == 1 and faults == []


def test_it_asks_for_nothing_and_runs_right_to_left(browser: Browser, tmp_path: Path) -> None:
    page, requests, _ = opened(browser, tmp_path / "sheet.html", ITEMS)
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert page.locator(".passage-text mark").first.inner_text() == "درد ناگهانی"
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    first, key = (
        page.locator(".options li").first.locator(x).bounding_box() for x in (".number", ".text")
    )
    assert first and key and first["x"] > key["x"]
    english = opened(browser, tmp_path / "en.html", ITEMS, direction="ltr").page
    assert english.evaluate("getComputedStyle(document.body).direction") == "ltr"
    assert "0 of 4 decided" in english.locator("output").inner_text()


@pytest.mark.parametrize("width", [390, 1000])
def test_the_item_in_turn_and_its_quote_are_in_view(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    long = pair(1)._replace(before="پیش از آن.\n" * 200, after="پس از آن.\n" * 50)
    page = opened(browser, tmp_path / "sheet.html", [pair(0), long, pair(2)]).page
    page.set_viewport_size({"width": width, "height": 900})
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    card = page.locator("article.item").nth(1)
    head, bar, mark, box = (
        place.bounding_box()
        for place in (
            card.locator("p.note").first,
            page.locator("#bar"),
            card.locator("mark"),
            card.locator(".passage-text"),
        )
    )
    assert head and bar and mark and box
    assert head["y"] >= bar["y"] + bar["height"]
    assert box["y"] <= mark["y"] and mark["y"] + mark["height"] <= box["y"] + box["height"]


@pytest.mark.parametrize("width", [390, 1400])
def test_it_never_scrolls_sideways(browser: Browser, tmp_path: Path, width: int) -> None:
    page = opened(browser, tmp_path / "sheet.html", [*ITEMS, pair(9, "بسیار" * 60)]).page
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("input[value=mend]").first.check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_light_differ(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path / "sheet.html", ITEMS).page
    seen = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen.append(
            page.evaluate("getComputedStyle(document.querySelector('textarea')).backgroundColor")
        )
    assert seen[0] != seen[1]


def test_hostile_texts_do_no_harm_and_come_back_as_they_were(
    browser: Browser, tmp_path: Path
) -> None:
    page, _, faults = opened(browser, tmp_path / "sheet.html", [pair(0, EVIL)])
    assert page.evaluate("window.harm") is None and faults == []
    assert page.locator("main script, main img").count() == 0
    page.locator("input[value=mend]").check()
    told = json.loads(save(page, "json", tmp_path).read_text("utf-8"))
    assert told["items"][0]["symptom"] == EVIL and told["study"] == "mine"


def test_without_scripts_it_can_be_read_and_names_the_workbook(
    browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, tmp_path / "sheet.html", ITEMS, java_script_enabled=False).page
    assert page.locator("article.item:visible").count() == 4
    assert not page.locator("#bar").is_visible()
    assert "review.xlsx" in page.locator("header").inner_text()
