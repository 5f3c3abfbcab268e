"""Make pictures of a study's report: python tests/support/browser/report_screenshot.py runs/latest report.png [--dark] [--width 1200] [--height 1000] [--at why]."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import Browser
from support.browser.headless_chromium import CHROMIUM, open_chromium


def save_screenshot(
    browser: Browser,
    study: Path,
    target: Path,
    width: int = 1200,
    height: int = 1000,
    dark: bool = False,
    at: str = "",
) -> None:
    """Save what a person sees on opening the report, or at one of its headings; a .pdf is the whole of it, as printed."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        device_scale_factor=1.5,
    )
    page.goto((study.resolve() / "index.html").as_uri() + (f"#{at}" if at else ""))
    page.wait_for_timeout(300)  # cards are drawn as they come into view
    if target.suffix == ".pdf":
        page.pdf(path=target, format="A4", print_background=True)
    else:
        page.screenshot(path=target)
    page.close()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("study", type=Path)
    asked.add_argument("target", type=Path)
    asked.add_argument("--width", type=int, default=1200)
    asked.add_argument("--height", type=int, default=1000)
    asked.add_argument("--dark", action="store_true")
    asked.add_argument("--at", default="")
    given = asked.parse_args()
    if not CHROMIUM:
        sys.exit("no Chromium on this machine: apt-get install chromium")
    with open_chromium() as browser:
        save_screenshot(browser, **vars(given))


if __name__ == "__main__":
    main()
