"""Rotation matrices, roll-pitch-yaw angles, and the axis and angle of a rotation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def rot_x(angle: float) -> Matrix:
    """Return the rotation by `angle` (rad) about the x axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def rot_y(angle: float) -> Matrix:
    """Return the rotation by `angle` (rad) about the y axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def rot_z(angle: float) -> Matrix:
    """Return the rotation by `angle` (rad) about the z axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def from_rpy(roll: float, pitch: float, yaw: float) -> Matrix:
    """Return the rotation: roll about fixed x, then pitch about fixed y, then yaw about fixed z."""
    return rot_z(yaw) @ rot_y(pitch) @ rot_x(roll)


def to_rpy(r: Matrix) -> tuple[float, float, float]:
    """Return (roll, pitch, yaw) in rad with pitch in [-pi/2, pi/2]; roll is 0 in gimbal lock."""
    cos_pitch = math.hypot(r[0, 0], r[1, 0])
    pitch = math.atan2(-r[2, 0], cos_pitch)
    if cos_pitch < 1e-9:
        return 0.0, pitch, math.atan2(-r[0, 1], r[1, 1])
    return math.atan2(r[2, 1], r[2, 2]), pitch, math.atan2(r[1, 0], r[0, 0])


def skew(v: ArrayLike) -> Matrix:
    """Return the matrix [v] with [v] p = v x p."""
    x, y, z = np.asarray(v, dtype=float)
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def rodrigues(axis: ArrayLike, angle: float) -> Matrix:
    """Return the rotation by `angle` (rad) about the unit vector `axis`."""
    k = skew(axis)
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def axis_angle(r: Matrix) -> tuple[Matrix, float]:
    """Return the unit axis and the angle in [0, pi] of a rotation; the axis is x if angle is 0."""
    twice_sin = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    angle = math.atan2(float(np.linalg.norm(twice_sin)), float(np.trace(r)) - 1)
    if angle < 1e-9:
        return np.array([1.0, 0.0, 0.0]), 0.0
    if math.pi - angle < 1e-6:
        # Near half a turn the sine vanishes; R + I is then close to 2 u u^T.
        column = (r + np.eye(3))[:, int(np.argmax(np.diag(r)))]
        sign = -1.0 if float(column @ twice_sin) < 0 else 1.0
        return sign * column / np.linalg.norm(column), angle
    return twice_sin / np.linalg.norm(twice_sin), angle


if __name__ == "__main__":
    r = from_rpy(0.1, 0.2, 0.3)
    print(np.round(r, 4))
    print("roll, pitch, yaw:", np.round(to_rpy(r), 4))
    axis, angle = axis_angle(rot_z(math.pi / 2) @ rot_x(math.pi / 2))
    print("axis:", np.round(axis, 4), "angle:", round(math.degrees(angle), 1), "deg")
