"""The highest values a trajectory reaches at any instant, between its points too, in closed form.

Between two points a joint follows a + b t + c t^2 + d t^3. Its position is extreme at the ends or
where b + 2 c t + 3 d t^2 = 0, its speed at the ends or where 2 c + 6 d t = 0, and its acceleration,
which is linear, at the ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lectern.robot.geometry import Floats
from lectern.robot.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Extremes:
    """What each segment of a trajectory reaches; every array has the shape (points - 1, n).

    Attributes:
        lowest: Positions, rad or m.
        highest: Positions, rad or m.
        speed: Of either sign, rad/s or m/s.
        acceleration: Of either sign, rad/s^2 or m/s^2.
    """

    lowest: Floats
    highest: Floats
    speed: Floats
    acceleration: Floats


def extremes(trajectory: Trajectory) -> Extremes:
    """Return the extremes of a trajectory; numbers too large to compute come back as NaN."""
    with np.errstate(all="ignore"):
        a, b, c, d = trajectory.cubics()
        h = np.broadcast_to(np.diff(trajectory.times_s)[:, None], a.shape)
        instants = np.stack([np.zeros_like(h), h, *(_inside(t, h) for t in _turning(b, c, d))])
        positions = a + instants * (b + instants * (c + instants * d))
        steepest = np.stack([np.zeros_like(h), h, _inside(-c / (3 * d), h)])
        speeds = np.abs(b + steepest * (2 * c + steepest * 3 * d))
        accelerations = np.maximum(np.abs(2 * c), np.abs(2 * c + 6 * d * h))
    # max and min hand a NaN on, so that it cannot hide among numbers.
    return Extremes(positions.min(0), positions.max(0), speeds.max(0), accelerations)


def _turning(b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Return the two instants where b + 2 c t + 3 d t^2 is zero; NaN where there is none.

    The form that does not cancel: Press et al., Numerical Recipes, 3rd edition, 5.6.
    """
    q = -(c + np.copysign(np.sqrt(c * c - 3 * d * b), c))
    return q / (3 * d), b / q


def _inside(instants: Floats, h: Floats) -> Floats:
    """Return the instants that are within the segment, and its start for the others."""
    return np.where((instants > 0) & (instants < h), instants, 0.0)
