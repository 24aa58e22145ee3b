"""Every measurement of the robot, told to one listener after another on the core's loop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from lectern.robot.robot import RobotView
from lectern.robot.state import RobotState

Listener: TypeAlias = Callable[[RobotState], None]

# Twice the rate of measurements: a reader that is a little late then misses none.
_READ_HZ = 200.0
# Stamps are whole steps of the simulation, so that less than a step is rounding, s.
_ROUNDING_S = 1e-4
_log = logging.getLogger(__name__)


class StateStream:
    """Reads the robot's measurements as they come.

    Args:
        view: The robot.
    """

    def __init__(self, view: RobotView) -> None:
        self._view = view
        self._listeners: tuple[Listener, ...] = ()

    @property
    def newest(self) -> RobotState:
        """The newest measurement, from any thread."""
        return self._view.state()

    async def run(self) -> None:
        """Tell listeners until cancelled."""
        last_s = -1.0
        async for state in self._view.states(_READ_HZ):
            if state.stamp_s > last_s:
                last_s = state.stamp_s
                for listener in self._listeners:
                    self._tell(listener, state)

    def listen(self, listener: Listener) -> None:
        """Tell a listener every measurement from now on; it must not wait."""
        self._listeners = (*self._listeners, listener)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Tell a listener every measurement within a block."""
        self.listen(listener)
        try:
            yield
        finally:
            self._forget(listener)

    def _tell(self, listener: Listener, state: RobotState) -> None:
        try:
            listener(state)
        except Exception:
            _log.exception("a listener of the robot's measurements failed, and is told no more")
            self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        self._listeners = tuple(x for x in self._listeners if x != listener)


class Pace:
    """Says of each measurement whether it is the next one at a rate.

    Args:
        rate_hz: Of the robot's clock.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = 0.0

    def due(self, stamp_s: float) -> bool:
        """Tell whether a measurement is due; asked once of each, stamps rising."""
        if stamp_s < self._next_s - _ROUNDING_S:
            return False
        on_time = stamp_s < self._next_s + self._period_s
        self._next_s = (self._next_s if on_time else stamp_s) + self._period_s
        return True
