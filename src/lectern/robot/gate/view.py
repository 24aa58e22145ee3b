"""A robot to look at and to plan with, which has no way to move it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

from lectern.robot.goals import PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Plan
from lectern.robot.robot import Measurement, Reality, Robot, RobotView
from lectern.robot.scene import Scene
from lectern.robot.state import RobotState


class LookingOnly(RobotView):
    """Passes on what `RobotView` names and nothing else of the robot."""

    def __init__(self, robot: Robot) -> None:
        self.__robot = robot

    @property
    def model(self) -> RobotModel:
        """The robot's description and limits."""
        return self.__robot.model

    @property
    def reality(self) -> Reality:
        """What kind of robot it is."""
        return self.__robot.reality

    def state(self) -> RobotState:
        """Return the newest measurement."""
        return self.__robot.state()

    def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        """Yield newest measurements at up to `rate_hz`."""
        return self.__robot.states(rate_hz)

    def record(self) -> AbstractContextManager[list[Measurement]]:
        """Collect every measurement that is made within a block."""
        return self.__robot.record()

    def scene(self) -> Scene:
        """Return the surroundings."""
        return self.__robot.scene()

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan one motion without moving."""
        return await self.__robot.plan(request)

    async def check(self, plan: Plan, scene: Scene | None = None) -> None:
        """Check a plan for collisions."""
        await self.__robot.check(plan, scene)

    async def picture(self, width: int = 640, height: int = 480, camera: str = "overview") -> bytes:
        """Return a PNG picture."""
        return await self.__robot.picture(width, height, camera)
