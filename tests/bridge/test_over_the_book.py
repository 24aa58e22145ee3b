"""The bridge around the real `Lectern` over a chapter of the real book."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lectern.app import Lectern
from lectern.bridge.app import create_app
from lectern.bridge.dependencies import Assistant
from lectern.bridge.server import serve
from lectern.ingest import ingest
from lectern.motion import open_motion
from lectern.settings import Settings, default_book, load_settings

CHAPTER = default_book() / "03-forward-kinematics-and-the-jacobian.md"


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Settings:
    """Index one chapter once."""
    home = tmp_path_factory.mktemp("book")
    settings = load_settings(home=home, port=0, answerer="extractive", shutdown_timeout_s=1.0)
    ingest(settings, [CHAPTER])
    return settings


@pytest.fixture
async def lectern(book) -> AsyncIterator[Assistant]:
    opened = Lectern.open(book)
    yield opened
    await opened.close()


@pytest.fixture
def real_client(lectern, book, client_of_app):
    return client_of_app(create_app(lectern, book))


async def test_it_is_ready_in_every_part(real_client):
    body = (await real_client.get("/health/ready")).json()
    assert body["ready"] is True
    assert {"index", "embedder", "answerer"} <= set(body["parts"])


async def test_an_answer_quotes_the_chapter_exactly_and_its_passages_can_be_read(
    real_client, question
):
    body = (await real_client.post("/api/v1/chat", json={"question": question})).json()
    text = CHAPTER.read_text(encoding="utf-8")
    assert body["grounded"] is True
    for citation in body["citations"]:
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        passage = (await real_client.get(f"/api/v1/passages/{citation['passage_id']}")).json()
        assert passage["start"] <= citation["start"] <= citation["end"] <= passage["end"]


async def test_the_stream_says_the_same_as_the_whole_answer(real_client, events, question):
    whole = (await real_client.post("/api/v1/chat", json={"question": question})).json()
    response = await real_client.post("/api/v1/chat/stream", json={"question": question})
    seen = [event async for event in events(response)]
    done = seen[-1].data
    assert [done["answer"], done["citations"]] == [whole["answer"], whole["citations"]]
    said = "".join(event.data["text"] for event in seen if event.name == "token")
    assert said.split() == whole["answer"].split()


async def test_what_the_book_does_not_say_is_not_answered(real_client):
    asked = {"question": "Who won the 1998 football world cup?"}
    body = (await real_client.post("/api/v1/chat", json=asked)).json()
    assert body["grounded"] is False
    assert body["near"]


async def test_search_finds_the_section_and_measures_it(real_client):
    found = await real_client.get("/api/v1/search", params={"q": "Jacobian matrix", "k": 5})
    assert len(found.json()["results"]) == 5
    assert "lectern_retrieval_seconds_count 1.0" in (await real_client.get("/metrics")).text


@pytest.fixture
def real_address(book) -> Iterator[str]:
    """Serve the book from a thread, as the browser below needs this one's event loop."""
    listening = threading.Event()
    running: dict[str, object] = {}

    async def run() -> None:
        running["loop"] = asyncio.get_running_loop()
        running["task"] = asyncio.current_task()
        opened = Lectern.open(book)
        app = create_app(opened, book, open_motion=lambda: open_motion(book))
        with suppress(asyncio.CancelledError):
            await serve(app, book, lambda address: (running.update(at=address), listening.set()))
        await opened.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert listening.wait(30)
    yield running["at"]
    running["loop"].call_soon_threadsafe(running["task"].cancel)
    thread.join(30)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_screenshots_of_the_documentation_can_be_taken(real_address, take, question, tmp_path):
    take.take(real_address, question, tmp_path)
    for name in ("answer", "citation", "phone", "robot", "robot-dark", "robot-phone"):
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000


@pytest.fixture
def take():
    """Load the program that takes the screenshots; skip where Chromium is missing."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = Path(__file__).parents[2] / "docs" / "screenshots" / "take.py"
    spec = spec_from_file_location("take", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.chromium()
    except SystemExit as missing:
        pytest.skip(str(missing))
    return module
