"""What the sensors of the base add of their own.

Noise is a function of seed, sensor and tick, so that it does not depend on who reads when.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lectern.errors import InvalidInput
from lectern.robot.geometry import Floats


@dataclass(frozen=True)
class Noise:
    """Standard deviations of white Gaussian noise, of the order of small MEMS sensors.

    Attributes:
        orientation_rad: About each axis.
        angular_velocity_rad_s: About each axis.
        linear_acceleration_m_s2: Along each axis.
        range_m: Of each ray; that of the lidar in `base.gazebo.xacro`.

    Raises:
        InvalidInput: One is negative or not finite.
    """

    orientation_rad: float = 0.005
    angular_velocity_rad_s: float = 0.001
    linear_acceleration_m_s2: float = 0.02
    range_m: float = 0.01

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < float("inf"):
                raise InvalidInput(
                    f"The noise {name} cannot be {value}.", "Use 0 or a standard deviation above."
                )


NO_NOISE = Noise(0.0, 0.0, 0.0, 0.0)
_IMU, _LIDAR = 0, 1


def imu_draws(seed: int, tick: int) -> Floats:
    """Return standard normal numbers for a tick: orientation, gyro, accelerometer, shape (3, 3)."""
    return np.random.default_rng((seed, _IMU, tick)).standard_normal((3, 3))


def lidar_draws(seed: int, tick: int, rays: int) -> Floats:
    """Return standard normal numbers for a tick, shape (rays,)."""
    return np.random.default_rng((seed, _LIDAR, tick)).standard_normal(rays)
