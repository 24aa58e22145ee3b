"""Where a motion shall end, and how it shall be planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lectern.robot.geometry import Pose
from lectern.robot.scene import Scene


@dataclass(frozen=True)
class JointGoal:
    """Joint positions, rad, in the order of `RobotModel.names`."""

    positions_rad: tuple[float, ...]


@dataclass(frozen=True)
class NamedGoal:
    """One of the robot's named poses, such as `home`."""

    name: str


@dataclass(frozen=True)
class PoseGoal:
    """A pose of the tool frame, reached on any path."""

    pose: Pose


@dataclass(frozen=True)
class LineGoal:
    """A pose of the tool frame, reached along a straight line, turning evenly on the way."""

    pose: Pose


Goal: TypeAlias = JointGoal | NamedGoal | PoseGoal | LineGoal


@dataclass(frozen=True)
class PlanRequest:
    """A goal with everything planning depends on.

    Attributes:
        goal: Where to end.
        start_rad: Where to begin, in the order of `RobotModel.names`; None: where the robot is.
        scene: The surroundings to plan in; None: those of the robot at present.
        speed_scale: Share of the velocity and acceleration limits to use, above 0, at most 1.
        timeout_s: Longest time to search for a path.
        planner: Name of the algorithm; see `lectern.robot.planning.planner`.
        seed: Seed of everything random.
    """

    goal: Goal
    start_rad: tuple[float, ...] | None = None
    scene: Scene | None = None
    speed_scale: float = 1.0
    timeout_s: float = 5.0
    planner: str = "rrt_connect"
    seed: int = 0
