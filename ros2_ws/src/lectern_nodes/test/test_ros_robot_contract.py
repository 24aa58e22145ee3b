"""The ROS robot keeps the contract of every robot, whoever plans and whoever keeps the scene."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("rclpy") is None or importlib.util.find_spec("moveit_msgs") is None:
    pytest.skip("needs ROS 2 with moveit_msgs and control_msgs", allow_module_level=True)

_HERE = Path(__file__).resolve()
sys.path += [str(_HERE.parent), str(_HERE.parents[4] / "tests" / "robot")]

from contract import RobotContract  # noqa: E402
from ros_robot_kit import EMBEDDED, MOVEIT, graph, opened  # noqa: E402


class TestPlannedHere(RobotContract):
    """The core's own planner, the surroundings shared through a planning scene."""

    @pytest.fixture
    async def robot(self):
        async with graph() as parts, opened(parts, EMBEDDED) as robot:
            yield robot


class TestPlannedByMoveIt(RobotContract):
    """MoveIt's actions and planning scene."""

    @pytest.fixture
    async def robot(self):
        async with graph(move_group=True) as parts, opened(parts, MOVEIT) as robot:
            yield robot
