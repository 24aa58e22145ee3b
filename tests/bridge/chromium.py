"""A real Chromium for the tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

PATH = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(PATH is None, reason="Chromium is not installed"),
]


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=FLAGS)
        yield browser
        browser.close()


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the browser complains about."""
    page.on("console", lambda message: _note_message(message.text, complaints))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: _note_failure(request, complaints))


def _note_message(text: str, complaints: list[str]) -> None:
    # What a graphics driver remarks about speed is about this machine and not about the page.
    if "GL Driver Message (OpenGL, Performance" not in text:
        complaints.append(text)


def _note_failure(request: Request, complaints: list[str]) -> None:
    # Aborted means by the page itself, which is how it stops reading.
    if request.failure != "net::ERR_ABORTED":
        complaints.append(f"{request.failure}: {request.url}")
