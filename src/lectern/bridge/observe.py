"""The outermost layer: request id, one access line and one measurement for each request.

It is also the last net: what no handler caught is answered here as a problem, so that no stack
trace ever leaves the process.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lectern.bridge.metrics import Metrics
from lectern.bridge.problems import respond
from lectern.bridge.security import SECURITY_HEADERS

_log = structlog.get_logger("lectern.access")
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
_STATIC = ("/assets/", "/openapi.json")
# A WebSocket that is refused gets a response too.
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """ASGI middleware; must wrap everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        reply = _Reply(send, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._observed(scope, receive, reply)
            else:
                await self._app(scope, receive, reply.send)

    async def _observed(self, scope: Scope, receive: Receive, reply: _Reply) -> None:
        started = time.perf_counter()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, reply.send)
        except Exception as error:
            response = respond(error, scope)
            if reply.status is None:
                await response(scope, receive, reply.send)
        finally:
            self._metrics.in_flight.dec()
            self._account(scope, reply.status, time.perf_counter() - started)

    def _account(self, scope: Scope, status: int | None, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route(scope)
        shown = status or 499  # nothing was sent: the reader left first
        self._metrics.requests.labels(method, route, str(shown)).observe(seconds)
        _log.info("request", method=method, route=route, status=shown, ms=round(seconds * 1_000, 2))


class _Reply:
    """Adds headers to a response and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] in _STARTS:
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    # The template, not the path: paths would make one time series for each passage.
    route: Any = scope.get("route")
    if route is None and scope["path"].startswith(_STATIC):
        return "static"
    return str(getattr(route, "path", "")) or "unmatched"
