"""Take the screenshots of this folder again from a running bridge.

    lectern up                                           # prints the address
    python docs/screenshots/take.py http://127.0.0.1:8000

It needs Chromium and Playwright (the `dev` extra), and a bridge with its robot. Pictures of a wide
window are 1280 by 800, of a phone 390 by 844, all at twice the pixels.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

# Each demo may take a minute where a processor draws the view.
PATIENCE_MS = 120_000
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
DEMO = "interpolation"
CARRYING_DEMO = "pick_and_place"
CARRYING_SPEED_SCALE = "0.1"
# The cube hangs over the bench, between where it lay and the tray.
CARRIED = """() => {
  const { objects } = document.getElementById("view-canvas").robotView;
  // The demo takes the scene apart before it builds its own.
  const { y, z } = objects.group.getObjectByName("red_cube")?.position ?? {};
  return z > 0.13 && y < -0.12;
}"""
# A processor that draws the view makes moving pictures coarse; this one is to be sharp.
SHARP = """() => {
  const { sharpness } = document.getElementById("view-canvas").robotView.stage;
  sharpness.moving = () => sharpness.still;
}"""
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


def open_robot(page: Page) -> None:
    """Wait until the robot stands in its scene, on a phone in its own tab."""
    page.set_default_timeout(PATIENCE_MS)
    tab = page.get_by_role("tab", name="Robot")
    if tab.is_visible():
        tab.click()
    page.locator("#view[data-ready]").wait_for(state="attached")


def run_demo(page: Page, name: str) -> None:
    """Run a demo to its end and wait until its plot is there."""
    page.locator(f'button[data-demo="{name}"]').click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".result img").first.wait_for()
    page.wait_for_function("() => document.querySelector('.result img').naturalWidth > 0")
    rest(page)


def begin_to_carry(page: Page) -> None:
    """Run the demo that moves a cube until the arm carries it."""
    page.locator(f'button[data-demo="{CARRYING_DEMO}"]').click()
    page.get_by_label("Speed scale").fill(CARRYING_SPEED_SCALE)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_function(CARRIED)
    page.evaluate(SHARP)


def rest(page: Page) -> None:
    """Wait until the view has drawn its last, sharp picture."""
    page.wait_for_function("() => !document.getElementById('view-canvas').robotView.stage.busy")


def take(url: str, question: str, folder: Path) -> None:
    """Take all screenshots."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        desktop = open_page(browser, url, DESKTOP, "light")
        open_robot(desktop)
        ask(desktop, question)
        desktop.screenshot(path=folder / "answer.png")
        follow_citation(desktop)
        desktop.screenshot(path=folder / "citation.png")
        desktop.keyboard.press("Escape")
        begin_to_carry(desktop)
        desktop.screenshot(path=folder / "robot.png")
        desktop.get_by_role("button", name="Stop the robot").click()
        desktop.locator(".after-run > :is(.problem, .result)").wait_for()
        desktop.close()
        take_dark(browser, url, question, folder)
        take_phone(browser, url, question, folder)
        browser.close()


def take_dark(browser: Browser, url: str, question: str, folder: Path) -> None:
    """Take the wide window in the dark, after a demo."""
    dark = open_page(browser, url, DESKTOP, "dark")
    open_robot(dark)
    ask(dark, question)
    run_demo(dark, DEMO)
    dark.screenshot(path=folder / "robot-dark.png")
    dark.close()


def take_phone(browser: Browser, url: str, question: str, folder: Path) -> None:
    """Take both tabs of a phone, in the dark and in the light."""
    phone = open_page(browser, url, PHONE, "dark")
    ask(phone, question)
    phone.screenshot(path=folder / "phone.png")
    phone.close()
    phone = open_page(browser, url, PHONE, "light")
    open_robot(phone)
    run_demo(phone, DEMO)
    phone.screenshot(path=folder / "robot-phone.png")
    phone.close()


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
