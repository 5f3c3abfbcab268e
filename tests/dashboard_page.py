"""Pages of Prefect's dashboard in headless Chromium."""

from playwright.sync_api import Browser, Page

SECONDS = 30


def opened(browser: Browser, url: str, text: str) -> Page:
    """A page that shows this text."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(url)
    page.get_by_text(text).first.wait_for(timeout=1000 * SECONDS)
    return page
