"""Pages of Prefect's dashboard in headless Chromium."""

from playwright.sync_api import Browser, Page

SECONDS = 30


def opened(browser: Browser, url: str, text: str, login: str) -> Page:
    """A page that shows this text."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.add_init_script(f"localStorage.setItem('prefect-password', btoa('{login}'))")  # as its form keeps it
    page.goto(url)
    page.get_by_text(text).first.wait_for(timeout=1000 * SECONDS)
    return page
