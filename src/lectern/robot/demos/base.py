"""What a demo is: a program with parameters and a result, on a stage where a robot can move."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.plan import Plan
from lectern.robot.robot import Execution, RobotView
from lectern.robot.scene import Scene
from lectern.robot.scenes import bench

Number: TypeAlias = float | int | str | bool
R = TypeVar("R")

# Force with which a demo opens the gripper.
_FORCE_N = 20.0


class Parameters(BaseModel):
    """What a reader may change about a demo; each field has a range, a unit and a description."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


P = TypeVar("P", bound=Parameters)


class Session(Protocol):
    """The way to the robot: every motion is proposed to the gate, which may refuse it or ask."""

    async def move(self, request: PlanRequest) -> Execution:
        """Plan one motion and carry it out."""

    async def grip(
        self, width_m: float, force_n: float, attach: str = "", detach: str = ""
    ) -> Execution:
        """Open or close the gripper."""

    async def perform(self, plan: Plan) -> Execution:
        """Carry out a plan made before."""

    async def set_scene(self, scene: Scene) -> None:
        """Replace the surroundings."""


@dataclass(frozen=True)
class Playback:
    """Frames for the page of something other than the arm.

    Attributes:
        model: What moves, such as `base`.
        times_s: When, from 0.
        poses: By name of the trace, x and y in m and heading in rad at each time.
    """

    model: str
    times_s: Sequence[float]
    poses: Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True)
class DemoResult:
    """What a demo found out; everything but the pictures can be written as JSON.

    Attributes:
        numbers: Single results; each key ends with its unit.
        series: Lists of equal meaning to those drawn; each key ends with its unit.
        pictures: PNG files by name.
        playback: What else the page can show moving.
    """

    numbers: Mapping[str, Number]
    series: Mapping[str, Sequence[Any]] = field(default_factory=lambda: MappingProxyType({}))
    pictures: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    playback: Playback | None = None

    def document(self) -> dict[str, Any]:
        """Return numbers, series and playback as they go into JSON."""
        shown = self.playback
        return {
            "numbers": dict(self.numbers),
            "series": dict(self.series),
            "playback": None
            if shown is None
            else {"model": shown.model, "times_s": shown.times_s, "poses": dict(shown.poses)},
        }


@dataclass(frozen=True)
class Stage:
    """What a demo works with.

    Attributes:
        view: The robot to look at and to plan with.
        session: The way to move it and to change what is around it.
        seed: Seed of everything random.
        tell: Takes one sentence about what happens now.
    """

    view: RobotView
    session: Session
    seed: int = 0
    tell: Callable[[str], None] = lambda _: None

    async def prepare(self, scene: Scene | None = None, pose: str = "home") -> None:
        """Let go of everything, go to a named pose and set the scene, by default the workbench.

        The arm moves over a bare bench, so that nothing is in its way and no new object can appear
        where it stands.
        """
        for held in list(self.view.scene().attached):
            await self.session.grip(self.view.model.gripper.max_width_m, _FORCE_N, detach=held)
        await self.session.set_scene(Scene.of(bench().get("bench")))
        await self.go(pose)
        await self.session.set_scene(scene or bench())

    async def go(self, pose: str, speed_scale: float = 1.0) -> Execution:
        """Move to a named pose."""
        goal = NamedGoal(pose)
        return await self.session.move(PlanRequest(goal, speed_scale=speed_scale, seed=self.seed))

    async def compute(self, function: Callable[..., R], *arguments: Any) -> R:
        """Run long computing beside the event loop, so that others are served meanwhile."""
        return await asyncio.to_thread(function, *arguments)


class Demo(ABC, Generic[P]):
    """One demo.

    Attributes:
        name: How it is called on the command line.
        title: One line for a list.
        section: The place in the book that it shows: file of `docs/book`, `#`, anchor.
        section_title: Text of the heading there.
        Parameters: What may be changed about it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    section: ClassVar[str]
    section_title: ClassVar[str]
    Parameters: type[P]

    @abstractmethod
    async def run(self, stage: Stage, parameters: P) -> DemoResult:
        """Run it.

        Raises:
            LecternError: A motion was refused, stopped or failed.
        """


def rounded(values: Any, digits: int = 4) -> Any:
    """Return a number, or an array as nested lists, with few enough digits to read."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (list, tuple)):
        return [rounded(value, digits) for value in values]
    if isinstance(values, float):
        # JSON knows neither infinity nor not-a-number; + 0.0 makes -0.0 a plain zero.
        return round(values, digits) + 0.0 if math.isfinite(values) else None
    return values
