"""The collision shapes of the arm with its fingers held: what all scenes have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pinocchio as pin

from lectern.errors import DescriptionInvalid
from lectern.robot.model import RobotModel
from lectern.robot.planning.batch import Chain


@dataclass(frozen=True)
class Body:
    """The arm as collision checks see it.

    Attributes:
        arm: Joints, with the fingers held.
        chain: The same for many configurations at once.
        shapes: Collision shapes; each names its link by `parentFrame`.
    """

    arm: pin.Model
    chain: Chain
    shapes: pin.GeometryModel

    def link_of(self, shape: pin.GeometryObject) -> str:
        """Return the link that a shape belongs to."""
        return str(shape.name).rpartition("_")[0]

    def joint_carrying(self, link: str) -> tuple[int, pin.SE3] | None:
        """Return the joint that moves a link, and where the link is in its frame; None: no link."""
        if not self.arm.existFrame(link, pin.FrameType.BODY):
            return None
        frame = self.arm.frames[self.arm.getFrameId(link, pin.FrameType.BODY)]
        return int(frame.parentJoint), frame.placement


@lru_cache(maxsize=64)
def _held(urdf: str, names: tuple[str, ...], fingers: tuple[str, ...], finger_m: float) -> Body:
    full = pin.buildModelFromXML(urdf)
    try:
        shapes = pin.buildGeomFromUrdfString(full, urdf, pin.GeometryType.COLLISION)
    except ValueError as error:
        raise DescriptionInvalid(
            f"The collision shapes of the robot cannot be read: {error}.", "Repair the URDF."
        ) from error
    position = pin.neutral(full)
    for name in fingers:
        position[full.joints[full.getJointId(name)].idx_q] = finger_m
    locked = [i for i in range(1, full.njoints) if full.names[i] not in names]
    arm, reduced = pin.buildReducedModel(full, [shapes], locked, position)
    return Body(arm, Chain(arm), reduced[0])


def body_of(model: RobotModel, finger_m: float) -> Body:
    """Return the arm with its fingers held at a position, m, rounded to a tenth of a millimetre.

    Raises:
        DescriptionInvalid: The description cannot be used.
    """
    fingers, finger_m = model.gripper.joints, round(float(np.clip(finger_m, 0.0, 1.0)), 4)
    return _held(model.urdf, model.names, fingers, finger_m)
