"""What the robot is doing at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lectern.robot.geometry import Floats


class Activity(str, Enum):
    """What the robot is busy with."""

    IDLE = "idle"
    MOVING = "moving"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class RobotState:
    """One measurement of every joint; arrays are read only.

    Attributes:
        names: Joints, the arm's in order from the base, then the gripper's fingers.
        positions: Shape (joints,), rad or m.
        velocities: Shape (joints,), rad/s or m/s.
        efforts: Shape (joints,), N m or N.
        stamp_s: Time of the robot's own clock, in seconds since it started.
        activity: What the robot is busy with.
    """

    names: tuple[str, ...]
    positions: Floats
    velocities: Floats
    efforts: Floats
    stamp_s: float
    activity: Activity = Activity.IDLE

    def of(self, names: tuple[str, ...]) -> Floats:
        """Return the positions of some joints, in the order asked for, rad or m."""
        return self.positions[[self.names.index(name) for name in names]]
