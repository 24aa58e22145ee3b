"""Running the bridge: bind first, say so when it listens, and end everything in order."""

from __future__ import annotations

import asyncio
import errno
import math
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI

from lectern.bridge import websockets
from lectern.bridge.app import begin_shutdown
from lectern.errors import AddressUnavailable
from lectern.settings import Settings

_BACKLOG = 1_024


async def serve(
    app: FastAPI, settings: Settings, on_listening: Callable[[str], None] = lambda address: None
) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM) or the task is cancelled.

    Open streams end with an error event of code `shutting_down`; requests at work may finish
    within `settings.shutdown_timeout_s` seconds.

    Args:
        app: Made by `lectern.bridge.app.create_app`.
        settings: `host`, `port` and `shutdown_timeout_s` count.
        on_listening: Called once with the address, as soon as a connection would be accepted.

    Raises:
        AddressUnavailable: The port is taken, or the host is not an address of this machine.
    """
    listener = bind(settings.host, settings.port)
    server = _Server(app, settings, lambda: on_listening(_address(settings.host, listener)))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    finally:
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket.

    Args:
        host: Name or address of this machine.
        port: Port, or 0 for any free one.

    Raises:
        AddressUnavailable: It cannot be bound.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unavailable(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _unavailable(host, port, error) from error
    return listener


class _Server(uvicorn.Server):
    def __init__(self, app: FastAPI, settings: Settings, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(settings.shutdown_timeout_s),
                backlog=_BACKLOG,
                ws=websockets.protocol(settings.robot_reader_timeout_s),
                ws_max_size=settings.max_body_bytes,
                ws_ping_interval=settings.robot_ping_s,
                ws_ping_timeout=settings.robot_ping_s,
                # States are short, and compressing them costs more than sending them.
                ws_per_message_deflate=False,
            )
        )
        self._app = app
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Before uvicorn waits for connections to close: a stream would keep its own open.
        await begin_shutdown(self._app)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        # uvicorn raises captured signals again once it has stopped, which would end the process
        # as if it had crashed and skip the clean-up of our caller.
        self._captured_signals.clear()


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def _unavailable(host: str, port: int, error: OSError) -> AddressUnavailable:
    if error.errno == errno.EADDRINUSE:
        return AddressUnavailable(
            f"Port {port} of {host} is in use by another program.",
            "Stop that program, or choose another port with --port (0 takes any free one).",
        )
    if error.errno == errno.EACCES:
        return AddressUnavailable(
            f"Port {port} of {host} may not be used by this account.",
            "Choose a port above 1023 with --port.",
        )
    return AddressUnavailable(
        f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
        "Check --host: it must be an address of this machine.",
    )
