"""Entries of a kind that can come very often, kept to one a second."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

EVERY_S = 1.0


class Repeats:
    """Lets one entry a second through, which says for how many it stands; safe from any thread.

    Its lock is held for a few assignments only, never while anything waits.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        """Take a clock that nobody sets back, in seconds."""
        self._steady = steady
        self._lock = threading.Lock()
        self._held: Mapping[str, Any] | None = None
        self._count = 0
        self._next_s = -math.inf

    @property
    def waiting(self) -> bool:
        """Whether an entry is held back."""
        return self._held is not None

    def take(self, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what is to be written now, for this entry and those held back; None: later."""
        with self._lock:
            self._held, self._count = entry, self._count + 1
            now_s = self._steady()
            if now_s < self._next_s:
                return None
            self._next_s = now_s + EVERY_S
            return self._out()

    def left(self) -> Mapping[str, Any] | None:
        """Return what was held back and is to be written now; None: nothing."""
        with self._lock:
            return self._out()

    def _out(self) -> Mapping[str, Any] | None:
        """Return the newest entry, with how many it stands for where they are several."""
        entry, count = self._held, self._count
        self._held, self._count = None, 0
        return entry if entry is None or count == 1 else {**entry, "times": count}
