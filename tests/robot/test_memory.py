"""The robot in memory: the contract, and what only it promises."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from contract import READY, RobotContract

from lectern.errors import CameraUnavailable, InvalidInput, PlanOutdated
from lectern.robot.arm import textbook_arm
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.memory import TICK_S, MemoryRobot
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.planning.planner import Planner
from lectern.robot.trajectory import Trajectory


@lru_cache(maxsize=1)
def planner() -> Planner:
    return Planner(textbook_arm())


@pytest.fixture
def robot() -> MemoryRobot:
    return MemoryRobot(textbook_arm(), planner())


class TestContract(RobotContract):
    """A robot in memory is a robot."""


async def test_it_follows_a_plan_exactly_on_its_own_clock(robot):
    plan = await robot.plan(READY)
    done = await robot.execute(plan)
    assert done.duration_s == pytest.approx(plan.duration_s)
    assert robot.state().stamp_s == pytest.approx(plan.duration_s)
    assert np.allclose(robot.state().of(robot.model.names), robot.model.named["ready"], atol=1e-12)


async def test_progress_comes_every_tick(robot):
    stamps = []
    plan = await robot.plan(READY)
    await robot.execute(plan, lambda progress: stamps.append(progress.stamp_s))
    assert len(stamps) == int(np.ceil(plan.duration_s / TICK_S))


async def test_what_it_holds_goes_where_its_hand_goes(robot):
    name, arm = "red_cube", robot.model.name
    await robot.execute(Plan(arm, (Grip(0.04, 10.0, attach=name),)))
    before = robot.scene().get(name).pose.matrix()
    hand = robot._link("tool_link").matrix()
    await robot.execute(await robot.plan(PlanRequest(NamedGoal("home"))))
    turned = [*robot.model.named["home"]]
    turned[0] += 0.5
    still = np.zeros((2, 6))
    way = Trajectory(robot.model.names, [0.0, 3.0], [robot.model.named["home"], turned], still)
    await robot.execute(Plan(arm, (Move(way),)))
    relative = np.linalg.inv(hand) @ before
    after = robot.scene().get(name).pose.matrix()
    assert np.allclose(after, robot._link("tool_link").matrix() @ relative, atol=1e-9)
    assert not np.allclose(after, before, atol=1e-2)
    await robot.execute(Plan(arm, (Grip(0.08, 10.0, detach=name),)))
    assert robot.scene().attached == {}
    assert np.allclose(robot.scene().get(name).pose.matrix(), after, atol=1e-9)


async def test_it_has_no_camera(robot):
    with pytest.raises(CameraUnavailable):
        await robot.picture()


async def test_plans_for_other_robots_and_joints_are_refused(robot):
    plan = await robot.plan(READY)
    with pytest.raises(PlanOutdated):
        await robot.execute(Plan("other", plan.steps))
    trajectory = plan.steps[0].trajectory
    swapped = type(trajectory)(
        tuple(reversed(trajectory.names)),
        trajectory.times_s,
        trajectory.positions,
        trajectory.velocities,
    )
    with pytest.raises(InvalidInput):
        await robot.execute(Plan(robot.model.name, (type(plan.steps[0])(swapped),)))


async def test_it_is_what_it_was_made_as():
    assert MemoryRobot(textbook_arm(), planner(), reality="real").reality == "real"
