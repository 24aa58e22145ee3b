"""Straight lines of the tool: the joint positions along them, without jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from lectern.errors import GoalUnreachable
from lectern.robot.geometry import Floats, Pose
from lectern.robot.model import LIMIT_TOLERANCE
from lectern.robot.planning.kinematics import Kinematics, pose_error, refuse_other_frames

_STEP_M = 0.004
_STEP_RAD = 0.015
_TOLERANCE = 1e-10
_ITERATIONS = 12
# Where the Jacobian's smallest singular value is below this, joints race; metres count as radians.
_SINGULAR = 0.01
_JUMP_RAD = 0.15


def along_line(kinematics: Kinematics, start_rad: Floats, goal: Pose) -> Floats:
    """Return joint positions along a straight line of the tool, shape (points, n).

    The position goes straight and the orientation turns evenly about one axis (slerp). Each point
    is reached from the one before by Newton's method, so the arm stays in its posture.

    Raises:
        InvalidInput: The goal is not given in the world.
        GoalUnreachable: The line leaves the workspace or a joint's limits, or meets a singularity;
            the message says which and where.
    """
    refuse_other_frames(goal)
    start = kinematics.forward(start_rad).matrix()
    end = goal.matrix()
    turn = pin.log3(start[:3, :3].T @ end[:3, :3])
    length, angle = np.linalg.norm(end[:3, 3] - start[:3, 3]), np.linalg.norm(turn)
    steps = max(int(np.ceil(max(length / _STEP_M, angle / _STEP_RAD))), 4)
    points = [start_rad]
    for share in np.linspace(0.0, 1.0, steps + 1)[1:]:
        points.append(_next(kinematics, points[-1], between(start, end, float(share)), share))
    return np.array(points)


def between(start: Floats, end: Floats, share: float) -> Floats:
    """Return the pose at a share of the way, shape (4, 4): a straight line and slerp."""
    pose = np.eye(4)
    pose[:3, 3] = start[:3, 3] + share * (end[:3, 3] - start[:3, 3])
    turn = pin.log3(start[:3, :3].T @ end[:3, :3])
    pose[:3, :3] = start[:3, :3] @ pin.exp3(share * turn)
    return pose


def _next(kinematics: Kinematics, q_rad: Floats, target: Floats, share: float) -> Floats:
    q = q_rad
    for _ in range(_ITERATIONS):
        error = pose_error(kinematics.forward(q).matrix(), target)
        jacobian = kinematics.jacobian(q)
        _refuse_singular(kinematics, jacobian, q, share)
        if np.abs(error).max() < _TOLERANCE:
            break
        q = q + np.linalg.solve(jacobian, error)
        if np.abs(q - q_rad).max() > _JUMP_RAD:
            raise _refusal(share, "the arm would have to jump to another posture")
    else:
        raise _refusal(share, "the tool leaves the workspace")
    _refuse_beyond_limits(kinematics, q, share)
    return q


def _refuse_beyond_limits(kinematics: Kinematics, q: Floats, share: float) -> None:
    model = kinematics.model
    outside = (q < model.lower - LIMIT_TOLERANCE) | (q > model.upper + LIMIT_TOLERANCE)
    if outside.any():
        names = " and ".join(n for n, out in zip(model.names, outside, strict=True) if out)
        raise _refusal(share, f"{names} would leave the joint limits")


def _refuse_singular(kinematics: Kinematics, jacobian: Floats, q: Floats, share: float) -> None:
    _, values, joints = np.linalg.svd(jacobian)
    if values[-1] >= _SINGULAR:
        return
    racing: Sequence[int] = np.flatnonzero(np.abs(joints[-1]) > 0.3).tolist()
    names = ", ".join(f"{kinematics.model.names[i]} at {q[i]:.2f} rad" for i in racing)
    raise _refusal(share, f"the arm is at a singularity ({names})")


def _refusal(share: float, reason: str) -> GoalUnreachable:
    return GoalUnreachable(
        f"The straight line ends at {100 * share:.0f} % of its way: {reason}.",
        "Choose another line, or a pose goal, which may take any path.",
    )
