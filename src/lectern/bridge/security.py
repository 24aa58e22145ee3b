"""Guards in front of the routes: who may call, how much may be sent, what a page may do."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Collection
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lectern.bridge.problems import respond
from lectern.errors import BodyTooLarge, HostNotAllowed, LecternError, OriginNotAllowed
from lectern.settings import LOOPBACK_HOSTS

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_GUARDED = frozenset({"http", "websocket"})
_DRAIN_BYTES = 16 * 2**20
_DRAIN_S = 5.0


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own loopback."""
    if host.lower() in LOOPBACK_HOSTS:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HostGuard:
    """Answer only for loopback names, so that no foreign name can be made to point at us.

    Without it, a web page whose name is rebound to 127.0.0.1 could read a bridge that listens on
    loopback only (DNS rebinding).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] in _GUARDED:
            host = Headers(scope=scope).get("host", "")
            if not is_loopback(_without_port(host)):
                error = HostNotAllowed(
                    f"This bridge listens on loopback and does not answer for the host {host!r}.",
                    "Use http://127.0.0.1, or bind to another address with --host.",
                )
                await respond(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class OriginGuard:
    """Refuse requests that another site's page sends with a method that may change something.

    A WebSocket counts as one: browsers let any page open one, and it can be read and written.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(origin.rstrip("/") for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if _may_change_something(scope):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not self._is_allowed(origin, headers.get("host", "")):
                error = OriginNotAllowed(
                    f"Pages of {origin!r} may not use this bridge.",
                    "Add the origin to LECTERN_CORS_ORIGINS if they should.",
                )
                await respond(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_allowed(self, origin: str, host: str) -> bool:
        # The scheme is not compared: behind a proxy that ends TLS it differs from ours.
        _, _, own = origin.partition("://")
        return origin in self._allowed or (bool(own) and own.lower() == host.lower())


class BodyLimit:
    """Read the body before the application does, and refuse one that is too large.

    It counts what arrives and does not trust `Content-Length`. Paths that are `exempt` see to their
    body themselves.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, exempt: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        try:
            first = await self._read(scope, receive)
        except LecternError as error:
            await respond(error, scope)(scope, receive, send)
            return
        if first["type"] == "http.disconnect":
            return
        pending: list[Message] = [first]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> Message:
        if _declared_length(scope) > self._max_bytes:
            await self._refuse(scope, receive)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                await self._refuse(scope, receive, more=message.get("more_body", False))
            if not message.get("more_body", False):
                return {"type": "http.request", "body": bytes(body), "more_body": False}

    async def _refuse(self, scope: Scope, receive: Receive, *, more: bool = True) -> None:
        # Closing while the caller still sends makes its system drop our answer unread, so what is
        # on its way is read and thrown away first; not without end, and not if it asked before.
        if more and "expect" not in Headers(scope=scope):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(_drain(receive), _DRAIN_S)
        raise BodyTooLarge(
            f"The request body is larger than {self._max_bytes} bytes.", "Send a shorter question."
        )


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < _DRAIN_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _may_change_something(scope: Scope) -> bool:
    if scope["type"] == "http":
        return scope["method"] not in _SAFE_METHODS
    return bool(scope["type"] == "websocket")


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
