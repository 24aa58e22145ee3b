"""Joint states for many readers: measured once, encoded once for each rate, sent to all.

A reader never makes anybody wait and never grows a buffer: it holds the newest state and a short
queue of events. What it did not take in time is skipped; one that lets events pile up is closed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import structlog

from lectern.bridge.messages import (
    SCENE_CHANGED,
    Poses,
    demo_message,
    encode,
    event_message,
    hello_message,
    state_message,
)
from lectern.bridge.metrics import Metrics
from lectern.bridge.scene_watch import SceneWatch
from lectern.errors import Overloaded, ShuttingDown
from lectern.robot.gate.events import MotionEvent
from lectern.robot.robot import RobotView
from lectern.robot.state import RobotState

_log = structlog.get_logger("lectern.robot")
# Codes of RFC 6455 that a reader sees when it is closed from here.
GOING_AWAY, TRY_AGAIN_LATER = 1001, 1013
MAX_EVENTS = 64
# Few on purpose: each rate that is in use is measured and encoded for by itself.
RATES_HZ = (10, 20, 30, 50, 100)
_PROGRESS_EVERY_S = 0.1
_RETRY_S = 0.2
Send: TypeAlias = Callable[[str], Awaitable[None]]


def rate_for(wanted_hz: int) -> int:
    """Return the lowest offered rate that is not below the wanted one, in Hz; else the highest."""
    return next((rate for rate in RATES_HZ if rate >= wanted_hz), RATES_HZ[-1])


@dataclass
class Tick:
    """One state, encoded when it is first asked for, with or without the objects' poses."""

    fields: dict[str, Any]
    objects: Poses
    version: int
    _plain: str = ""
    _full: str = ""

    def text_for(self, version: int) -> str:
        """Return the message for a reader that has seen the objects' poses of `version`."""
        if version == self.version:
            self._plain = self._plain or encode(self.fields)
            return self._plain
        self._full = self._full or encode({**self.fields, "objects": self.objects})
        return self._full


class Reader:
    """One connection: the newest state that it has not taken, and the events before it."""

    def __init__(self, on_skipped: Callable[[], None]) -> None:
        self._wake = asyncio.Event()
        self._tick: Tick | None = None
        self._progress = ""
        self._events: deque[str] = deque()
        self._version = -1
        self._on_skipped = on_skipped
        self.close_code: int | None = None

    def offer(self, tick: Tick) -> None:
        """Hand over a state; it takes the place of one that was not taken."""
        if self._tick is not None:
            self._on_skipped()
        self._tick = tick
        self._wake.set()

    def tell(self, text: str, *, fleeting: bool = False) -> None:
        """Hand over an event; a fleeting one takes the place of the last fleeting one."""
        if fleeting:
            self._progress = text
        elif len(self._events) >= MAX_EVENTS:
            self.close(TRY_AGAIN_LATER)
        else:
            self._progress = ""
            self._events.append(text)
        self._wake.set()

    def close(self, code: int) -> None:
        """Let `run` end, so that the connection is closed with a code."""
        self.close_code = self.close_code or code
        self._wake.set()

    async def run(self, send: Send) -> int:
        """Send what comes until `close` is called; return its code."""
        while self.close_code is None:
            await self._wake.wait()
            self._wake.clear()
            while self._events:
                await send(self._events.popleft())
            if progress := self._progress:
                self._progress = ""
                await send(progress)
            await self._send_state(send)
        return self.close_code

    async def _send_state(self, send: Send) -> None:
        tick, self._tick = self._tick, None
        if tick is not None:
            text = tick.text_for(self._version)
            self._version = tick.version
            await send(text)


class Channel:
    """All readers of one rate, and the task that measures and encodes for them.

    Args:
        view: Of the robot.
        rate_hz: States a second.
        watch: Of the scene; shared by all rates.
        on_change: Called when the scene was changed.
    """

    def __init__(
        self,
        view: RobotView,
        rate_hz: int,
        watch: SceneWatch,
        on_change: Callable[[], None],
    ) -> None:
        self._view = view
        self._rate_hz = rate_hz
        self._watch = watch
        self._on_change = on_change
        self.readers: set[Reader] = set()
        self._work = asyncio.create_task(self._produce())

    async def _produce(self) -> None:
        while True:
            try:
                async for state in self._view.states(self._rate_hz):
                    self._publish(state)
            except Exception:
                _log.exception("states cannot be sent")
            await asyncio.sleep(_RETRY_S)

    def _publish(self, state: RobotState) -> None:
        near = self._watch
        if near.look(self._view, state):
            self._on_change()
        tick = Tick(state_message(state), near.poses, near.version)
        for reader in self.readers:
            reader.offer(tick)

    async def close(self) -> None:
        """Stop measuring."""
        self._work.cancel()
        await asyncio.wait({self._work})


class Fanout:
    """Everything that watches one robot.

    Args:
        max_readers: More are turned away.
        metrics: Counts messages sent and states skipped.
    """

    def __init__(self, max_readers: int, metrics: Metrics) -> None:
        self._max_readers = max_readers
        self._metrics = metrics
        self._channels: dict[int, Channel] = {}
        self._watch = SceneWatch()
        self._readers: set[Reader] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_progress_s = 0.0
        self._closed = False

    @property
    def readers(self) -> int:
        """How many are watching."""
        return len(self._readers)

    @contextmanager
    def admitted(self, view: RobotView, rate_hz: int) -> Iterator[Reader]:
        """Count one more reader, from now until it leaves; `follow` serves it.

        Raises:
            Overloaded: There are as many readers as are allowed.
            ShuttingDown: The bridge is about to stop.
        """
        self._check_room()
        self._loop = asyncio.get_running_loop()
        reader = Reader(self._metrics.states_skipped.inc)
        reader.tell(encode(hello_message(view, rate_hz)))
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def _check_room(self) -> None:
        if self._closed:
            raise ShuttingDown("The bridge is shutting down.", "Connect once it has restarted.")
        if self.readers >= self._max_readers:
            raise Overloaded(
                f"{self.readers} readers watch the robot already.",
                "Try again later, or raise LECTERN_ROBOT_MAX_READERS.",
            )

    async def follow(self, reader: Reader, view: RobotView, rate_hz: int, send: Send) -> int:
        """Send states at a rate and all events until the fan-out closes; return the close code."""
        if reader.close_code is not None:  # it closed between the admission and now
            return reader.close_code
        channel = self._channel(view, rate_hz)
        channel.readers.add(reader)
        try:
            return await reader.run(self._counted(send))
        finally:
            await self._leave(reader, channel, rate_hz)

    def _channel(self, view: RobotView, rate_hz: int) -> Channel:
        if not self._channels:
            self._watch = SceneWatch()
        if rate_hz not in self._channels:
            self._channels[rate_hz] = Channel(
                view, rate_hz, self._watch, partial(self._to_all, SCENE_CHANGED)
            )
        return self._channels[rate_hz]

    def tell(self, event: MotionEvent) -> None:
        """Pass an event of the gate on to all readers; callable from any thread, never waits."""
        self._in_loop(self._tell, event)

    def tell_of_demo(self, text: str) -> None:
        """Pass on what a demo does now, empty at its end; callable as `tell` is."""
        self._in_loop(self._to_all, encode(demo_message(text)))

    def _in_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    async def close(self) -> None:
        """Close every connection and take no new ones."""
        self._closed = True
        for reader in self._readers:
            reader.close(GOING_AWAY)
        for channel in list(self._channels.values()):
            await channel.close()

    def _tell(self, event: MotionEvent) -> None:
        message = event_message(event)
        if message is None or (event.phase == "progress" and self._is_early()):
            return
        self._to_all(encode(message), fleeting=event.phase == "progress")

    def _to_all(self, text: str, *, fleeting: bool = False) -> None:
        for reader in self._readers:
            reader.tell(text, fleeting=fleeting)

    def _is_early(self) -> bool:
        now = time.monotonic()
        if now < self._next_progress_s:
            return True
        self._next_progress_s = now + _PROGRESS_EVERY_S
        return False

    def _counted(self, send: Send) -> Send:
        count = self._metrics.states_sent.inc

        async def counted(text: str) -> None:
            await send(text)
            count()

        return counted

    async def _leave(self, reader: Reader, channel: Channel, rate_hz: int) -> None:
        channel.readers.discard(reader)
        if not channel.readers and self._channels.get(rate_hz) is channel:
            del self._channels[rate_hz]
            await channel.close()
