"""Forward kinematics of many configurations at once, and how far balls on the links can move.

Pinocchio computes one configuration in a microsecond, but asking it from Python for every sample of
a motion costs more than computing them together here; tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from lectern.robot.geometry import Floats


@dataclass(frozen=True)
class Frames:
    """Where the joints are in each of k configurations, in the world.

    Attributes:
        rotations: Shape (joints + 1, k, 3, 3); index 0 is the world.
        origins_m: Shape (joints + 1, k, 3).
    """

    rotations: Floats
    origins_m: Floats


class Chain:
    """A serial chain of turning and sliding joints.

    Attributes:
        axes: Axis of each joint in its own frame, shape (joints, 3).
        sliding: Whether a joint slides, shape (joints,).
    """

    def __init__(self, arm: pin.Model) -> None:
        data = arm.createData()
        pin.computeJointJacobians(arm, data, pin.neutral(arm))
        local = [
            pin.getJointJacobian(arm, data, i + 1, pin.ReferenceFrame.LOCAL)[:, i]
            for i in range(arm.nq)
        ]
        self.sliding = np.array([np.linalg.norm(column[3:]) < 0.5 for column in local])
        self.axes = np.array([c[:3] if s else c[3:] for c, s in zip(local, self.sliding)])  # noqa: B905
        placements = list(arm.jointPlacements)[1:]
        self._offsets = np.array([placement.translation for placement in placements])
        # Rotation of joint i by q, after its placement: A + sin(q) B + (1 - cos(q)) C.
        self._a = np.array([placement.rotation for placement in placements])
        self._b = np.array([a @ _cross(u) for a, u in zip(self._a, self.axes, strict=True)])
        self._c = np.array([b @ _cross(u) for b, u in zip(self._b, self.axes, strict=True)])

    def frames(self, q: Floats) -> Frames:
        """Return the joint frames of configurations of shape (k, joints)."""
        count, joints = q.shape
        rotations, origins = np.empty((joints + 1, count, 3, 3)), np.empty((joints + 1, count, 3))
        rotations[0], origins[0] = np.eye(3), 0.0
        sin = np.sin(q).T[:, :, None, None]
        versin = (1 - np.cos(q)).T[:, :, None, None]
        for i in range(joints):
            before = rotations[i]
            origins[i + 1] = origins[i] + before @ self._offsets[i]
            if self.sliding[i]:
                rotations[i + 1] = before @ self._a[i]
                origins[i + 1] += q[:, i, None] * (rotations[i + 1] @ self.axes[i])
            else:
                rotations[i + 1] = before @ (
                    self._a[i] + sin[i] * self._b[i] + versin[i] * self._c[i]
                )
        return Frames(rotations, origins)

    def travel(
        self, frames: Frames, half_widths: Floats, balls: Floats, radii: Floats, first: list[int]
    ) -> Floats:
        """Bound how far any point of a ball moves while the joints stay near a configuration.

        Args:
            frames: Of the k configurations.
            half_widths: How far each joint may be from its value there, shape (k, joints).
            balls: Centres in the world, shape (k, balls, 3), sorted by joint.
            radii: Shape (balls,).
            first: Index of the first ball that joint i or a later one moves, for each joint.

        Returns:
            Shape (joints + 1, k, balls): entry i bounds the motion due to joints i and later, so
            entry 0 is the motion in the world.

        Turning joint i alone by at most w moves a point at distance r from its axis by at most
        w r. The joints after it have moved the point by at most d before, so r has grown by at
        most d, and together they move it by d + w (r + d). The bound on points of links by joint
        motion times distance from the axis is that of Schwarzer, Saha and Latombe, "Adaptive
        dynamic collision checking for single and multiple articulated robots in complex
        environments", 2005; taking r where the robot is keeps it tight.
        """
        joints = half_widths.shape[1]
        travel = np.zeros((joints + 1, *balls.shape[:2]))
        for i in reversed(range(joints)):
            moved, width = slice(first[i], None), half_widths[:, i, None]
            travel[i] = travel[i + 1]
            if self.sliding[i]:
                travel[i, :, moved] += width
                continue
            axis = frames.rotations[i + 1] @ self.axes[i]
            arm = balls[:, moved] - frames.origins_m[i + 1][:, None]
            along = np.einsum("kbx,kx->kb", arm, axis)
            squared = np.einsum("kbx,kbx->kb", arm, arm) - along * along
            reach = np.sqrt(np.maximum(squared, 0.0)) + radii[moved]
            travel[i, :, moved] += width * (reach + travel[i + 1, :, moved])
        return travel


def _cross(axis: Floats) -> Floats:
    x, y, z = axis
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
