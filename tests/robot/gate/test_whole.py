"""The gate with the real planner and both robots: no part is stood in for."""

from __future__ import annotations

import numpy as np
import pytest
from gatekit import ALICE, ARM, GO_READY, LOCAL, OPERATOR, READY

from lectern.errors import (
    ApprovalInvalid,
    GoalInCollision,
    ObjectInRobot,
    PathBlocked,
    SceneObjectInvalid,
)
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import AuditLog, MotionGate, Policy
from lectern.robot.geometry import Pose
from lectern.robot.goals import LineGoal, NamedGoal, PlanRequest
from lectern.robot.memory import MemoryRobot
from lectern.robot.planning.planner import Planner
from lectern.robot.scene import Box, SceneObject

WALL = SceneObject("wall", Box((0.02, 1.2, 1.0)), Pose((0.35, 0.0, 0.6)))
PLANNER = Planner(ARM)


@pytest.fixture(params=["memory", "embedded"])
async def robot(request):
    if request.param == "memory":
        robot = MemoryRobot(ARM, PLANNER)
    else:
        robot = EmbeddedRobot.start(ARM, paced=False)
    yield robot
    await robot.close()


@pytest.fixture
def gate(robot, tmp_path) -> MotionGate:
    return MotionGate(robot, Policy("ask"), AuditLog(tmp_path / "motion.jsonl"))


async def test_an_approved_plan_moves_the_robot(gate, robot):
    digest = (await gate.propose(ALICE, *GO_READY)).digest
    await gate.approve(OPERATOR, digest)
    await gate.execute(ALICE, digest)
    assert np.allclose(robot.state().of(ARM.names), READY, atol=0.01)


async def test_a_wall_that_came_after_the_approval_keeps_the_plan_from_running(gate, robot):
    digest = (await gate.propose(ALICE, *GO_READY)).digest
    await gate.approve(OPERATOR, digest)
    before = robot.state().of(ARM.names)
    await gate.set_scene(OPERATOR, robot.scene().add(WALL))
    with pytest.raises(PathBlocked, match="wall"):
        await gate.execute(ALICE, digest)
    with pytest.raises(ApprovalInvalid):
        await gate.execute(ALICE, digest)
    assert np.allclose(robot.state().of(ARM.names), before, atol=1e-3)


async def test_a_goal_in_the_bench_is_refused(gate):
    with pytest.raises(GoalInCollision, match="bench"):
        await gate.propose(ALICE, "move_joints", {"positions_rad": [0.0, -0.5, 0.0, 0.0, 0.0, 0.0]})


async def test_an_object_in_the_robot_is_refused(gate, robot):
    block = SceneObject("block", Box((0.2, 0.2, 0.2)), Pose((0.0, 0.0, 0.4)))
    with pytest.raises(ObjectInRobot):
        await gate.set_scene(OPERATOR, robot.scene().add(block))


async def test_a_session_plans_lines_and_reads_back_where_it_is(robot, tmp_path):
    gate = MotionGate(robot, Policy("auto"), AuditLog(tmp_path / "motion.jsonl"))
    session = await gate.session(LOCAL, "run_demo", {"name": "line"})
    await session.move(PlanRequest(NamedGoal("ready")))
    await session.move(PlanRequest(LineGoal(Pose((0.5, 0.1, 0.3), (1.0, 0.0, 0.0, 0.0)))))
    await session.grip(0.05, 20.0)
    await session.move(PlanRequest(NamedGoal("home")))
    assert np.allclose(robot.state().of(ARM.names), ARM.named["home"], atol=0.01)


async def down_to_the_cube(gate) -> None:
    """Bring the open hand around the red cube."""
    for tool, arguments in (
        ("grip", {"width_m": 0.08}),
        ("move_pose", {"position_m": [0.5, 0.1, 0.14], "quaternion_xyzw": [1.0, 0.0, 0.0, 0.0]}),
        ("move_line", {"position_m": [0.5, 0.1, 0.02], "quaternion_xyzw": [1.0, 0.0, 0.0, 0.0]}),
    ):
        await gate.execute(LOCAL, (await gate.propose(LOCAL, tool, arguments)).digest)


@pytest.fixture
def open_gate(robot, tmp_path) -> MotionGate:
    return MotionGate(robot, Policy("auto"), AuditLog(tmp_path / "motion.jsonl"))


async def test_a_cube_that_is_gripped_by_name_is_carried_until_the_fingers_open(open_gate):
    await down_to_the_cube(open_gate)
    for tool, arguments in (
        ("grip", {"width_m": 0.0, "attach": "red_cube"}),
        ("move_line", {"position_m": [0.5, 0.1, 0.2], "quaternion_xyzw": [1.0, 0.0, 0.0, 0.0]}),
        ("move_line", {"position_m": [0.5, 0.2, 0.2], "quaternion_xyzw": [1.0, 0.0, 0.0, 0.0]}),
    ):
        await open_gate.execute(LOCAL, (await open_gate.propose(LOCAL, tool, arguments)).digest)
    held = open_gate.view.scene()
    assert set(held.attached) == {"red_cube"}
    assert np.allclose(held.get("red_cube").pose.position_m, (0.5, 0.2, 0.2), atol=0.02)
    opened = await open_gate.propose(LOCAL, "grip", {"width_m": 0.08})
    assert opened.plan.steps[0].detach == "red_cube", "what a person approves says what falls"
    await open_gate.execute(LOCAL, opened.digest)
    assert set(open_gate.view.scene().attached) == set()


async def test_fingers_that_close_on_something_are_told_its_name(open_gate):
    await down_to_the_cube(open_gate)
    with pytest.raises(SceneObjectInvalid, match="red_cube") as raised:
        await open_gate.propose(LOCAL, "grip", {"width_m": 0.0})
    assert "attach" in raised.value.remedy
    await open_gate.propose(LOCAL, "grip", {"width_m": 0.06})  # which leaves it alone
