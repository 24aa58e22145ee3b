"""One command at a time, the newest: as joint_trajectory_controller has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lectern.errors import MotionStopped

T = TypeVar("T")


class Newest:
    """Carries out one piece of work at a time; a new one ends the one before it first."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._newest: asyncio.Task[Any] | None = None
        self._replaced: set[asyncio.Task[Any]] = set()

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Carry out some work, as soon as what was under way has come to its end.

        Cancelling the caller cancels the work, and waits for its end.

        Raises:
            MotionStopped: Newer work replaced it.
        """
        task = asyncio.ensure_future(self._alone(work))
        self._replace(self._newest)
        self._newest = task
        try:
            return await task
        except asyncio.CancelledError:
            if task in self._replaced:
                raise MotionStopped(
                    "A newer command replaced this one.", "Send commands one after another."
                ) from None
            raise
        finally:
            self._replaced.discard(task)
            if self._newest is task:
                self._newest = None

    def _replace(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None and not task.done():
            self._replaced.add(task)
            task.cancel()

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._turn:
            return await work()
