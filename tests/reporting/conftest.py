"""A browser for the pages of a report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Headless Chromium; the tests that ask for it have the marks of opened_page.py."""
    from support.browser.headless_chromium import open_chromium

    with open_chromium() as started:
        yield started
