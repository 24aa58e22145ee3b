"""Forward kinematics and Jacobian of the planar 2R arm; lengths in metres, angles in radians."""

from __future__ import annotations

import numpy as np


def tool_position(q: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """Return the tool point (x, y) for the joint angles q = (q1, q2)."""
    q1, q12 = q[0], q[0] + q[1]
    return np.array([l1 * np.cos(q1) + l2 * np.cos(q12), l1 * np.sin(q1) + l2 * np.sin(q12)])


def jacobian(q: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """Return the 2x2 matrix that maps (dq1/dt, dq2/dt) to (dx/dt, dy/dt)."""
    q1, q12 = q[0], q[0] + q[1]
    return np.array(
        [
            [-l1 * np.sin(q1) - l2 * np.sin(q12), -l2 * np.sin(q12)],
            [l1 * np.cos(q1) + l2 * np.cos(q12), l2 * np.cos(q12)],
        ]
    )


if __name__ == "__main__":
    q = np.radians([30.0, 60.0])
    J = jacobian(q, 0.5, 0.4)
    print("tool at  ", tool_position(q, 0.5, 0.4))
    print("velocity ", J @ np.array([0.5, -0.2]))
    print("torques  ", J.T @ np.array([0.0, 9.81]))
