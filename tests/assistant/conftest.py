"""A real HTTP server on loopback that speaks the OpenAI streaming protocol from a script."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from lectern.assistant.budget import LEDGER_NAME
from lectern.settings import Settings, load_settings

Reply = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request, and the connection to answer it on."""

    def __init__(
        self, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter
    ) -> None:
        self.body = body
        self.headers = headers
        self._writer = writer
        self.hung_up = asyncio.Event()

    async def send(self, text: str | bytes) -> None:
        self._writer.write(text.encode() if isinstance(text, str) else text)
        await self._writer.drain()

    async def begin(self, status: int = 200, **headers: str) -> None:
        fields = {"content-type": "text/event-stream", "connection": "close", **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        await self.send(f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n")

    async def event(self, data: Any) -> None:
        await self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    async def text(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        await self.event({"id": "c", "object": "chat.completion.chunk", "choices": [choice]})


class ChatServer:
    """Answers each request with the next reply of the script, and keeps the requests."""

    def __init__(self) -> None:
        self.script: list[Reply] = []
        self.requests: list[Exchange] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def base_url(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            exchange = await self._read(reader, writer)
            watch = asyncio.ensure_future(reader.read())
            watch.add_done_callback(lambda _: exchange.hung_up.set())
            try:
                await self.script.pop(0)(exchange)
            finally:
                watch.cancel()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.partition(":") for line in head.splitlines()[1:] if line]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        exchange = Exchange(body, headers, writer)
        self.requests.append(exchange)
        return exchange


def saying(*pieces: str, usage: bool = True, finish: str = "stop") -> Reply:
    """Reply with these pieces of text, as a well-behaved endpoint does."""

    async def reply(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in pieces:
            await exchange.text(piece)
        await exchange.text("", finish)
        if usage:
            counts = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
            await exchange.event({"id": "c", "choices": [], "usage": counts})
        await exchange.event("[DONE]")

    return reply


def refusing(status: int, message: str = "no", **headers: str) -> Reply:
    """Reply with an error status."""

    async def reply(exchange: Exchange) -> None:
        body = json.dumps({"error": {"message": message}})
        headers.setdefault("content_length", str(len(body.encode())))
        await exchange.begin(status, content_type="application/json", **headers)
        await exchange.send(body)

    return reply


def hanging(*pieces: str) -> Reply:
    """Reply with these pieces and then with silence, until the client hangs up."""

    async def reply(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in pieces:
            await exchange.text(piece)
        await exchange.hung_up.wait()

    return reply


def cutting(*pieces: str) -> Reply:
    """Reply with these pieces and close the connection without an end."""

    async def reply(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in pieces:
            await exchange.text(piece)

    return reply


def sending(raw: str | bytes, content_type: str = "text/event-stream") -> Reply:
    """Reply with these very bytes as the body."""

    async def reply(exchange: Exchange) -> None:
        await exchange.begin(content_type=content_type)
        await exchange.send(raw)

    return reply


class Script:
    """What tests use to write replies (fixtures are how folders share code here)."""

    saying = staticmethod(saying)
    refusing = staticmethod(refusing)
    hanging = staticmethod(hanging)
    cutting = staticmethod(cutting)
    sending = staticmethod(sending)


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
async def chat_server() -> AsyncIterator[ChatServer]:
    server = ChatServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def chat_settings(chat_server: ChatServer, tmp_path: Path) -> Callable[..., Settings]:
    def make(**overrides: Any) -> Settings:
        values: dict[str, Any] = {
            "home": tmp_path / "home",
            "openai_base_url": chat_server.base_url,
            "openai_api_key": "sk-very-secret",
            "chat_timeout_s": 5.0,
        }
        return load_settings(**{**values, **overrides})

    return make


@pytest.fixture
def spent_usd() -> Callable[..., float]:
    """Read from the ledger what was spent or set aside on a day, by default today (UTC)."""

    def read(settings: Settings, day: date | None = None) -> float:
        path = settings.home / LEDGER_NAME
        if not path.exists():
            return 0.0
        ledger = sqlite3.connect(path)
        try:
            row = ledger.execute(
                "SELECT COALESCE(SUM(usd), 0.0) FROM spending WHERE day = ?",
                ((day or datetime.now(timezone.utc).date()).isoformat(),),
            ).fetchone()
            return float(row[0])
        finally:
            ledger.close()

    return read
