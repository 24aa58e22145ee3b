"""Demos run on the embedded robot, unpaced, through a real gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lectern.robot.arm import textbook_arm
from lectern.robot.demos.catalogue import DEMOS
from lectern.robot.demos.running import DemoRun, run_demo
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy
from lectern.robot.model import RobotModel


@pytest.fixture(scope="session")
def arm() -> RobotModel:
    return textbook_arm()


@pytest.fixture(scope="module")
def robot(arm) -> Iterator[EmbeddedRobot]:
    embedded = EmbeddedRobot.start(arm, paced=False)
    yield embedded
    asyncio.run(embedded.close())


@pytest.fixture
def gate(robot, tmp_path) -> Iterator[MotionGate]:
    log = AuditLog(tmp_path / "motion.jsonl")
    yield MotionGate(robot, Policy(), log)
    log.settle()  # the gate stays open, for closing it would end the robot


@pytest.fixture
def run(gate) -> Callable[..., DemoRun]:
    """Run a demo: name, seed, parameters."""

    def run_one(name: str, seed: int = 0, **parameters: Any) -> DemoRun:
        return asyncio.run(run_demo(gate, LOCAL, name, parameters, seed))

    return run_one


@pytest.fixture(scope="session")
def defaults(arm, tmp_path_factory) -> dict[str, DemoRun]:
    """Every demo, run once with its defaults on one robot."""

    async def run_all() -> dict[str, DemoRun]:
        embedded = EmbeddedRobot.start(arm, paced=False)
        log = AuditLog(tmp_path_factory.mktemp("audit") / "motion.jsonl")
        gate = MotionGate(embedded, Policy(), log)
        try:
            return {name: await run_demo(gate, LOCAL, name, {}) for name in DEMOS}
        finally:
            await gate.close()

    return asyncio.run(run_all())
