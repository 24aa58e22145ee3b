"""The arm's kinematics as chapter 3 of the book writes it: matrices multiplied by hand.

The planner uses a library for this; here each formula stands as the book derives it, so that the
two can be compared. Base frame: that of `base_link`; lengths in m, angles in rad.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from lectern.robot.description import DhRow, dh_table
from lectern.robot.geometry import Floats


@lru_cache(maxsize=1)
def table() -> tuple[DhRow, ...]:
    """Return the arm's standard Denavit-Hartenberg table."""
    return dh_table()


def dh_standard(a_m: float, alpha_rad: float, d_m: float, theta_rad: float) -> Floats:
    """Return the transform from frame {i} to frame {i-1}: Rz(theta) Tz(d) Tx(a) Rx(alpha)."""
    ct, st = np.cos(theta_rad), np.sin(theta_rad)
    ca, sa = np.cos(alpha_rad), np.sin(alpha_rad)
    return np.array(
        [
            [ct, -st * ca, st * sa, a_m * ct],
            [st, ct * ca, -ct * sa, a_m * st],
            [0.0, sa, ca, d_m],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def frames(q_rad: Floats) -> list[Floats]:
    """Return the poses of frames {0} (base) to {6} (tool) in the base frame."""
    poses: list[Floats] = [np.eye(4)]
    for row, angle in zip(table(), q_rad, strict=True):
        step = dh_standard(row.a_m, row.alpha_rad, row.d_m, angle + row.theta_offset_rad)
        poses.append(poses[-1] @ step)
    return poses


def tool_pose(q_rad: Floats) -> Floats:
    """Return the pose of the tool in the base frame, shape (4, 4)."""
    return frames(q_rad)[-1]


def wrist_centre(q_rad: Floats) -> Floats:
    """Return where the axes of joints 4, 5 and 6 meet, m: the tip of the book's elbow arm."""
    return np.asarray(frames(q_rad)[4][:3, 3])


def tool_path(path_rad: Floats) -> Floats:
    """Return the tool's positions along joint positions of shape (points, 6), m."""
    return np.array([tool_pose(q)[:3, 3] for q in path_rad])


def skeleton(q_rad: Floats) -> Floats:
    """Return the points to draw the arm by, shape (5, 3): base, shoulder, elbow, wrist, tool."""
    poses = frames(q_rad)
    return np.array([poses[i][:3, 3] for i in (0, 1, 2, 4, 6)])


def geometric_jacobian(poses: Sequence[Floats], point_m: Floats) -> Floats:
    """Return the 6xn Jacobian of a point carried by the last of the frames {0} to {n}.

    Column i is (z x (p - p_i), z) with z the axis of joint i and p_i the origin of frame {i-1};
    base axes, linear rows first.
    """
    columns = []
    for pose in poses[:-1]:
        z, origin = pose[:3, 2], pose[:3, 3]
        columns.append(np.concatenate([np.cross(z, point_m - origin), z]))
    return np.asarray(np.transpose(columns), dtype=np.float64)


def tool_jacobian(q_rad: Floats) -> Floats:
    """Return the tool's Jacobian, shape (6, 6)."""
    poses = frames(q_rad)
    return geometric_jacobian(poses, poses[-1][:3, 3])


def elbow_jacobian(q_rad: Floats) -> Floats:
    """Return the Jacobian of the wrist centre's position by joints 1 to 3, shape (3, 3)."""
    return geometric_jacobian(frames(q_rad)[:4], wrist_centre(q_rad))[:3]


def damped_pinv(jacobian: Floats, damping: float) -> Floats:
    """Return J^T (J J^T + damping^2 I)^-1; with damping 0 the inverse of a regular J."""
    rows = len(jacobian)
    inverse = np.linalg.inv(jacobian @ jacobian.T + damping**2 * np.eye(rows))
    return np.asarray(jacobian.T @ inverse, dtype=np.float64)


def inverse(pose: Floats) -> dict[str, Floats]:
    """Return the joint positions that put the tool at a pose, by their posture; limits ignored.

    The axes of the wrist meet in one point, so the position of that point alone decides joints 1
    to 3, and the rest of the rotation decides joints 4 to 6 (Pieper 1968). Each of the three steps
    has two answers: shoulder facing the target or turned away, elbow up or down, wrist turned one
    way or the other. Out of reach: no answer.
    """
    solutions = {}
    for shoulder, elbow, wrist in itertools.product(
        ("facing", "turned"), ("up", "down"), ("plain", "flipped")
    ):
        first = _first_three(pose, shoulder == "turned", elbow == "up")
        if first is not None:
            q = np.array([*first, *_last_three(pose, first, wrist == "flipped")])
            solutions[f"shoulder {shoulder}, elbow {elbow}, wrist {wrist}"] = _fit(q)
    return solutions


def _first_three(pose: Floats, turned: bool, up: bool) -> tuple[float, float, float] | None:
    upper, fore, tool = table()[1].a_m, table()[3].d_m, table()[5].d_m
    x, y, z = pose[:3, 3] - tool * pose[:3, 2]
    reach = -np.hypot(x, y) if turned else np.hypot(x, y)
    rise = z - table()[0].d_m
    cosine = (reach**2 + rise**2 - upper**2 - fore**2) / (2 * upper * fore)
    if abs(cosine) > 1:
        return None
    # Facing the target the elbow stands above the line to it when joint 3 bends down; turned
    # away, the other way round.
    q3 = np.arccos(cosine) * (1 if turned == up else -1)
    q2 = np.arctan2(rise, reach) - np.arctan2(fore * np.sin(q3), upper + fore * np.cos(q3))
    q1 = np.arctan2(y, x) + (np.pi if turned else 0.0)
    return float(q1), float(q2), float(q3)


def _last_three(
    pose: Floats, first: tuple[float, float, float], flipped: bool
) -> tuple[float, float, float]:
    # The wrist turns by Rz(q4) Ry(q5) Rz(q6) relative to frame {3}: z-y-z Euler angles.
    turn = frames(np.array([*first, 0.0, 0.0, 0.0]))[3][:3, :3].T @ pose[:3, :3]
    sine = np.hypot(turn[0, 2], turn[1, 2])
    if sine < 1e-9:  # joints 4 and 6 share one axis; let joint 6 do it all
        q5 = 0.0 if turn[2, 2] > 0 else np.pi
        return 0.0, q5, float(np.arctan2(turn[1, 0], turn[1, 1]))
    side = -1.0 if flipped else 1.0
    q4 = np.arctan2(side * turn[1, 2], side * turn[0, 2])
    q6 = np.arctan2(side * turn[2, 1], -side * turn[2, 0])
    return float(q4), float(side * np.arctan2(sine, turn[2, 2])), float(q6)


def _fit(q_rad: Floats) -> Floats:
    """Wrap into one turn; joint 2 around its middle, straight up."""
    middle = np.array([0.0, np.pi / 2, 0.0, 0.0, 0.0, 0.0])
    return np.asarray((q_rad - middle + np.pi) % (2 * np.pi) - np.pi + middle)
