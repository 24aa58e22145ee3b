"""Streams of server-sent events that survive a lost connection.

The work behind a stream runs on its own and writes into a journal; readers follow the journal. A
reader that comes back with `Last-Event-ID` continues after that event, so nothing is lost and
nothing repeated. When the last reader has been away for the grace time, the work is stopped.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from lectern.errors import AnswerTooLong, InvalidInput, Overloaded, ShuttingDown, StreamExpired

_EVENT_ID = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9]{1,9})")
_HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True)
class Event:
    """One event; `data` is one line of JSON."""

    name: str
    data: str


@dataclass(frozen=True)
class StreamLimits:
    """How long things last and how large they get.

    Attributes:
        heartbeat_s: Silence after which a comment keeps the connection alive.
        grace_s: How long the work goes on with nobody reading.
        keep_s: How long a finished stream can be taken up again.
        max_streams: Streams kept at the same time, finished ones included.
        max_journal_bytes: Size of one journal.
    """

    heartbeat_s: float = 15.0
    grace_s: float = 20.0
    keep_s: float = 60.0
    max_streams: int = 1_024
    max_journal_bytes: int = 2**20


class Stream:
    """One journal and the work that fills it; made by `Streams.start`."""

    def __init__(
        self,
        events: AsyncGenerator[Event, None],
        on_error: Callable[[Exception], Event],
        owner: Streams,
    ) -> None:
        self.stream_id = secrets.token_urlsafe(16)
        self.finished = False
        self._owner = owner
        self._limits = owner.limits
        self._on_error = on_error
        self._journal: list[bytes] = []
        self._journal_bytes = 0
        self._error_at_start: Exception | None = None
        self._changed = asyncio.Event()
        self._readers = 0
        self._timer: asyncio.TimerHandle | None = None
        self._work = asyncio.create_task(self._run(events))
        self._abandon_later()

    async def begin(self) -> None:
        """Wait for the first event, at most one heartbeat long.

        Raises:
            Exception: Whatever ended the work before its first event; the stream is gone then, and
                the error can still be answered with a status of its own.
        """
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), self._limits.heartbeat_s)
        if self._error_at_start is not None:
            self._owner.forget(self.stream_id)
            raise self._error_at_start

    async def follow(self, after: int = 0) -> AsyncIterator[bytes]:
        """Yield the events after number `after` as they come, and heartbeats in silence."""
        self._reader_came()
        try:
            while True:
                changed = self._changed
                while after < len(self._journal):
                    yield self._journal[after]
                    after += 1
                if self.finished:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), self._limits.heartbeat_s)
                except asyncio.TimeoutError:
                    yield _HEARTBEAT
        finally:
            self._reader_left()

    def has(self, number: int) -> bool:
        """Tell whether event `number` was written; 0 stands for the start."""
        return 0 <= number <= len(self._journal)

    def end(self, error: Exception) -> None:
        """End the stream now with an error event."""
        if not self.finished:
            self._finish(error)
            self._work.cancel()

    async def stop(self) -> None:
        """Stop the work and wait until it has stopped."""
        self._work.cancel()
        self._cancel_timer()
        await asyncio.wait({self._work})

    async def _run(self, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self._write(event)
        except Exception as error:
            self._finish(error)
        else:
            self._finish()

    def _write(self, event: Event) -> None:
        if self.finished:
            return
        entry = self._encode(event)
        if self._journal_bytes + len(entry) > self._limits.max_journal_bytes:
            raise AnswerTooLong(
                f"The answer grew beyond {self._limits.max_journal_bytes} bytes.",
                "Ask for something shorter.",
            )
        self._journal_bytes += len(entry)
        self._journal.append(entry)
        self._wake()

    def _encode(self, event: Event) -> bytes:
        event_id = f"{self.stream_id}:{len(self._journal) + 1}"
        return f"id: {event_id}\nevent: {event.name}\ndata: {event.data}\n\n".encode()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _finish(self, error: Exception | None = None) -> None:
        if self.finished:
            return
        if error is not None and not self._journal:
            self._error_at_start = error
        if error is not None:
            self._journal.append(self._encode(self._on_error(error)))
        self.finished = True
        self._wake()
        self._forget_later()

    def _reader_came(self) -> None:
        self._readers += 1
        if not self.finished:
            self._cancel_timer()

    def _reader_left(self) -> None:
        self._readers -= 1
        if self._readers == 0 and not self.finished:
            self._abandon_later()

    def _abandon_later(self) -> None:
        self._after(self._limits.grace_s, self._abandon)

    def _forget_later(self) -> None:
        self._after(self._limits.keep_s, lambda: self._owner.forget(self.stream_id))

    def _abandon(self) -> None:
        self._work.cancel()
        self._owner.forget(self.stream_id)

    def _after(self, seconds: float, action: Callable[[], object]) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Streams:
    """All streams of one bridge."""

    def __init__(self, limits: StreamLimits = StreamLimits()) -> None:
        self.limits = limits
        self._streams: dict[str, Stream] = {}
        self._closed = False

    @property
    def open(self) -> int:
        """How many streams are still being written."""
        return sum(not stream.finished for stream in self._streams.values())

    def start(
        self, events: AsyncGenerator[Event, None], on_error: Callable[[Exception], Event]
    ) -> Stream:
        """Start the work behind a new stream.

        Args:
            events: The work; it is run to its end whether anybody reads or not.
            on_error: Turns what ended the work into the last event.

        Raises:
            Overloaded: There are too many streams.
            ShuttingDown: The bridge is about to stop.
        """
        if self._closed:
            raise ShuttingDown("The bridge is shutting down.", "Ask again once it has restarted.")
        self._make_room()
        stream = Stream(events, on_error, self)
        self._streams[stream.stream_id] = stream
        return stream

    def resume(self, last_event_id: str) -> tuple[Stream, int]:
        """Return the stream an event belongs to, and the event's number.

        Raises:
            InvalidInput: This is not an event id of ours.
            StreamExpired: The stream is unknown, abandoned, or finished too long ago.
        """
        match = _EVENT_ID.fullmatch(last_event_id)
        if not match:
            raise InvalidInput(
                "Last-Event-ID is not an event id of this service.",
                "Send the id of the last event that arrived, unchanged.",
            )
        stream, number = self._streams.get(match[1]), int(match[2])
        if stream is None or not stream.has(number):
            raise StreamExpired(
                "The stream of this Last-Event-ID is no longer kept.", "Ask the question again."
            )
        return stream, number

    def forget(self, stream_id: str) -> None:
        """Drop a stream; it cannot be taken up again."""
        self._streams.pop(stream_id, None)

    async def close(self) -> None:
        """Take no new streams, end the open ones with an error event, and stop their work."""
        self._closed = True
        streams = list(self._streams.values())
        for stream in streams:
            stream.end(
                ShuttingDown("The bridge is shutting down.", "Ask again once it has restarted.")
            )
        for stream in streams:
            await stream.stop()

    def _make_room(self) -> None:
        if len(self._streams) < self.limits.max_streams:
            return
        oldest = next((s for s in self._streams.values() if s.finished), None)
        if oldest is None:
            raise Overloaded(
                f"{len(self._streams)} answers are being streamed already.",
                "Try again in a moment.",
            )
        self.forget(oldest.stream_id)
