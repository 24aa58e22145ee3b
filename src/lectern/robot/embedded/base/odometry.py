"""Where the wheels say the base is."""

from __future__ import annotations

import math

from lectern.robot.base import ODOM
from lectern.robot.description import BaseNumbers
from lectern.robot.geometry import Pose


class Odometry:
    """Adds up the wheels' angles; begins at the origin of `odom`, looking along x.

    Between two readings the base drives an arc; its chord points along the middle heading
    (Siegwart, Nourbakhsh and Scaramuzza, "Introduction to Autonomous Mobile Robots", 5.2.4).
    """

    def __init__(self, numbers: BaseNumbers, wheels_rad: tuple[float, float]) -> None:
        self._numbers = numbers
        self._wheels = wheels_rad
        self._x_m = self._y_m = self._heading_rad = 0.0

    @property
    def heading_rad(self) -> float:
        """Heading in `odom`, counted on, not wrapped."""
        return self._heading_rad

    def read(self, wheels_rad: tuple[float, float]) -> None:
        """Take a new reading of the encoders, left and right."""
        before, self._wheels = self._wheels, wheels_rad
        forward_m, turn_rad = self.motion(wheels_rad[0] - before[0], wheels_rad[1] - before[1])
        middle = self._heading_rad + turn_rad / 2
        self._x_m += forward_m * math.cos(middle)
        self._y_m += forward_m * math.sin(middle)
        self._heading_rad += turn_rad

    def motion(self, left: float, right: float) -> tuple[float, float]:
        """Return how far forward and how much to the left two wheels move the base.

        Takes angles and gives m and rad, or takes rad/s and gives m/s and rad/s.
        """
        radius_m = self._numbers.wheel_radius_m
        forward = (left + right) / 2 * radius_m
        return forward, (right - left) * radius_m / self._numbers.wheel_separation_m

    def pose(self) -> Pose:
        """Return the pose of `base_link` in `odom`."""
        half = self._heading_rad / 2
        place = (self._x_m, self._y_m, self._numbers.wheel_radius_m)
        return Pose(place, (0.0, 0.0, math.sin(half), math.cos(half)), ODOM)
