"""Inverse kinematics: in closed form for arms with a spherical wrist, by iteration for others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from lectern.robot.geometry import Floats

# Lengths and sines below this are taken for zero; m, or no unit.
_ZERO = 1e-9
_ITERATIONS = 200


@dataclass(frozen=True)
class SphericalWrist:
    """An arm of six turning joints: the last three axes meet, the second and third are parallel.

    The decomposition into geometric subproblems follows Elias and Wen, "IK-Geo: unified robot
    inverse kinematics using subproblem decomposition", 2022; the subproblems are those of Paden
    and Kahan. All vectors are in the world, at joint positions zero.

    Attributes:
        axes: Unit axis of each joint, shape (6, 3).
        points: A point on each axis, shape (6, 3), m; the last three are the wrist's centre.
        tool: Pose of the tool, shape (4, 4).
    """

    axes: Floats
    points: Floats
    tool: Floats

    @classmethod
    def of(cls, arm: pin.Model, tool: int) -> SphericalWrist | None:
        """Read the arm's axes off its model; None: it is built in another way."""
        if arm.nq != 6 or any(not _turns(joint) for joint in arm.joints[1:]):
            return None
        data = arm.createData()
        pin.computeJointJacobians(arm, data, np.zeros(6))
        jacobian = pin.getFrameJacobian(arm, data, tool, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
        axes = np.array(jacobian[3:].T)
        points = np.array([data.oMi[i].translation for i in range(1, 7)])
        centre = _meeting_point(axes[3:], points[3:])
        if centre is None or np.linalg.norm(np.cross(axes[1], axes[2])) > _ZERO:
            return None
        points[3:] = centre
        pin.updateFramePlacements(arm, data)
        return cls(axes, points, np.array(data.oMf[tool].homogeneous))

    def solutions(self, target: Floats, near: Floats) -> list[Floats]:
        """Return every solution for a tool pose, shape (4, 4), disregarding limits and full turns.

        Where a joint is free, at a singularity, it stays where `near` has it.
        """
        motion = target @ np.linalg.inv(self.tool)
        centre = motion[:3, :3] @ self.points[3] + motion[:3, 3]
        arms = [
            (q1, q2, q3)
            for q1 in self._first(centre, near[0])
            for q2, q3 in self._second_and_third(centre, q1, near[1])
        ]
        return [
            np.array([*arm, *wrist])
            for arm in arms
            for wrist in self._wrist(arm, motion[:3, :3], near[3])
        ]

    def _first(self, centre: Floats, near: float) -> list[float]:
        """Axes 2 and 3 are parallel, so turning about them keeps the offset along them."""
        axis, point = self.axes[0], self.points[0]
        offset = float(self.axes[1] @ (self.points[3] - point))
        return _turn_to_plane(self.axes[1], -axis, centre - point, offset, near)

    def _second_and_third(
        self, centre: Floats, q1: float, near: float
    ) -> list[tuple[float, float]]:
        back = rotation(self.axes[0], -q1)
        seen = back @ (centre - self.points[0]) + self.points[0] - self.points[1]
        upper = self.points[2] - self.points[1]
        fore = self.points[3] - self.points[2]
        product = (seen @ seen - upper @ upper - fore @ fore) / 2
        found = []
        for q3 in _turn_to_plane(upper, self.axes[2], fore, product, 0.0):
            reach = upper + rotation(self.axes[2], q3) @ fore
            found.append((_turn_onto(self.axes[1], reach, seen, near), q3))
        return found

    def _wrist(
        self, arm: tuple[float, float, float], turn: Floats, near: float
    ) -> list[tuple[float, float, float]]:
        h4, h5, h6 = self.axes[3:]
        carried = np.eye(3)
        for axis, angle in zip(self.axes, arm, strict=False):
            carried = carried @ rotation(axis, angle)
        left = carried.T @ turn
        found = []
        for q5 in _turn_to_plane(h4, h5, h6, float(h4 @ left @ h6), 0.0):
            tilted = rotation(h5, q5)
            q4 = _turn_onto(h4, tilted @ h6, left @ h6, near)
            rest = (rotation(h4, q4) @ tilted).T @ left
            across = _across(h6)
            found.append((q4, q5, _turn_onto(h6, across, rest @ across, 0.0)))
        return found


def damped_least_squares(arm: pin.Model, tool: int, target: Floats, start: Floats) -> Floats | None:
    """Return joint positions that bring the tool to a pose, shape (4, 4); None: not from here.

    Levenberg-Marquardt with damping in proportion to the error: Sugihara, "Solvability-unconcerned
    inverse kinematics by the Levenberg-Marquardt method", 2011.
    """
    data, q = arm.createData(), np.array(start)
    low, high = arm.lowerPositionLimit, arm.upperPositionLimit
    for _ in range(_ITERATIONS):
        pin.framesForwardKinematics(arm, data, q)
        present = data.oMf[tool]
        turn = pin.log3(target[:3, :3] @ present.rotation.T)
        error = np.concatenate([target[:3, 3] - present.translation, turn])
        if np.abs(error).max() < 1e-8:
            return q
        frame = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        jacobian = pin.computeFrameJacobian(arm, data, q, tool, frame)
        damping = (error @ error / 2 + 1e-9) * np.eye(arm.nv)
        step = np.linalg.solve(jacobian.T @ jacobian + damping, jacobian.T @ error)
        q = np.clip(q + step, low, high)
    return None


def rotation(axis: Floats, angle: float) -> Floats:
    """Return the rotation matrix about a unit axis, shape (3, 3): Rodrigues' formula."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _turn_to_plane(
    normal: Floats, axis: Floats, point: Floats, offset: float, near: float
) -> list[float]:
    """Return the angles that bring `point`, turned about `axis`, to `normal . x = offset`.

    Subproblem 4 of Elias and Wen: A cos(t) + B sin(t) = C. Where every angle does, `near`.
    """
    along = float(normal @ axis) * float(axis @ point)
    a, b, c = float(normal @ point) - along, float(normal @ np.cross(axis, point)), offset - along
    radius = float(np.hypot(a, b))
    if abs(c) > radius + _ZERO:
        return []
    if radius < _ZERO:
        return [near]
    middle, half = np.arctan2(b, a), np.arccos(np.clip(c / radius, -1.0, 1.0))
    angles = [middle + half, middle - half] if half > 0 else [middle]
    return [float(angle) for angle in angles]


def _turn_onto(axis: Floats, start: Floats, end: Floats, near: float) -> float:
    """Return the angle about `axis` that brings `start` nearest to `end` (Paden-Kahan 1).

    Where `start` lies on the axis every angle does, so it is `near`.
    """
    from_axis = start - axis * (axis @ start)
    if np.linalg.norm(from_axis) < _ZERO * 100:
        return near
    return float(np.arctan2(axis @ np.cross(from_axis, end), from_axis @ end))


def _turns(joint: pin.JointModel) -> bool:
    return bool(joint.nq == 1) and "JointModelR" in str(joint.shortname())


def _across(axis: Floats) -> Floats:
    """Return a unit vector at right angles to a unit axis."""
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    across = np.cross(axis, helper)
    return np.asarray(across / np.linalg.norm(across))


def _meeting_point(axes: Floats, points: Floats) -> Floats | None:
    """Return the point in which lines meet; None where they do not.

    The least-squares point: the sum of I - h h^T over all lines has it as its solution.
    """
    projectors = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    matrix = projectors.sum(axis=0)
    if np.linalg.cond(matrix) > 1e6:
        return None
    point = np.linalg.solve(matrix, np.einsum("kij,kj->i", projectors, points))
    away = np.einsum("kij,kj->ki", projectors, point - points)
    return point if np.abs(away).max() < _ZERO else None
