"""The composition root of the motion line: robot, motion gate and demos from one `Settings`.

Importing this module is cheap; physics and planning are loaded by `open_motion`.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lectern.errors import CameraUnavailable, RobotUnavailable
from lectern.robot.robot import RobotView
from lectern.settings import Settings

if TYPE_CHECKING:
    from lectern.robot.base import Base
    from lectern.robot.base_gate import BaseGate
    from lectern.robot.demos.running import DemoRun
    from lectern.robot.embedded.robot import EmbeddedRobot
    from lectern.robot.gate.gate import MotionGate
    from lectern.robot.gate.policy import Mode
    from lectern.robot.gate.users import User
    from lectern.robot.image import Cameras
    from lectern.robot.planning.kinematics import Kinematics

# What the embedded robot is made of: the module that is imported, the package that brings it.
PACKAGES: Mapping[str, str] = {
    "mujoco": "mujoco",
    "ompl": "ompl",
    "pinocchio": "pin",
    "coal": "coal",
    "toppra": "toppra",
    "xacro": "xacro",
    "matplotlib": "matplotlib",
}


@dataclass(frozen=True)
class Motion:
    """The motion line behind one door; build it with `open_motion`, end it with `close`.

    Attributes:
        gate: The only way to move the robot.
        kinematics: Of the robot's arm.
        policy: What the gate does with plans for this robot: `auto`, `ask` or `off`.
        cameras: For raw pictures and calibration; None: the robot has none.
        base: The only way to drive the mobile base, which is made when somebody first asks for it;
            None: there is none. A stop of `gate` stops it too.
    """

    gate: MotionGate
    kinematics: Kinematics
    policy: Mode
    cameras: Cameras | None = None
    base: BaseGate | None = None

    @property
    def view(self) -> RobotView:
        """The robot, to look at and to plan with."""
        return self.gate.view

    @property
    def tools(self) -> list[str]:
        """Names of everything the gate may be asked for."""
        from lectern.robot.gate.tools import TOOLS

        return [name for name, tool in TOOLS.items() if self.view.reality in tool.realities]

    def demos(self) -> list[dict[str, Any]]:
        """Return name, title, book section and parameters (JSON schema) of every demo."""
        from lectern.robot.demos.catalogue import describe

        return describe()

    def has_camera(self) -> bool:
        """Tell whether this machine can draw pictures; the first time takes about a second."""
        from lectern.robot.embedded.camera import backend

        try:
            backend()
        except CameraUnavailable:
            return False
        return True

    async def run_demo(
        self,
        user: User,
        name: str,
        parameters: Mapping[str, Any],
        seed: int = 0,
        *,
        tell: Callable[[str], None] = lambda _: None,
    ) -> DemoRun:
        """Run one demo; every motion goes through the gate.

        Args:
            user: Who runs it.
            name: Of the demo.
            parameters: By name; those left out take their defaults.
            seed: Of everything random.
            tell: Called with one sentence about each step.

        Raises:
            DemoUnknown: There is no demo of this name.
            InvalidInput: A parameter is unknown or out of range; the message names it.
            LecternError: A motion was refused, stopped or failed.
        """
        from lectern.robot.demos.running import run_demo

        return await run_demo(self.gate, user, name, parameters, seed, tell=tell)

    async def close(self) -> None:
        """Bring arm and base to rest and let go of all resources."""
        try:
            if self.base is not None:
                await self.base.close()
        finally:
            await self.gate.close()


def missing_packages() -> list[str]:
    """Return the packages of the embedded robot that are not installed."""
    return [name for module, name in PACKAGES.items() if importlib.util.find_spec(module) is None]


def check_packages() -> None:
    """Check that everything the embedded robot is made of is installed.

    Raises:
        RobotUnavailable: Something is missing; the message names it.
    """
    missing = missing_packages()
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise RobotUnavailable(
            f"The robot needs {', '.join(missing)}, which {verb} not installed.",
            f"Run `python -m pip install {' '.join(missing)}` in Lectern's environment, or start "
            "without a robot (--no-robot).",
        )


async def open_motion(settings: Settings) -> Motion:
    """Start the robot that the settings ask for, with its gate in front of it.

    Args:
        settings: Those named `robot*` and `home` count.

    Raises:
        RobotUnavailable: The settings want no robot, or a package is missing.
        DescriptionInvalid: The robot's description cannot be read.
    """
    if settings.robot == "none":
        raise RobotUnavailable(
            "The settings ask for no robot.", "Set LECTERN_ROBOT=embedded, or leave it unset."
        )
    check_packages()
    return await asyncio.to_thread(_start, settings)


def _start(settings: Settings) -> Motion:
    from lectern.robot.arm import textbook_arm
    from lectern.robot.base_gate import BaseGate, GateWithBase
    from lectern.robot.description import base_numbers
    from lectern.robot.embedded.robot import EmbeddedRobot
    from lectern.robot.gate.audit import AuditLog
    from lectern.robot.gate.policy import Policy
    from lectern.robot.planning.kinematics import Kinematics

    # The planner is loaded now, in the background, and not by the first who plans.
    importlib.import_module("lectern.robot.planning.planner")
    model = textbook_arm()
    robot = EmbeddedRobot.start(model, seed=settings.robot_seed)
    policy = Policy(sim=settings.robot_policy, approval_s=settings.robot_approval_s)
    audit = AuditLog(settings.home / "audit" / "motion.jsonl")
    base = BaseGate(
        lambda: _embedded_base(robot, settings.robot_seed), base_numbers(), policy, audit
    )
    gate = GateWithBase(robot, policy, audit, base)
    mode = policy.mode(robot.reality)
    return Motion(gate, Kinematics(model), mode, robot.cameras, base)


def _embedded_base(robot: EmbeddedRobot, seed: int) -> Base:
    """Start the base on the robot's clock, so that both have the same time."""
    from lectern.robot.embedded.base.embedded import EmbeddedBase

    return EmbeddedBase.start(clock=lambda: robot.state().stamp_s, seed=seed)
