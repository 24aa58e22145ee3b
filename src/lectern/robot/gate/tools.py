"""The tools that move the robot: who may use them where, their arguments, what they ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lectern.errors import InvalidInput, ToolNotAllowed
from lectern.robot.gate.users import APPROVERS, PROPOSERS, User, check_role
from lectern.robot.geometry import Pose
from lectern.robot.goals import Goal, JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Move
from lectern.robot.trajectory import Trajectory

Intent: TypeAlias = PlanRequest | Grip | Move

# Points of a trajectory that somebody else made.
MAX_FOLLOWED_POINTS = 10_000

Angle = Annotated[float, Field(ge=-100.0, le=100.0)]
Metres = Annotated[float, Field(ge=-10.0, le=10.0)]
# A unit quaternion that was rounded is made one; anything longer is a mistake.
Part = Annotated[float, Field(ge=-1.01, le=1.01)]
Scale = Annotated[float, Field(gt=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0, le=86_400.0)]
JointName = Annotated[str, Field(min_length=1, max_length=80)]
Row = Annotated[tuple[Angle, ...], Field(min_length=1, max_length=32)]
Rows = Annotated[tuple[Row, ...], Field(min_length=2, max_length=MAX_FOLLOWED_POINTS)]


class Arguments(BaseModel):
    """What every tool's arguments have in common: no conversions, no extras, finite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def recorded(self, given: str) -> str:
        """Return what the audit log keeps of the arguments, given as JSON: all of them."""
        return given


class MoveJoints(Arguments):
    """Joint positions, rad, in the order of the model."""

    positions_rad: Annotated[tuple[Angle, ...], Field(min_length=1, max_length=32)]
    speed_scale: Scale = 0.5

    def intent(self) -> Intent:
        """Return what is asked of the robot."""
        return _plan(JointGoal(self.positions_rad), self.speed_scale)


class MoveNamed(Arguments):
    """One of the robot's named poses."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    speed_scale: Scale = 0.5

    def intent(self) -> Intent:
        """Return what is asked of the robot."""
        return _plan(NamedGoal(self.name), self.speed_scale)


class MovePose(Arguments):
    """A pose of the tool frame in the world, reached on any path."""

    position_m: tuple[Metres, Metres, Metres]
    quaternion_xyzw: tuple[Part, Part, Part, Part]
    speed_scale: Scale = 0.5

    def intent(self) -> Intent:
        """Return what is asked of the robot."""
        return _plan(PoseGoal(self.pose), self.speed_scale)

    @property
    def pose(self) -> Pose:
        """The pose asked for, in the world."""
        return Pose(self.position_m, self.quaternion_xyzw)


class MoveLine(MovePose):
    """A pose of the tool frame in the world, reached along a straight line."""

    def intent(self) -> Intent:
        """Return what is asked of the robot."""
        return _plan(LineGoal(self.pose), self.speed_scale)


class GripArguments(Arguments):
    """Distance between the fingers, their force, and what they take or let go of, by name."""

    width_m: Annotated[float, Field(ge=0.0, le=1.0)]
    force_n: Annotated[float, Field(gt=0.0, le=1000.0)] = 20.0
    attach: Annotated[str, Field(max_length=64)] = ""
    detach: Annotated[str, Field(max_length=64)] = ""

    def intent(self) -> Intent:
        """Return what is asked of the robot."""
        return Grip(self.width_m + 0.0, self.force_n, self.attach, self.detach)


class FollowTrajectory(Arguments):
    """A whole trajectory: joints, times, and positions and velocities at each time.

    `lectern.robot.following` makes it from points of other kinds.
    """

    names: Annotated[tuple[JointName, ...], Field(min_length=1, max_length=32)]
    times_s: Annotated[tuple[Seconds, ...], Field(min_length=2, max_length=MAX_FOLLOWED_POINTS)]
    positions_rad: Rows
    velocities_rad_s: Rows

    def intent(self) -> Intent:
        """Return what is asked of the robot.

        Raises:
            TrajectoryInvalid: Lengths do not fit each other, or times do not rise from 0.
        """
        # The types hold for whatever was checked: rows of equal lengths are for Trajectory to see.
        arrays: Any = (self.times_s, self.positions_rad, self.velocities_rad_s)
        return Move(Trajectory(self.names, *arrays))

    def recorded(self, given: str) -> str:
        """Return where it begins, ends and how long it takes; a hash stands for the rest."""
        return json.dumps(
            {
                "names": self.names,
                "points": len(self.times_s),
                "duration_s": self.times_s[-1],
                "first_rad": self.positions_rad[0],
                "last_rad": self.positions_rad[-1],
                "sha256": hashlib.sha256(given.encode()).hexdigest(),
            }
        )


class RunDemo(Arguments):
    """A demo and its parameters, which the demo checks itself."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    parameters: dict[str, Any] = Field(default_factory=dict)


class ChangeScene(Arguments):
    """What changes: names of objects, and a digest of the whole scene."""

    objects: Annotated[int, Field(ge=0)]
    changed: Annotated[tuple[str, ...], Field(max_length=20)]
    digest: str


class Reset(Arguments):
    """The seed of the new start."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


@dataclass(frozen=True)
class Tool:
    """One way to ask for a motion.

    Attributes:
        name: As faces call it.
        arguments: What it takes.
        roles: Of users who may use it.
        realities: Kinds of robots it exists for.
        intent: From checked arguments to what is asked of the robot; None: no single plan.
        heavy: Whether its arguments may be large.
    """

    name: str
    arguments: type[Arguments]
    roles: frozenset[str] = PROPOSERS
    realities: frozenset[str] = frozenset({"sim", "real"})
    intent: Callable[[Any], Intent] | None = None
    heavy: bool = False

    def parse(self, arguments: str) -> Any:
        """Return the arguments, given as JSON, in the tool's own type.

        Raises:
            InvalidInput: They do not fit; the message names the field.
        """
        try:
            return self.arguments.model_validate_json(arguments)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the arguments"
            raise InvalidInput(
                f"{self.name} cannot use {where[:80]}: {first['msg'][:120]}.",
                f"It takes {', '.join(self.arguments.model_fields)}.",
            ) from error


def _plan(goal: Goal, speed_scale: float) -> PlanRequest:
    return PlanRequest(goal, speed_scale=speed_scale)


TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            Tool("move_joints", MoveJoints, intent=MoveJoints.intent),
            Tool("move_named", MoveNamed, intent=MoveNamed.intent),
            Tool("move_pose", MovePose, intent=MovePose.intent),
            Tool("move_line", MoveLine, intent=MoveLine.intent),
            Tool("grip", GripArguments, intent=GripArguments.intent),
            Tool(
                "follow_trajectory",
                FollowTrajectory,
                intent=FollowTrajectory.intent,
                heavy=True,
            ),
            Tool("run_demo", RunDemo),
            Tool("change_scene", ChangeScene, roles=APPROVERS),
            Tool("reset", Reset, roles=APPROVERS, realities=frozenset({"sim"})),
        )
    }
)


def tool_for(name: str, user: User, reality: str) -> Tool:
    """Return a tool that a user may use on a kind of robot.

    Raises:
        ToolNotAllowed: It is unknown, or not for this user or this robot.
    """
    tool = TOOLS.get(name) if type(name) is str else None
    if tool is None:
        raise ToolNotAllowed(
            f"There is no tool {str(name)[:80]!r}.", f"Tools: {', '.join(sorted(TOOLS))}."
        )
    check_role(user, tool.roles, f"use {tool.name}")
    if reality not in tool.realities:
        raise ToolNotAllowed(
            f"{tool.name} does not exist for a robot of kind {str(reality)[:40]!r}.",
            f"It is for {', '.join(sorted(tool.realities))}.",
        )
    return tool
