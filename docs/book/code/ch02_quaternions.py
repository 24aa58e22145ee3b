"""Unit quaternions in the order (w, x, y, z), with the Hamilton product."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Quaternion = NDArray[np.float64]


def from_axis_angle(axis: ArrayLike, angle: float) -> Quaternion:
    """Return the unit quaternion of the rotation by `angle` (rad) about the unit vector `axis`."""
    return np.concatenate([[math.cos(angle / 2)], math.sin(angle / 2) * np.asarray(axis)])


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the Hamilton product a b: the rotation b followed by the rotation a."""
    w, v = a[0], a[1:]
    return np.concatenate([[w * b[0] - v @ b[1:]], w * b[1:] + b[0] * v + np.cross(v, b[1:])])


def to_matrix(q: Quaternion) -> NDArray[np.float64]:
    """Return the rotation matrix of a unit quaternion."""
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def slerp(a: Quaternion, b: Quaternion, s: float) -> Quaternion:
    """Return the rotation the fraction s of the way from a to b, along the shorter arc."""
    cosine = float(a @ b)
    if cosine < 0:
        b, cosine = -b, -cosine
    half_angle = math.acos(min(cosine, 1.0))
    if half_angle < 1e-6:
        mixed = (1 - s) * a + s * b
        return mixed / np.linalg.norm(mixed)
    return (math.sin((1 - s) * half_angle) * a + math.sin(s * half_angle) * b) / math.sin(
        half_angle
    )


def from_ros(x: float, y: float, z: float, w: float) -> Quaternion:
    """Return the quaternion (w, x, y, z) from the fields of a ROS message."""
    return np.array([w, x, y, z])


if __name__ == "__main__":
    z90 = from_axis_angle([0, 0, 1], math.pi / 2)
    x90 = from_axis_angle([1, 0, 0], math.pi / 2)
    print("about x, then about z:", multiply(z90, x90))
    print("half of the way:", np.round(slerp(np.array([1.0, 0, 0, 0]), z90, 0.5), 4))
