"""Joint trajectories: what is commanded at every instant, exactly.

Between two points each joint follows the cubic that meets both positions and velocities (Hermite),
which is what ROS 2's joint_trajectory_controller does with points that carry no accelerations. So
the highest speed and acceleration between points have closed forms, and the gate uses them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from lectern.errors import TrajectoryInvalid
from lectern.robot.geometry import Floats

MAX_POINTS = 100_000


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Positions and velocities over time; arrays are made read only.

    Attributes:
        names: Joints, n of them.
        times_s: Shape (points,), from 0, strictly rising.
        positions: Shape (points, n), rad or m.
        velocities: Shape (points, n), rad/s or m/s.

    Raises:
        TrajectoryInvalid: Shapes do not fit, a number is not finite, or time does not rise.
    """

    names: tuple[str, ...]
    times_s: Floats
    positions: Floats
    velocities: Floats

    def __post_init__(self) -> None:
        for name in ("times_s", "positions", "velocities"):
            values = _numbers(getattr(self, name), name)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
        reason = self._fault()
        if reason:
            raise TrajectoryInvalid(f"The trajectory {reason}.", "Plan the motion anew.")

    def _fault(self) -> str:
        shape = (self.times_s.size, len(self.names))
        if self.times_s.ndim != 1 or not 2 <= shape[0] <= MAX_POINTS:
            return f"has not between 2 and {MAX_POINTS} points"
        if self.positions.shape != shape or self.velocities.shape != shape:
            return f"has arrays that do not fit {shape[0]} points of {shape[1]} joints"
        if len(set(self.names)) != len(self.names) or not self.names:
            return "names a joint twice, or none"
        if not all(np.isfinite(a).all() for a in (self.times_s, self.positions, self.velocities)):
            return "contains a number that is not finite"
        if self.times_s[0] != 0.0 or not (np.diff(self.times_s) > 0).all():
            return "has times that do not rise from 0"
        return ""

    @property
    def duration_s(self) -> float:
        """Time from the first to the last point."""
        return float(self.times_s[-1])

    def sample(self, times_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return positions, velocities and accelerations, each of shape (times, n).

        Before the start and after the end the robot holds still at the first or last point.
        """
        times = np.clip(np.asarray(times_s, dtype=np.float64), 0.0, self.duration_s)
        k = np.clip(
            np.searchsorted(self.times_s, times, side="right") - 1, 0, len(self.times_s) - 2
        )
        t = (times - self.times_s[k])[:, None]
        a, b, c, d = (coefficient[k] for coefficient in self.cubics())
        position = a + t * (b + t * (c + t * d))
        velocity = b + t * (2 * c + t * 3 * d)
        acceleration = 2 * c + 6 * d * t
        beyond = (np.asarray(times_s) < 0) | (np.asarray(times_s) > self.duration_s)
        velocity[beyond], acceleration[beyond] = 0.0, 0.0
        return position, velocity, acceleration

    def cubics(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return a, b, c, d of a + b t + c t^2 + d t^3 on each segment, shape (points - 1, n)."""
        h = np.diff(self.times_s)[:, None]
        p, v = self.positions, self.velocities
        slope = np.diff(p, axis=0) / h
        c = (3 * slope - 2 * v[:-1] - v[1:]) / h
        d = (v[:-1] + v[1:] - 2 * slope) / h**2
        return p[:-1], v[:-1], c, d

    def digest(self) -> str:
        """Return the SHA-256 of everything that decides the motion, in hexadecimal."""
        sha = hashlib.sha256(json.dumps(self.names).encode())
        for values in (self.times_s, self.positions, self.velocities):
            sha.update(f"|{values.shape}|".encode())
            sha.update((values + 0.0).astype("<f8").tobytes())  # + 0.0: -0.0 moves as 0.0 does
        return sha.hexdigest()


def _numbers(values: Floats, name: str) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TrajectoryInvalid(
            f"The {name} of the trajectory are not an array of numbers.", "Plan the motion anew."
        ) from error
