"""Bounded admission: so many questions at work, so many waiting, the rest is turned away at once.

Turning away early keeps the waiting time of those who are let in bounded, which a queue without
end would not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from lectern.errors import Overloaded, ShuttingDown

RETRY_AFTER_S = 1


class Admission:
    """Door in front of the work of one face.

    Args:
        at_work: How many may work at the same time.
        max_waiting: How many may wait for a place.
    """

    def __init__(self, at_work: int, max_waiting: int) -> None:
        self._places = asyncio.Semaphore(at_work)
        self._max_waiting = max_waiting
        self._closed = asyncio.Event()
        self.waiting = 0
        self.working = 0

    def enter(self) -> AbstractAsyncContextManager[None]:
        """Return the context in which one piece of work is done; entering it may wait.

        Raises:
            Overloaded: Too many are waiting already.
            ShuttingDown: The door was closed.
        """
        self._refuse_when_closed()
        if self.waiting >= self._max_waiting:
            raise Overloaded(
                f"{self.waiting} requests are waiting already.",
                "Try again in a moment, or raise LECTERN_MAX_WAITING.",
            )
        return self._place()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            await self._wait_for_place()
        finally:
            self.waiting -= 1
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1
            self._places.release()

    async def _wait_for_place(self) -> None:
        await self._places.acquire()
        if self._closed.is_set():
            self._places.release()
            self._refuse_when_closed()

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise ShuttingDown("Lectern is shutting down.", "Ask again once it has restarted.")

    def close(self) -> None:
        """Let nobody in any more; whoever waits is turned away as soon as a place is free."""
        self._closed.set()
