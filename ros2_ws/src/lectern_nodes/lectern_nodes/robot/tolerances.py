"""How far an arm may be from its trajectory: read from a goal, and compared with what is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lectern.errors import TrajectoryInvalid
from lectern.graph.robot_messages import seconds_of
from lectern.robot.geometry import Floats
from lectern_nodes.robot.errors import WrongJoints

# As in JointTolerance.msg: any deviation is allowed; the server's default, which allows any too.
_ERASED, _DEFAULT = -1.0, 0.0


@dataclass(frozen=True)
class Limit:
    """Of one joint; None: any deviation.

    Attributes:
        position: Rad.
        velocity: Rad/s.
    """

    position: float | None
    velocity: float | None


@dataclass(frozen=True)
class Tolerances:
    """What a goal asks for, by joint.

    Attributes:
        path: On the way.
        goal: At the end.
        goal_time_s: Time after the trajectory's end by which the goal must be reached; None: any.
    """

    path: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    goal: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    goal_time_s: float | None = None


NONE = Tolerances()


def read_tolerances(goal: Any, names: Sequence[str]) -> Tolerances:
    """Return the tolerances of a FollowJointTrajectory goal.

    Raises:
        WrongJoints: One is for a joint that the arm does not have.
        TrajectoryInvalid: One cannot be honoured: of accelerations, which are not measured, of
            joints with several degrees of freedom, which there are none of, or no number.
    """
    for name in ("component_path_tolerance", "component_goal_tolerance"):
        if len(getattr(goal, name, ())):
            raise TrajectoryInvalid(
                f"The arm has no joints of several degrees of freedom for a {name}.",
                "Give path_tolerance and goal_tolerance.",
            )
    if len(goal.multi_dof_trajectory.joint_names) or len(goal.multi_dof_trajectory.points):
        raise TrajectoryInvalid(
            "The arm has no joints of several degrees of freedom for a multi_dof_trajectory.",
            "Send the trajectory alone.",
        )
    time_s = seconds_of(goal.goal_time_tolerance)
    if time_s < 0:
        raise TrajectoryInvalid("goal_time_tolerance is negative.", "Send 0 for none.")
    return Tolerances(
        MappingProxyType(_limits("path_tolerance", goal.path_tolerance, names)),
        MappingProxyType(_limits("goal_tolerance", goal.goal_tolerance, names)),
        time_s or None,
    )


def beyond(
    limits: Mapping[str, Limit], names: Sequence[str], positions: Floats, velocities: Floats
) -> str:
    """Return which joint is beyond its limit, and by how much; empty if none is.

    Args:
        limits: By joint.
        names: The joints.
        positions: Deviation of each, rad.
        velocities: Deviation of each, rad/s.
    """
    for name, position, velocity in zip(names, positions, velocities, strict=True):
        limit = limits.get(name)
        if limit is None:
            continue
        if limit.position is not None and abs(position) > limit.position:
            return f"{name} was off by {abs(position):.4f} rad, more than {limit.position:g}"
        if limit.velocity is not None and abs(velocity) > limit.velocity:
            return f"{name} was off by {abs(velocity):.4f} rad/s, more than {limit.velocity:g}"
    return ""


def _limits(what: str, given: Any, names: Sequence[str]) -> dict[str, Limit]:
    limits = {}
    for item in given:
        if item.name not in names:
            raise WrongJoints(
                f"The {what} names {item.name[:80]!r}, which is no joint of the arm.",
                f"The joints are {', '.join(names)}.",
            )
        if item.acceleration > 0:
            raise TrajectoryInvalid(
                f"The {what} of {item.name} limits the acceleration, which is not measured.",
                "Limit position and velocity.",
            )
        limits[item.name] = Limit(
            _one(what, item.name, item.position), _one(what, item.name, item.velocity)
        )
    return limits


def _one(what: str, joint: str, value: float) -> float | None:
    if value in (_ERASED, _DEFAULT):
        return None
    if not (math.isfinite(value) and value > 0):
        raise TrajectoryInvalid(
            f"The {what} of {joint} is {value}.", "Send a number above 0; 0 or -1 for none."
        )
    return value
