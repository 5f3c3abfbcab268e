"""A sweep's page in a real browser: no request, no complaint, nothing pushed out of a phone's width."""

from pathlib import Path

from reporting.sweep.test_sweep_folder import TIMINGS, example
from support.browser.opened_page import BROWSER_MARKS, Browser, open_file

from tasks.reporting.sweep import sweep_folder

pytestmark = BROWSER_MARKS


def test_page_asks_for_nothing_complains_of_nothing_and_fits_a_phone(
    browser: Browser, tmp_path: Path
) -> None:
    one = example("fa", trend=True)
    sweep_folder.write_sweep_folder(tmp_path, one.plan, one.found, TIMINGS)
    page = browser.new_page(viewport={"width": 380, "height": 900})
    _, requests, faults = open_file(page, tmp_path / "index.html")
    assert [url for url in requests if not url.startswith("data:")] == [
        (tmp_path / "index.html").as_uri()
    ]
    assert faults == []
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    cell = page.locator("rect.best").first
    assert (
        cell.evaluate("node => getComputedStyle(node).fill") != "rgb(0, 0, 0)"
    )  # the map has its colour
