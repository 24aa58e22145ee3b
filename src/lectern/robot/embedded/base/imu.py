"""The IMU: what it feels, with noise."""

from __future__ import annotations

import mujoco
import numpy as np

from lectern.robot.base import Covariance, ImuSample
from lectern.robot.embedded.base.noise import Noise, imu_draws
from lectern.robot.embedded.base.simulation import Moment
from lectern.robot.geometry import Floats


def imu_sample(moment: Moment, noise: Noise, seed: int) -> ImuSample:
    """Return the reading of a moment; the same moment reads the same every time."""
    draws = imu_draws(seed, moment.tick)
    w, x, y, z = _disturbed(moment.orientation_wxyz, noise.orientation_rad * draws[0])
    gyro = moment.angular_velocity + noise.angular_velocity_rad_s * draws[1]
    felt = moment.specific_force + noise.linear_acceleration_m_s2 * draws[2]
    return ImuSample(
        stamp_s=moment.stamp_s,
        orientation_xyzw=(x, y, z, w),
        angular_velocity_rad_s=(float(gyro[0]), float(gyro[1]), float(gyro[2])),
        linear_acceleration_m_s2=(float(felt[0]), float(felt[1]), float(felt[2])),
        orientation_covariance=_diagonal(noise.orientation_rad),
        angular_velocity_covariance=_diagonal(noise.angular_velocity_rad_s),
        linear_acceleration_covariance=_diagonal(noise.linear_acceleration_m_s2),
    )


def _disturbed(
    wxyz: tuple[float, float, float, float], turn_rad: Floats
) -> tuple[float, float, float, float]:
    """Turn an orientation by a small rotation vector in its own axes."""
    turned = np.array(wxyz)
    mujoco.mju_quatIntegrate(turned, turn_rad, 1.0)
    w, x, y, z = (float(value) for value in turned)
    return w, x, y, z


def _diagonal(deviation: float) -> Covariance:
    square = deviation**2
    return (square, 0.0, 0.0, 0.0, square, 0.0, 0.0, 0.0, square)
