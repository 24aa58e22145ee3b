"""The geometric Jacobian, its change of frame, and its check by finite differences.

Rows are (linear, angular). The Jacobian built here is the mixed one: the velocity of the tool
origin and the angular velocity of the tool frame, both with base-frame components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ch02_rotations import skew
from ch03_fk import elbow_frames


def geometric_jacobian(frames: Sequence[np.ndarray], kinds: str) -> np.ndarray:
    """Return the 6xn Jacobian of a chain.

    Args:
        frames: Base poses of standard DH frames {0} to {n}; joint i moves about z of {i-1}.
        kinds: One letter a joint: R for revolute, P for prismatic.
    """
    tool = frames[-1][:3, 3]
    columns = []
    for frame, kind in zip(frames[:-1], kinds, strict=True):
        z, origin = frame[:3, 2], frame[:3, 3]
        if kind == "R":
            columns.append(np.concatenate([np.cross(z, tool - origin), z]))
        else:
            columns.append(np.concatenate([z, np.zeros(3)]))
    return np.array(columns).T


def body_from_mixed(J: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the Jacobian with components in the tool frame; T is the tool pose."""
    R = T[:3, :3].T
    return np.vstack([R @ J[:3], R @ J[3:]])


def space_from_mixed(J: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the Jacobian whose v is that of the tool body's point at the base origin."""
    return np.vstack([J[:3] + skew(T[:3, 3]) @ J[3:], J[3:]])


def numerical_jacobian(
    pose: Callable[[np.ndarray], np.ndarray], q: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    """Return the mixed 6xn Jacobian by central differences of a forward-kinematics function."""
    R = pose(q)[:3, :3]
    columns = []
    for dq in step * np.eye(len(q)):
        rate = (pose(q + dq) - pose(q - dq)) / (2.0 * step)
        W = rate[:3, :3] @ R.T
        columns.append(np.concatenate([rate[:3, 3], [W[2, 1], W[0, 2], W[1, 0]]]))
    return np.array(columns).T


def rpy_rate_matrix(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Return E with omega = E (roll', pitch', yaw') for R = Rz(yaw) Ry(pitch) Rx(roll)."""
    del roll  # the axes of the three rotations do not depend on the innermost angle
    cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
    return np.array([[cy * cp, -sy, 0.0], [sy * cp, cy, 0.0], [-sp, 0.0, 1.0]])


if __name__ == "__main__":
    np.set_printoptions(precision=4, suppress=True)
    q = np.radians([90.0, 30.0, 60.0])
    frames = elbow_frames(q)
    J = geometric_jacobian(frames, "RRR")
    print(J)
    numerical = numerical_jacobian(lambda q: elbow_frames(q)[-1], q)
    print("largest error of the numerical check:", np.abs(J - numerical).max())
