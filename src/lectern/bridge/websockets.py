"""The WebSocket protocol under the bridge: uvicorn's, made to give up on a stuck reader.

uvicorn's `send` waits until the reader has taken enough, which is how a slow reader is noticed. But
one that takes nothing at all would hold its connection for ever: the close frame too waits behind
what it does not read. Here it is closed with `TOO_SLOW`, and cut off when it still reads nothing.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# A code of the range that RFC 6455 leaves to applications; like 408 of HTTP.
TOO_SLOW = 4408
# Joint states live for a fraction of a second: what waits to be sent is kept short on purpose.
_BUFFER_BYTES = 16_384
_LAST_CHANCE_S = 5.0


def protocol(timeout_s: float) -> type[asyncio.Protocol]:
    """Return the protocol class whose readers may take nothing for `timeout_s` seconds."""

    class Protocol(BoundedWebSocket):
        reader_timeout_s = timeout_s

    return Protocol


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose buffers are small and whose reader must read."""

    reader_timeout_s: float
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Keep the buffers of the program and of the system short."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        _keep_short(transport.get_extra_info("socket"))

    def pause_writing(self) -> None:
        """Begin to lose patience: the reader has not taken what was sent."""
        super().pause_writing()
        self._after(self.reader_timeout_s, self._give_up)

    def resume_writing(self) -> None:
        """Be patient again: the reader reads."""
        self._stop_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """Close; one that does not read now cannot be waited for."""
        stuck = self._patience is not None
        super().shutdown()
        if stuck:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        self.stop_keepalive()
        self.disconnected = True
        if not self.close_sent:
            self.close_sent = True
            self.conn.send_close(TOO_SLOW, "states were not taken in time")
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self.writable.set()
        self._after(_LAST_CHANCE_S, self.transport.abort)

    def _after(self, seconds: float, action: Any) -> None:
        self._stop_timer()
        self._patience = self.loop.call_later(seconds, action)

    def _stop_timer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _keep_short(connection: socket.socket | None) -> None:
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if connection is not None and option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, _BUFFER_BYTES)
