"""The robot interface: what every robot does, simulated or real.

`Robot` is split in two. `RobotView` looks and plans and may be handed to anyone; `Robot` moves, and
only the motion gate holds it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from lectern.robot.goals import PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Plan
from lectern.robot.scene import Scene
from lectern.robot.state import RobotState

Reality: TypeAlias = Literal["sim", "real"]

# How far any joint may be from where a plan begins, rad. Nothing times or checks this stretch. The
# simulated arm rests within 0.0002 rad of where it was told to.
START_TOLERANCE_RAD = 0.002
# Measurements that one recording keeps: 1000 s.
MAX_RECORDED = 100_000


@dataclass(frozen=True)
class Measurement:
    """What was measured at one moment.

    Attributes:
        state: Of the joints.
        scene: The surroundings, movable objects where they were.
    """

    state: RobotState
    scene: Scene


@dataclass(frozen=True)
class Progress:
    """How far an execution is.

    Attributes:
        step: Index of the step at work.
        fraction: Share of the whole plan's time that has passed, 0 to 1.
        stamp_s: Time of the robot's own clock.
    """

    step: int
    fraction: float
    stamp_s: float


@dataclass(frozen=True)
class Execution:
    """What an execution that ended well came to.

    Attributes:
        duration_s: Time it took, on the robot's own clock.
        max_error_rad: Largest distance of any joint from the commanded position on the way.
        final_error_rad: The same at the end.
        gripper_width_m: Distance between the fingers at the end.
    """

    duration_s: float
    max_error_rad: float
    final_error_rad: float
    gripper_width_m: float


OnProgress: TypeAlias = Callable[[Progress], None]


class RobotView(Protocol):
    """What may be seen and planned without moving anything."""

    @property
    def model(self) -> RobotModel:
        """The robot's description and limits."""

    @property
    def reality(self) -> Reality:
        """Whether people can be hurt: `real`, or only pixels: `sim`."""

    def state(self) -> RobotState:
        """Return the newest measurement, from any thread, at once; never fails.

        A robot whose thread has died gives its last one, with the activity `failed`.
        """

    def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        """Yield newest measurements at up to `rate_hz`; a slow reader misses some, never waits.

        At a higher rate than the robot measures at, every measurement comes, in order; of a reader
        that is more than a second behind, the newest second.
        """

    def record(self) -> AbstractContextManager[list[Measurement]]:
        """Collect every measurement that is made within a block: 100 a second, none left out.

        The list is filled when the block ends, in order; stamps rise. It holds at most
        `MAX_RECORDED`; what comes later is left out.
        """

    def scene(self) -> Scene:
        """Return the surroundings, movable objects where they are now."""

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan one motion without moving.

        Raises:
            InvalidInput: The request contradicts itself (speed, planner, timeout).
            LimitsExceeded: Start or goal is outside the joint limits; the message names the joint.
            StartInCollision: The message names the links that touch.
            GoalInCollision: The same, for every way to reach the goal.
            GoalUnreachable: No joint positions reach the pose, or the line leaves the workspace.
            PathBlocked: The straight line passes through something.
            PlanningTimeout: No path was found in time.
        """

    async def check(self, plan: Plan, scene: Scene | None = None) -> None:
        """Check a plan for collisions against the present (or the given) scene, continuously.

        Raises:
            PathBlocked: The plan touches something; the message names both and the moment.
        """

    async def picture(self, width: int = 640, height: int = 480, camera: str = "overview") -> bytes:
        """Return a PNG picture from a camera (`overview` or `tool`).

        Raises:
            InvalidInput: There is no such camera, or the size is out of range.
            CameraUnavailable: This machine cannot render.
        """


class Robot(RobotView, Protocol):
    """A robot that moves; held by the motion gate alone."""

    async def execute(self, plan: Plan, on_progress: OnProgress | None = None) -> Execution:
        """Carry out a plan; cancelling the waiting task brings the robot to rest first.

        Raises:
            RobotBusy: Another plan is being executed.
            PlanOutdated: The robot is not where the plan begins.
            MotionStopped: `stop` was called.
            TrackingLost: The arm could not follow, and was brought to rest.
            SimulationFailed: Physics blew up or its thread died; the robot was reset.
        """

    def stop(self, reason: str) -> None:
        """Bring everything to rest now; callable from any thread, never waits, never fails."""

    def halt(self, reason: str) -> None:
        """Bring the plan that is being executed to rest as fast as `stop` does, and nothing else.

        Callable from any thread, never waits, never fails. Its `execute` raises `MotionStopped`.
        """

    async def set_scene(self, scene: Scene, base: Scene | None = None) -> None:
        """Change the surroundings.

        Args:
            scene: The scene to be.
            base: The scene that `scene` was made from: only what differs between the two changes,
                as `Scene.changed` has it; all else stays where it is by then, held if it is held,
                in motion if it moves. None: everything is replaced.

        Raises:
            ObjectInRobot: An object that was added or moved would overlap the robot; the message
                names both.
            SceneObjectInvalid: The name of a new object is taken by now.
            SceneObjectUnknown: An object that should change is gone by now.
            RobotBusy: A plan is being executed.
        """

    async def reset(self, seed: int = 0) -> None:
        """Put robot and scene back to where they started; whatever runs is stopped."""

    async def close(self) -> None:
        """Bring the robot to rest and let go of all resources."""
