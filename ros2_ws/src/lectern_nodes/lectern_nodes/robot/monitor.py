"""Compares what the arm does with what a trajectory wants, while it is followed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lectern.errors import LecternError
from lectern.robot.geometry import Floats
from lectern.robot.robot import Progress
from lectern.robot.state import Activity, RobotState
from lectern.robot.trajectory import Trajectory
from lectern_nodes.robot.errors import GoalMissed, PathLeft
from lectern_nodes.robot.stream import Pace
from lectern_nodes.robot.tolerances import Tolerances, beyond

FEEDBACK_HZ = 20.0
# From one measurement to the next: the first one in motion is so long after its begin, s.
_MEASURED_S = 0.01
_SLOWER = "Allow more, or move more slowly."


@dataclass(frozen=True, eq=False)
class Sample:
    """One comparison; arrays have the shape (joints,), in the order of the trajectory.

    Attributes:
        time_s: Since the trajectory's begin.
        stamp_s: Time of the robot's own clock.
        desired: Positions, velocities and accelerations that are commanded.
        actual: Positions and velocities that are measured.
    """

    time_s: float
    stamp_s: float
    desired: tuple[Floats, Floats, Floats]
    actual: tuple[Floats, Floats]

    @property
    def errors(self) -> tuple[Floats, Floats]:
        """Desired minus actual, positions and velocities, as joint_trajectory_controller has it."""
        return self.desired[0] - self.actual[0], self.desired[1] - self.actual[1]


class Monitor:
    """Watches one trajectory being followed.

    Args:
        trajectory: What is followed.
        tolerances: What must hold.
        begun: Tells whether the robot has been handed the trajectory.
        on_sample: Called at 20 Hz.
        on_violation: Called once, when a tolerance does not hold.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        tolerances: Tolerances,
        *,
        begun: Callable[[], bool],
        on_sample: Callable[[Sample], None],
        on_violation: Callable[[], None],
    ) -> None:
        self._trajectory = trajectory
        self._cubics = trajectory.cubics()
        self._tolerances = tolerances
        self._begun = begun
        self._on_sample = on_sample
        self._on_violation = on_violation
        self._pace = Pace(FEEDBACK_HZ)
        self._began_s: float | None = None
        self._arrived = False
        self.verdict: LecternError | None = None

    def see(self, state: RobotState) -> None:
        """Take a measurement."""
        if state.activity is not Activity.MOVING or not self._begun():
            return
        if self._began_s is None:
            self._began_s = state.stamp_s - _MEASURED_S
        told = self._pace.due(state.stamp_s)
        if told or self._tolerances.path or state.stamp_s >= self._ends_s:
            sample = self._sample(state, state.stamp_s - self._began_s)
            self._judge(sample)
            if told:
                self._on_sample(sample)

    def progress(self, progress: Progress) -> None:
        """Take what the robot says of how far it is, in case the first measurement was missed."""
        since_s = progress.fraction * self._trajectory.duration_s
        if self._began_s is not None and progress.fraction < 1:
            self._began_s = min(self._began_s, progress.stamp_s - since_s)

    def conclude(self, state: RobotState) -> None:
        """Judge the end of a motion that went well, by a measurement made then.

        Raises:
            GoalMissed: A joint is not within its tolerance.
        """
        end = self._sample(state, math.inf)
        if not self._arrived and (fault := self._missed(end)):
            raise GoalMissed(f"At the end {fault}.", _SLOWER)

    @property
    def _ends_s(self) -> float:
        return (self._began_s or 0.0) + self._trajectory.duration_s

    def _judge(self, sample: Sample) -> None:
        over_s = sample.time_s - self._trajectory.duration_s
        if over_s < 0:
            fault = beyond(self._tolerances.path, self._trajectory.names, *sample.errors)
            if fault:
                self._violate(PathLeft(f"After {sample.time_s:.2f} s {fault}.", _SLOWER))
            return
        fault = self._missed(sample)
        self._arrived = self._arrived or not fault
        limit_s = self._tolerances.goal_time_s
        if not self._arrived and limit_s is not None and over_s > limit_s:
            late = f"{limit_s:g} s after its end {fault}."
            self._violate(GoalMissed(late, "Allow more time, or move more slowly."))

    def _missed(self, sample: Sample) -> str:
        return beyond(self._tolerances.goal, self._trajectory.names, *sample.errors)

    def _violate(self, verdict: LecternError) -> None:
        if self.verdict is None:
            self.verdict = verdict
            self._on_violation()

    def _sample(self, state: RobotState, time_s: float) -> Sample:
        columns = [state.names.index(name) for name in self._trajectory.names]
        actual = (state.positions[columns], state.velocities[columns])
        return Sample(time_s, state.stamp_s, self._desired(time_s), actual)

    def _desired(self, time_s: float) -> tuple[Floats, Floats, Floats]:
        """Return what `Trajectory.sample` does, without looking at the whole trajectory."""
        times = self._trajectory.times_s
        if time_s >= times[-1]:
            rest = np.zeros(len(self._trajectory.names))
            return self._trajectory.positions[-1], rest, rest
        k = max(0, int(np.searchsorted(times, time_s, side="right")) - 1)
        t = time_s - times[k]
        a, b, c, d = (coefficient[k] for coefficient in self._cubics)
        velocity = b + t * (2 * c + t * 3 * d)
        return a + t * (b + t * (c + t * d)), velocity, 2 * c + 6 * d * t
