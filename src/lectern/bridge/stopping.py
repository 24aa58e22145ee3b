"""What a stop may say of itself; nothing in it keeps the robot from stopping."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

STOP_PATH = "/api/v1/robot/stop"
STOP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string", "description": "Why; cut to 200 characters."}},
}
_REASON = "a client asked for it"
_MAX_CHARS = 200
_MAX_BYTES = 4096
# A body that is not there by then is not waited for.
_PATIENCE_S = 0.01


async def stop_reason(request: Request) -> str:
    """Return why the client wants to stop, as far as it can be told at once."""
    try:
        body = await asyncio.wait_for(_beginning(request), _PATIENCE_S)
        reason = json.loads(body)["reason"]
    except (asyncio.TimeoutError, ClientDisconnect, ValueError, LookupError, TypeError):
        return _REASON
    except RecursionError:
        return _REASON
    return reason[:_MAX_CHARS] if isinstance(reason, str) and reason else _REASON


async def _beginning(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            break
    return body
