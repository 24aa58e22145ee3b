"""A bridge over the real chapters of the book: called in process, or on a real socket."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from lectern.bridge.app import create_app
from lectern.bridge.logs import configure_logs
from lectern.bridge.server import serve
from lectern.bridge.streams import StreamLimits
from lectern.settings import Settings, default_book, load_settings

sys.path.append(str(Path(__file__).parent))

from shelf import Shelf

CHAPTER = "03-forward-kinematics-and-the-jacobian.md"
QUESTION = "How do I get the tool velocity from the joint velocities?"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch, tmp_path):
    monkeypatch.setenv("LECTERN_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def log(settings) -> Iterator[io.StringIO]:
    """Where the logs go; logging is put back as it was afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("lectern")
    before = root.handlers, root.level, ours.level
    stream = io.StringIO()
    configure_logs(settings.model_copy(update={"log_format": "json"}), stream)
    yield stream
    root.handlers = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    structlog.reset_defaults()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf([default_book() / CHAPTER])


@pytest.fixture
def make_shelf() -> type[Shelf]:
    return Shelf


@pytest.fixture
async def client_of_app() -> AsyncIterator[Callable[[Any], httpx.AsyncClient]]:
    """Make a client of an application."""
    clients: list[httpx.AsyncClient] = []

    def make(app: Any) -> httpx.AsyncClient:
        clients.append(client_of(app))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def settings() -> Settings:
    return load_settings(port=0, shutdown_timeout_s=1.0)


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=True),
        base_url="http://127.0.0.1:8000",
    )


@pytest.fixture
async def client(shelf, settings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(shelf, settings)) as client:
        yield client


@pytest.fixture
def client_with(shelf, settings, client_of_app) -> Callable[..., httpx.AsyncClient]:
    """Make a client of a bridge with other settings."""

    def make(**changes: Any) -> httpx.AsyncClient:
        return client_of_app(create_app(shelf, settings.model_copy(update=changes)))

    return make


@dataclass
class Running:
    """A bridge on a real socket."""

    address: str
    client: httpx.AsyncClient
    task: asyncio.Task[None]
    app: Any

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def start(shelf, settings) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    """Start a bridge on a free port; settings and stream limits can be changed."""
    started: list[Running] = []

    async def start_one(limits: dict[str, Any] | None = None, **changes: Any) -> Running:
        chosen = settings.model_copy(update=changes)
        app = create_app(shelf, chosen, replace(StreamLimits(), **(limits or {})))
        listening = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(app, chosen, listening.set_result))
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        address = listening.result() if listening.done() else task.result()
        client = httpx.AsyncClient(base_url=address, timeout=10)
        started.append(Running(address, client, task, app))
        return started[-1]

    yield start_one
    for running in started:
        await running.client.aclose()
        await running.stop()


@dataclass
class Sent:
    """One server-sent event."""

    id: str
    name: str
    data: Any

    @property
    def number(self) -> int:
        return int(self.id.rpartition(":")[2])


async def read_events(response: httpx.Response) -> AsyncIterator[Sent]:
    """Read events; a heartbeat gives an event without a name."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            data = json.loads(fields["data"]) if "data" in fields else None
            yield Sent(fields.get("id", ""), fields.get("event", ""), data)
            fields = {}


@pytest.fixture
def events() -> Callable[[httpx.Response], AsyncIterator[Sent]]:
    return read_events


@pytest.fixture
def question() -> str:
    return QUESTION
