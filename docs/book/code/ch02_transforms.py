"""Homogeneous transforms, twists and the exponential map; linear part first."""

from __future__ import annotations

import math

import numpy as np
from ch02_rotations import Matrix, rodrigues, rot_z, skew
from numpy.typing import ArrayLike


def transform(rotation: Matrix, translation: ArrayLike) -> Matrix:
    """Return the 4 x 4 homogeneous transform of a rotation and a translation in m."""
    t = np.eye(4)
    t[:3, :3] = rotation
    t[:3, 3] = translation
    return t


def inverse(t: Matrix) -> Matrix:
    """Return the inverse transform, without a general matrix inversion."""
    r_transposed = t[:3, :3].T
    return transform(r_transposed, -r_transposed @ t[:3, 3])


def adjoint(t: Matrix) -> Matrix:
    """Return the 6 x 6 matrix that carries twists (v, omega) from frame {b} to {a}, t = aTb."""
    r = t[:3, :3]
    ad = np.zeros((6, 6))
    ad[:3, :3] = ad[3:, 3:] = r
    ad[:3, 3:] = skew(t[:3, 3]) @ r
    return ad


def screw_axis(point: ArrayLike, direction: ArrayLike, pitch: float = 0.0) -> Matrix:
    """Return the screw axis (v, omega) through a point; pitch in m/rad, direction of length 1."""
    omega = np.asarray(direction, dtype=float)
    return np.concatenate([pitch * omega - skew(omega) @ np.asarray(point), omega])


def exp(screw: Matrix, theta: float) -> Matrix:
    """Return the motion along a screw axis by theta (rad, or m if the axis only translates)."""
    v, omega = screw[:3], screw[3:]
    if not omega.any():
        return transform(np.eye(3), v * theta)
    k = skew(omega)
    g = theta * np.eye(3) + (1 - math.cos(theta)) * k + (theta - math.sin(theta)) * k @ k
    return transform(rodrigues(omega, theta), g @ v)


if __name__ == "__main__":
    base_camera = transform(rot_z(math.pi / 2), [0.5, 0.2, 0.9])
    camera_cup = np.array([0.4, 0.1, 0.0, 1.0])
    print("cup in the base frame:", np.round(base_camera @ camera_cup, 3))
    hinge = screw_axis(point=[1, 0, 0], direction=[0, 0, 1])
    print("hinge:", hinge)
    print(np.round(exp(hinge, math.pi / 2), 3))
