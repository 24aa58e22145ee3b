"""The interface of a mobile base: what is measured on it, and the one command it takes.

`BaseView` looks and may be handed to anyone; `Base` drives, and only `BaseGate` holds it.

Frames: `base_link` is midway between the wheels, x forward, z up; `base_footprint` lies below it
on the floor; `odom` stands where `base_link` began, on the floor, and drifts as odometry does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from lectern.errors import InvalidInput, LimitsExceeded
from lectern.robot.description import BaseNumbers
from lectern.robot.geometry import Floats, Pose, Quaternion, Vector3
from lectern.robot.robot import Reality

ODOM, BASE_LINK, BASE_FOOTPRINT = "odom", "base_link", "base_footprint"
IMU_FRAME, LIDAR_FRAME = "imu_link", "lidar_link"
WHEELS = ("wheel_left_joint", "wheel_right_joint")
# A command holds for so long; then the base brakes to rest.
WATCHDOG_S = 0.5

# Rows of a 3 x 3 matrix about x, y, z, one after another, as sensor_msgs/Imu has it.
Covariance: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class BaseState:
    """Where the base is and how it moves.

    Attributes:
        stamp_s: Time of the robot's own clock.
        pose: Of `base_link` in `odom`, from the wheels' encoders alone.
        linear_m_s: Speed forward, from the wheels, in `base_link`.
        angular_rad_s: Speed of turning to the left, from the wheels, in `base_link`.
        wheel_positions_rad: Left and right, counted on, not wrapped.
        wheel_velocities_rad_s: Left and right.
        true_pose: Of `base_link` in `world`: what no robot knows of itself, only a simulation.
    """

    stamp_s: float
    pose: Pose
    linear_m_s: float
    angular_rad_s: float
    wheel_positions_rad: tuple[float, float]
    wheel_velocities_rad_s: tuple[float, float]
    true_pose: Pose

    @property
    def footprint(self) -> Pose:
        """Pose of `base_footprint`, the root of the description, in `odom`."""
        x, y, _ = self.pose.position_m
        return Pose((x, y, 0.0), self.pose.quaternion_xyzw, ODOM)


@dataclass(frozen=True)
class ImuSample:
    """One reading of the IMU, in the axes of `imu_link`.

    Attributes:
        stamp_s: Time of the robot's own clock.
        orientation_xyzw: Of `imu_link` in axes with z up and x where the base looked at first.
        angular_velocity_rad_s: About x, y, z.
        linear_acceleration_m_s2: With gravity, as an IMU feels it: +9.81 along z at rest.
        orientation_covariance: rad^2.
        angular_velocity_covariance: rad^2/s^2.
        linear_acceleration_covariance: m^2/s^4.
    """

    stamp_s: float
    orientation_xyzw: Quaternion
    angular_velocity_rad_s: Vector3
    linear_acceleration_m_s2: Vector3
    orientation_covariance: Covariance
    angular_velocity_covariance: Covariance
    linear_acceleration_covariance: Covariance


@dataclass(frozen=True, eq=False)
class Scan:
    """One turn of the lidar, all rays at one moment.

    Attributes:
        stamp_s: Time of the robot's own clock.
        angle_min_rad: Of the first ray, about z of `lidar_link`, from x.
        angle_max_rad: Of the last ray.
        angle_increment_rad: From each ray to the next.
        range_min_m: Nearest distance that is measured.
        range_max_m: Farthest distance that is measured.
        scan_time_s: From one scan to the next.
        ranges_m: Shape (rays,), read only; inf: nothing within range_max, -inf: something nearer
            than range_min (REP 117).
    """

    stamp_s: float
    angle_min_rad: float
    angle_max_rad: float
    angle_increment_rad: float
    range_min_m: float
    range_max_m: float
    scan_time_s: float
    ranges_m: Floats


class BaseView(Protocol):
    """What may be seen of a base; from any thread, at once.

    Every method raises `SimulationFailed` once the base's physics has failed.
    """

    @property
    def numbers(self) -> BaseNumbers:
        """The wheels and their limits."""

    @property
    def reality(self) -> Reality:
        """Whether people can be hurt: `real`, or only pixels: `sim`."""

    def state(self) -> BaseState:
        """Return the newest state, 100 a second."""

    def imu(self) -> ImuSample:
        """Return the newest reading of the IMU, 100 a second."""

    def scan(self) -> Scan:
        """Return the newest scan, 10 a second."""


class Base(BaseView, Protocol):
    """A base that drives; held by its gate alone."""

    @property
    def driving(self) -> bool:
        """Whether a command that is not zero still holds."""

    def drive(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Drive at a speed for `WATCHDOG_S`, then brake to rest; never waits.

        Args:
            linear_m_s: Forward.
            angular_rad_s: To the left.

        Raises:
            InvalidInput: A number is not finite.
            LimitsExceeded: A wheel would have to turn faster than it can.
            SimulationFailed: Physics has failed.
        """

    def stop(self) -> None:
        """Brake to rest now; from any thread, never waits, never fails."""

    def on_expiry(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever the watchdog ends a drive, on any thread; it must not wait."""

    async def close(self) -> None:
        """Let go of all resources."""


def wheel_speeds(
    linear_m_s: float, angular_rad_s: float, numbers: BaseNumbers
) -> tuple[float, float]:
    """Return the speeds of the left and the right wheel, rad/s, that make the base move so.

    Raises:
        InvalidInput: A number is not finite.
        LimitsExceeded: A wheel would have to turn faster than it can; the message names the limit.
    """
    for name, value in (("linear", linear_m_s), ("angular", angular_rad_s)):
        _check_finite(name, value)
    aside = angular_rad_s * numbers.wheel_separation_m / 2
    speeds = tuple(v / numbers.wheel_radius_m for v in (linear_m_s - aside, linear_m_s + aside))
    most = numbers.max_wheel_velocity_rad_s
    for side, speed in zip(("left", "right"), speeds, strict=True):
        if abs(speed) > most * (1 + 1e-9):
            raise LimitsExceeded(
                f"The {side} wheel would have to turn at {speed:.4g} rad/s; "
                f"max_wheel_velocity_rad_s is {most:g}.",
                f"Stay within {most * numbers.wheel_radius_m:.3g} m/s, less when turning.",
            )
    return speeds[0], speeds[1]


def _check_finite(name: str, value: object) -> None:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise InvalidInput(
            f"The {name} speed {value!r:.40} is no finite number.", "Give numbers in m/s and rad/s."
        )
