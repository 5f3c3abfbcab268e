"""A sweep's page in a real browser: no request, no complaint, nothing pushed out of a phone's width."""

from pathlib import Path

import pytest

pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]"
)

from reporting.sweep.test_sweep_folder import TIMINGS, example
from support.browser.headless_chromium import CHROMIUM, open_chromium

from tasks.reporting.sweep import sweep_folder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM, reason="no Chromium on this machine: apt-get install chromium"
    ),
]


def test_page_asks_for_nothing_complains_of_nothing_and_fits_a_phone(tmp_path: Path) -> None:
    one = example("fa", trend=True)
    sweep_folder.write_sweep_folder(tmp_path, one.plan, one.found, TIMINGS)
    with open_chromium() as browser:
        page = browser.new_page(viewport={"width": 380, "height": 900})
        requests, faults = list[str](), list[str]()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((tmp_path / "index.html").as_uri())
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
