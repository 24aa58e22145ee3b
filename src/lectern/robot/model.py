"""What a robot is: joints with their limits, its gripper, its named poses, its description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lectern.errors import InvalidInput, LimitsExceeded
from lectern.robot.geometry import Floats

# Joint positions may leave the limits by this much through rounding, rad or m.
LIMIT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class JointLimits:
    """Limits of one joint, in rad, rad/s, rad/s^2 and N m, or m, m/s, m/s^2 and N."""

    lower: float
    upper: float
    velocity: float
    acceleration: float
    effort: float


@dataclass(frozen=True)
class Joint:
    """One joint that a motor drives."""

    name: str
    limits: JointLimits


@dataclass(frozen=True)
class Gripper:
    """A parallel gripper.

    Attributes:
        joints: The fingers; the first is driven, the others mirror it.
        max_width_m: Distance between the open fingers.
        max_force_n: Force with which they can close.
    """

    joints: tuple[str, ...]
    max_width_m: float
    max_force_n: float


@dataclass(frozen=True)
class RobotModel:
    """Everything planning and the gate know of a robot.

    Attributes:
        name: Of the robot, as it stands in plans and approvals.
        urdf: Its description, unfolded.
        joints: The arm's, from the base to the tool.
        gripper: What it holds things with.
        tool_frame: The link whose pose goals are about.
        named: Joint positions by name, rad, in the order of `joints`.
        may_touch: Pairs of links that need not be checked against each other.
    """

    name: str
    urdf: str
    joints: tuple[Joint, ...]
    gripper: Gripper
    tool_frame: str
    named: Mapping[str, tuple[float, ...]]
    may_touch: frozenset[frozenset[str]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The arm's joints, in order."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def lower(self) -> Floats:
        """Lower position limits, shape (joints,), rad."""
        return self._limits("lower")

    @cached_property
    def upper(self) -> Floats:
        """Upper position limits, shape (joints,), rad."""
        return self._limits("upper")

    @cached_property
    def max_velocity(self) -> Floats:
        """Velocity limits, shape (joints,), rad/s."""
        return self._limits("velocity")

    @cached_property
    def max_acceleration(self) -> Floats:
        """Acceleration limits, shape (joints,), rad/s^2."""
        return self._limits("acceleration")

    @cached_property
    def max_effort(self) -> Floats:
        """Effort limits, shape (joints,), N m."""
        return self._limits("effort")

    def _limits(self, which: str) -> Floats:
        """Return one limit of every joint; read only, for whoever checks shares it."""
        limits = np.array([getattr(joint.limits, which) for joint in self.joints], np.float64)
        return np.frombuffer(limits.tobytes())  # unlike a flag, bytes cannot be made writable

    def pose_named(self, name: str) -> tuple[float, ...]:
        """Return the joint positions of a named pose, rad.

        Raises:
            InvalidInput: There is no such pose.
        """
        if name not in self.named:
            raise InvalidInput(
                f"The robot has no pose named {name[:80]!r}.",
                f"Named poses: {', '.join(sorted(self.named))}.",
            )
        return self.named[name]

    def check_positions(
        self, positions_rad: Floats, what: str, slack_rad: float = LIMIT_TOLERANCE
    ) -> None:
        """Check one set of joint positions.

        Args:
            positions_rad: Shape (joints,).
            what: Names them in the message.
            slack_rad: How far beyond a limit they may be; a joint resting at its limit is measured
                a little beyond it.

        Raises:
            InvalidInput: The number of joints is wrong or a number is not finite.
            LimitsExceeded: A joint is outside its limits.
        """
        values = np.asarray(positions_rad, dtype=np.float64)
        if values.shape != (len(self.joints),) or not np.isfinite(values).all():
            raise InvalidInput(
                f"The {what} is not {len(self.joints)} finite numbers.",
                f"Give one position in rad for each of {', '.join(self.names)}.",
            )
        for joint, value in zip(self.joints, values, strict=True):
            low, high = joint.limits.lower, joint.limits.upper
            if not low - slack_rad <= value <= high + slack_rad:
                raise LimitsExceeded(
                    f"The {what} has {joint.name} at {value:.4f} rad, not in {low:g} to {high:g}.",
                    "Stay within the joint's limits.",
                )
