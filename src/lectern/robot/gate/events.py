"""Telling listeners what the gate decides and does, without ever waiting for one."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lectern.errors import Overloaded
from lectern.robot.gate.proposal import Proposal

_log = logging.getLogger(__name__)
_WAITING = 1024
_CLOSE_S = 5.0

Phase: TypeAlias = Literal[
    "proposal", "approved", "rejected", "started", "progress", "ended", "failed", "stopped"
]


@dataclass(frozen=True)
class MotionEvent:
    """One thing that happened.

    Attributes:
        phase: What.
        time_s: Unix time, in seconds.
        digest: Of the plan it is about; empty for a stop of everything.
        fraction: Of the motion that is over, 0 to 1.
        proposal: The proposal, where the phase is `proposal`.
        code: Error code of a failure.
        reason: One sentence, where there is something to say.
    """

    phase: Phase
    time_s: float
    digest: str = ""
    fraction: float = 0.0
    proposal: Proposal | None = None
    code: str = ""
    reason: str = ""


Listener: TypeAlias = Callable[[MotionEvent], None]


class Announcer:
    """Calls listeners one after another on a thread of its own.

    What listeners are too slow for is dropped once many events wait, progress first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._listeners: dict[int, Listener] = {}
        self._next = 0
        self._waiting: queue.Queue[MotionEvent | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a listener for each event from now on, until what is returned is called.

        Raises:
            Overloaded: There are too many listeners.
        """
        with self._lock:
            if len(self._listeners) >= self._most:
                raise Overloaded(f"{self._most} listeners are connected.", "Try again later.")
            self._next += 1
            key = self._next
            self._listeners[key] = listener
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="gate-events")
                self._thread.start()
        return lambda: self._forget(key)

    def tell(self, event: MotionEvent) -> None:
        """Let every listener know; returns at once and never fails."""
        if self._thread is None:
            return
        if event.phase == "progress" and self._waiting.qsize() > _WAITING // 2:
            return
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            _log.warning("listeners are too slow: the event %s is dropped", event.phase)

    def close(self) -> None:
        """End the thread after what waits has been told; give up on listeners that are stuck.

        Waits for seconds at worst, and never fails.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            self._waiting.put(None, timeout=_CLOSE_S)
            thread.join(timeout=_CLOSE_S)
        except queue.Full:
            _log.warning("a listener of motion events does not return; what waits is not told")

    def _forget(self, key: int) -> None:
        with self._lock:
            self._listeners.pop(key, None)

    def _work(self) -> None:
        while (event := self._waiting.get()) is not None:
            with self._lock:
                listeners = tuple(self._listeners.values())
            for listener in listeners:
                try:
                    listener(event)
                except Exception:
                    _log.exception("a listener of motion events failed")
