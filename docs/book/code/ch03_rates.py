"""Joint rates from tool velocities: inverse, pseudo-inverse, damped least squares, null space."""

from __future__ import annotations

import numpy as np
from ch03_planar import jacobian, tool_position


def manipulability(J: np.ndarray) -> float:
    """Return Yoshikawa's measure sqrt(det(J J^T)), the product of the singular values."""
    return float(np.prod(np.linalg.svd(J, compute_uv=False)))


def damped_pinv(J: np.ndarray, damping: float) -> np.ndarray:
    """Return J^T (J J^T + damping^2 I)^-1; with damping 0 the pseudo-inverse of a full-rank J."""
    return J.T @ np.linalg.inv(J @ J.T + damping**2 * np.eye(len(J)))


def null_space_rates(J: np.ndarray, v: np.ndarray, wish: np.ndarray) -> np.ndarray:
    """Return rates that give the tool velocity v and come as near to `wish` as that allows."""
    J_pinv = np.linalg.pinv(J)
    return J_pinv @ v + (np.eye(J.shape[1]) - J_pinv @ J) @ wish


def planar_jacobian(q: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the 2xn position Jacobian of a planar arm with n revolute joints."""
    angles = np.cumsum(q)
    dx = -lengths * np.sin(angles)
    dy = lengths * np.cos(angles)
    # Joint i moves every link from i on: sum from the tip back to the joint.
    return np.array([np.cumsum(dx[::-1])[::-1], np.cumsum(dy[::-1])[::-1]])


def track_line(
    q: np.ndarray, v: np.ndarray, seconds: float, dt: float, gain: float = 5.0
) -> tuple[np.ndarray, float]:
    """Move the 2R arm (0.5 m, 0.4 m) along a line with resolved-rate control.

    Returns:
        The last joint vector and the largest distance from the line's moving target, in metres.
    """
    start = tool_position(q, 0.5, 0.4)
    worst = 0.0
    for step in range(round(seconds / dt)):
        error = start + v * (step * dt) - tool_position(q, 0.5, 0.4)
        worst = max(worst, float(np.linalg.norm(error)))
        rates = damped_pinv(jacobian(q, 0.5, 0.4), 0.01) @ (v + gain * error)
        q = q + rates * dt
    return q, worst


if __name__ == "__main__":
    for degrees in (60.0, 10.0, 1.0, 0.1):
        J = jacobian(np.radians([0.0, degrees]), 0.5, 0.4)
        v = np.array([-0.1, 0.0])
        exact, damped = np.linalg.solve(J, v), damped_pinv(J, 0.05) @ v
        print(f"q2 = {degrees:5.1f} deg  exact {exact.round(3)}  damped {damped.round(3)}")
    q, worst = track_line(np.radians([30.0, 60.0]), np.array([-0.1, 0.0]), 3.0, 0.01)
    print(f"line followed to {worst * 1000:.2f} mm, ends at q = {np.degrees(q).round(1)} deg")
