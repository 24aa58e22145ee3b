"""How the robot's parts are, for `/diagnostics`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from lectern.motion import Motion
from lectern.robot.state import Activity
from lectern_nodes.diagnostics import ERROR, OK, WARN, PartHealth
from lectern_nodes.robot.base import BaseFace
from lectern_nodes.robot.camera import CameraPublisher
from lectern_nodes.robot.publishing import StatePublisher
from lectern_nodes.robot.reports import Reports

# Slower than this share of what it should be is worth a warning.
_SLOW = 0.9


class Rate:
    """How fast a number grows, by the wall clock, from one reading to the next."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def read(self, number: float) -> float | None:
        """Return the growth in 1/s since the last reading; None: this is the first."""
        now_s, before = time.monotonic(), self._before
        self._before = (now_s, number)
        if before is None or now_s <= before[0]:
            return None
        return (number - before[1]) / (now_s - before[0])


class Health:
    """Reads the state of every part; on the executor, once a second.

    Args:
        motion: The robot.
        states: What publishes joint states.
        rate_hz: At which it should.
        reports: Of motions.
        camera: None: the parameter says `off`.
        base: None: the parameter says `off`.
        active: Tells whether the node publishes.
    """

    def __init__(
        self,
        motion: Motion,
        states: StatePublisher,
        rate_hz: float,
        reports: Reports,
        *,
        camera: CameraPublisher | None,
        base: BaseFace | None,
        active: Callable[[], bool],
    ) -> None:
        self._motion = motion
        self._states = states
        self._rate_hz = rate_hz
        self._reports = reports
        self._camera = camera
        self._base = base
        self._active = active
        self._time, self._published = Rate(), Rate()

    def read(self) -> Iterator[PartHealth]:
        """Return the health of each part."""
        yield self._robot()
        yield self._simulator()
        yield self._joint_states()
        yield self._last_motion()
        if self._camera is not None:
            yield self._pictures(self._camera)
        if self._base is not None:
            yield self._mobile_base(self._base)

    def _robot(self) -> PartHealth:
        activity = self._motion.view.state().activity
        level = ERROR if activity is Activity.FAILED else OK
        values = {"activity": activity.value, "policy": self._motion.policy}
        return PartHealth("robot", level, f"The robot is {activity.value}.", values)

    def _simulator(self) -> PartHealth:
        factor = self._time.read(self._motion.view.state().stamp_s)
        if factor is None:
            return PartHealth("simulator", OK, "Not measured yet.")
        values = {"real_time_factor": f"{factor:.3f}"}
        if factor < _SLOW:
            slow = f"Simulated time passes at {factor:.2f} of the wall clock's."
            return PartHealth("simulator", WARN if factor > 0 else ERROR, slow, values)
        return PartHealth("simulator", OK, "Simulated time keeps up with the wall clock.", values)

    def _joint_states(self) -> PartHealth:
        rate = self._published.read(self._states.published)
        if not self._active() or rate is None:
            return PartHealth("joint states", OK, "Not published while inactive.")
        values = {"rate_hz": f"{rate:.1f}", "published": self._states.published}
        if rate < _SLOW * self._rate_hz:
            slow = f"{rate:.0f} Hz instead of {self._rate_hz:g} Hz."
            return PartHealth("joint states", WARN, slow, values)
        return PartHealth("joint states", OK, f"Published at {self._rate_hz:g} Hz.", values)

    def _last_motion(self) -> PartHealth:
        last = self._reports.last
        if last is None:
            return PartHealth("last motion", OK, "Nothing was asked for yet.")
        values = {"source": last.source, "tool": last.tool, "error_code": last.error_code}
        if last.error_code:
            return PartHealth("last motion", WARN, last.error_msg, values)
        return PartHealth("last motion", OK, f"{last.tool} went well.", values)

    def _pictures(self, camera: CameraPublisher) -> PartHealth:
        values = {"pictures": camera.taken, "watched": camera.watched}
        if camera.trouble:
            return PartHealth("camera", ERROR, camera.trouble, values)
        message = "Taking pictures." if camera.watched else "Nobody is looking."
        return PartHealth("camera", OK, message, values)

    def _mobile_base(self, base: BaseFace) -> PartHealth:
        if base.trouble:
            return PartHealth("base", ERROR, base.trouble)
        message = "At work." if base.at_work else "Not asked for yet."
        return PartHealth("base", OK, message)
