"""Numeric drift of a rotation matrix, and its repair."""

from __future__ import annotations

import numpy as np
from ch02_rotations import Matrix, rodrigues, skew


def orthogonality_error(r: Matrix) -> float:
    """Return the largest entry of |R^T R - I|, zero for a rotation."""
    return float(np.abs(r.T @ r - np.eye(3)).max())


def euler_step(r: Matrix, omega: Matrix, dt: float) -> Matrix:
    """Advance R by one step of R' = [omega] R, wrongly: the result is not a rotation."""
    return r + dt * skew(omega) @ r


def exact_step(r: Matrix, omega: Matrix, dt: float) -> Matrix:
    """Advance R by the rotation that a constant omega (rad/s, nonzero) makes in dt seconds."""
    rate = float(np.linalg.norm(omega))
    return rodrigues(omega / rate, rate * dt) @ r


def nearest_rotation(m: Matrix) -> Matrix:
    """Return the rotation matrix nearest to m (least sum of squared differences)."""
    u, _, vt = np.linalg.svd(m)
    u[:, 2] *= np.sign(np.linalg.det(u @ vt))
    rotation: Matrix = u @ vt
    return rotation


if __name__ == "__main__":
    omega = np.array([0.0, 0.0, 1.0])
    wrong = right = np.eye(3)
    for _ in range(1000):
        wrong = euler_step(wrong, omega, 0.01)
        right = exact_step(right, omega, 0.01)
    print(f"Euler steps:  error {orthogonality_error(wrong):.3f}")
    print(f"exact steps:  error below 1e-12: {orthogonality_error(right) < 1e-12}")
    print(
        f"repaired:     error below 1e-12: {orthogonality_error(nearest_rotation(wrong)) < 1e-12}"
    )
