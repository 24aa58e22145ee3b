"""Joint states as they come in ROS: names in any order, over several messages, sometimes late."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.state import RobotState

Listener: TypeAlias = Callable[[RobotState], None]

# A stamp so much earlier than the newest is a clock that was set back, not a late message, s.
_SET_BACK_S = 1.0


class JointStates:
    """Puts messages together to states of the whole robot; safe to read from any thread.

    A finger that no message names mirrors the first one. Velocities that no message gives are
    measured from the positions. A message older than the newest one of a joint is left out.
    """

    def __init__(
        self,
        model: RobotModel,
        stale_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without a state.

        Args:
            model: Names the joints.
            stale_s: Age from which a joint counts as gone, s of `now_s`.
            now_s: The wall clock.
        """
        self._names = (*model.names, *model.gripper.joints)
        self._needed = frozenset((*model.names, model.gripper.joints[0]))
        self._arm = len(model.names)
        self._stale_s = stale_s
        self._now_s = now_s
        self._seen: dict[str, tuple[float, float, float, float, float]] = {}
        self._state: RobotState | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    @property
    def state(self) -> RobotState | None:
        """The newest state; None until every joint was seen."""
        return self._state

    def missing(self) -> list[str]:
        """Return the joints that no message has named yet."""
        return [name for name in self._names if name in self._needed and name not in self._seen]

    def age_s(self) -> float:
        """Return how long ago the joint that is heard of least was heard of, s."""
        heard = [self._seen[name][4] for name in self._needed if name in self._seen]
        return self._now_s() - min(heard) if len(heard) == len(self._needed) else math.inf

    def stale(self) -> bool:
        """Tell whether a joint has not been heard of for too long."""
        return self.age_s() > self._stale_s

    def listen(self, listener: Listener) -> None:
        """Call with every state from now on, on the thread that takes messages."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Call no more."""
        with self._lock:
            self._listeners = tuple(each for each in self._listeners if each != listener)

    def take(
        self,
        stamp_s: float,
        names: Sequence[str],
        positions: Sequence[float],
        velocities: Sequence[float] = (),
        efforts: Sequence[float] = (),
    ) -> None:
        """Take one message; what is not of this robot, or no number, is left out."""
        news = False
        for index, name in enumerate(names):
            if name in self._names and index < len(positions):
                news |= self._note(
                    name, stamp_s, positions[index], _at(velocities, index), _at(efforts, index)
                )
        if news and not self.missing():
            self._publish()

    def _note(self, name: str, stamp_s: float, q: float, v: float, effort: float) -> bool:
        if not math.isfinite(q):
            return False
        before = self._seen.get(name)
        if before is not None and -_SET_BACK_S < stamp_s - before[3] < 0:
            return False
        if not math.isfinite(v):
            passed_s = stamp_s - before[3] if before else 0.0
            v = (q - before[0]) / passed_s if before and passed_s > 0 else 0.0
        effort = effort if math.isfinite(effort) else 0.0
        self._seen[name] = (float(q), float(v), float(effort), float(stamp_s), self._now_s())
        return True

    def _publish(self) -> None:
        fallback = self._seen[self._names[self._arm]]
        rows = np.array([self._seen.get(name, fallback)[:4] for name in self._names])
        columns: list[Floats] = [np.ascontiguousarray(rows[:, c]) for c in range(3)]
        for column in columns:
            column.setflags(write=False)
        positions, velocities, efforts = columns
        stamp_s = float(rows[:, 3].max())
        self._state = RobotState(self._names, positions, velocities, efforts, stamp_s)
        for listener in self._listeners:
            listener(self._state)


def _at(values: Sequence[float], index: int) -> float:
    return float(values[index]) if index < len(values) else math.nan
