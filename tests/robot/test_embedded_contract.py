"""The embedded robot keeps the contract of every robot."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from contract import RobotContract

from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.robot import EmbeddedRobot


@pytest.fixture
async def robot():
    robot = EmbeddedRobot.start(textbook_arm(), paced=False)
    yield robot
    await robot.close()


class TestContract(RobotContract):
    """An embedded robot is a robot."""
