"""Take the screenshots of this folder again from a running bridge.

    lectern up                                           # prints the address
    python docs/screenshots/take.py http://127.0.0.1:8000

It needs Chromium and Playwright (the `dev` extra). `answer.png` and `citation.png` are 1280 by
800, `phone.png` is 390 by 844, all at twice the pixels.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

QUESTION = "How do I get the tool velocity from the joint velocities?"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = (1280, 800)
PHONE = (390, 844)


def chromium() -> str:
    """Return the path of an installed Chromium.

    Raises:
        SystemExit: There is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise SystemExit("Chromium is not installed.")


def open_page(
    browser: Browser, url: str, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> Page:
    """Open the chat page in a window of `size` CSS pixels."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page.goto(url)
    return page


def ask(page: Page, question: str) -> None:
    """Ask a question and wait until its answer is complete."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".exchange:last-child .foot").wait_for()


def follow_citation(page: Page) -> None:
    """Open the passage of the first citation and wait until its quote is marked."""
    page.locator(".answer .ref").first.click()
    page.locator(".passage-body :is(mark, .quoted)").first.wait_for()


def take(url: str, question: str, folder: Path) -> None:
    """Take all screenshots."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        desktop = open_page(browser, url, DESKTOP, "light")
        ask(desktop, question)
        desktop.screenshot(path=folder / "answer.png")
        follow_citation(desktop)
        desktop.screenshot(path=folder / "citation.png")
        phone = open_page(browser, url, PHONE, "dark")
        ask(phone, question)
        phone.screenshot(path=folder / "phone.png")
        browser.close()


def main() -> int:
    """Read the command line and take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="address of a running bridge")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args()
    take(options.url, options.question, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
