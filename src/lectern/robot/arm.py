"""The arm of the textbook, as a `RobotModel`."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

from lectern.robot import description
from lectern.robot.model import Gripper, Joint, JointLimits, RobotModel

_FINGERS = ("finger_left_joint", "finger_right_joint")


@lru_cache(maxsize=1)
def textbook_arm() -> RobotModel:
    """Return the 6-joint arm with its parallel gripper, read from the robot description.

    Raises:
        DescriptionInvalid: A file of the description is missing or malformed.
    """
    limits = description.joint_limits()
    finger = limits[_FINGERS[0]]
    return RobotModel(
        name="arm",
        urdf=description.unfold_arm(),
        joints=tuple(
            Joint(name, _limits(row)) for name, row in limits.items() if name not in _FINGERS
        ),
        gripper=Gripper(_FINGERS, max_width_m=2 * finger.upper, max_force_n=finger.effort),
        tool_frame="tool_link",
        named=MappingProxyType(description.named_poses()),
        may_touch=frozenset(frozenset(pair.links) for pair in description.allowed_collisions()),
    )


def _limits(row: description.LimitRow) -> JointLimits:
    return JointLimits(row.lower, row.upper, row.velocity, row.acceleration, row.effort)
