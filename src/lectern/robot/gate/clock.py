"""Time as the gate sees it: one clock for records, and one that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """One reading of both clocks, in seconds."""

    wall_s: float
    steady_s: float


@dataclass(frozen=True)
class Clock:
    """Where the gate reads the time.

    Attributes:
        wall: Seconds since 1970.
        steady: Seconds since some start; never set back.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def now(self) -> Moment:
        """Return the time on both clocks."""
        return Moment(self.wall(), self.steady())

    def after(self, seconds: float) -> Moment:
        """Return the moment some seconds from now."""
        now = self.now()
        return Moment(now.wall_s + seconds, now.steady_s + seconds)

    def before(self, end: Moment) -> bool:
        """Tell whether a moment is still to come, on both clocks.

        The steady clock holds when someone sets the wall clock back; the wall clock holds when the
        machine was asleep, which the steady clock does not count. A reading that is not a number
        is past every moment.
        """
        now = self.now()
        return now.wall_s < end.wall_s and now.steady_s < end.steady_s
