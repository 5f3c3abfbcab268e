"""Pages opened in headless Chromium, with what they ask for and complain of; a test file that
imports this is skipped where playwright or Chromium is missing.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]"
)

from playwright.sync_api import Browser, Page
from support.browser.headless_chromium import CHROMIUM

__all__ = ["BROWSER_MARKS", "Browser", "OpenedPage", "Page", "open_file"]
BROWSER_MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM, reason="no Chromium on this machine: apt-get install chromium"
    ),
]


class OpenedPage(NamedTuple):
    """A page in the browser and what happened on the way."""

    page: Page
    requests: list[str]  # addresses
    faults: list[str]  # errors and warnings


def open_file(page: Page, file: Path) -> OpenedPage:
    """Show a file, and note what it asks for from now on."""
    seen = OpenedPage(page, [], [])
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on(
        "console",
        lambda message: (
            seen.faults.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.goto(file.as_uri())
    return seen
