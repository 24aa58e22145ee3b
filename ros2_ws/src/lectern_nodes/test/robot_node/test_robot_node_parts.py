"""The parts of the robot's node that need no graph."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from lectern_nodes.robot.errors import WrongJoints
from lectern_nodes.robot.grasping import taken_or_let_go
from lectern_nodes.robot.newest import Newest
from lectern_nodes.robot.stream import Pace
from lectern_nodes.robot.tolerances import Limit, beyond, read_tolerances

from lectern.errors import MotionStopped, TrajectoryInvalid
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.scene import Attachment, Scene
from lectern.robot.scenes import bench
from lectern.robot.state import RobotState

ARM = textbook_arm()
# With the hand down, around the red cube.
AROUND = [0.1974, 0.4459, -1.8692, 0.0, -0.1475, 0.1974]


def test_a_pace_takes_every_second_of_regular_measurements():
    pace = Pace(50.0)
    taken = [k for k in range(100) if pace.due(k * 0.01)]
    assert taken == list(range(0, 100, 2))


def test_a_pace_neither_hurries_nor_stays_behind_after_a_gap():
    pace = Pace(10.0)
    stamps = [0.0, 0.1, 5.0, 5.01, 5.05, 5.1, 5.2]
    assert [s for s in stamps if pace.due(s)] == [0.0, 0.1, 5.0, 5.1, 5.2]


async def test_newer_work_begins_only_when_the_older_has_come_to_its_end():
    newest, log, begun = Newest(), [], asyncio.Event()

    async def slow():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("the first has ended")

    async def quick():
        log.append("the second has begun")
        return 2

    first = asyncio.ensure_future(newest.run(slow))
    await begun.wait()
    assert await newest.run(quick) == 2
    with pytest.raises(MotionStopped, match="A newer command replaced"):
        await first
    assert log == ["the first has ended", "the second has begun"]


async def test_work_whose_caller_is_cancelled_ends_before_the_caller_does():
    newest, log, begun = Newest(), [], asyncio.Event()

    async def slow():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("ended")

    caller = asyncio.ensure_future(newest.run(slow))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert log == ["ended"]


def tolerance(name="joint_1", position=0.0, velocity=0.0, acceleration=0.0):
    return SimpleNamespace(
        name=name, position=position, velocity=velocity, acceleration=acceleration
    )


def goal(*, path=(), at_goal=(), seconds=0, components=(), others=()):
    return SimpleNamespace(
        path_tolerance=path,
        goal_tolerance=at_goal,
        goal_time_tolerance=SimpleNamespace(sec=seconds, nanosec=0),
        component_path_tolerance=components,
        component_goal_tolerance=(),
        multi_dof_trajectory=SimpleNamespace(joint_names=others, points=()),
    )


def test_tolerances_of_zero_and_minus_one_allow_any_deviation():
    read = read_tolerances(goal(path=[tolerance(position=-1.0, velocity=0.0)]), ARM.names)
    assert read.path == {"joint_1": Limit(None, None)}
    assert read.goal_time_s is None


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        pytest.param(
            goal(path=[tolerance("elbow")]), WrongJoints, "'elbow'", id="another robot's joint"
        ),
        pytest.param(
            goal(path=[tolerance(position=-0.5)]), TrajectoryInvalid, "-0.5", id="negative"
        ),
        pytest.param(
            goal(path=[tolerance(velocity=float("nan"))]), TrajectoryInvalid, "nan", id="no number"
        ),
        pytest.param(goal(components=[1]), TrajectoryInvalid, "degrees of freedom", id="component"),
        pytest.param(goal(others=["base"]), TrajectoryInvalid, "multi_dof", id="multi dof"),
        pytest.param(goal(seconds=-1), TrajectoryInvalid, "goal_time", id="negative time"),
    ],
)
def test_tolerances_that_cannot_be_kept_are_refused_by_name(given, error, text):
    with pytest.raises(error, match=text):
        read_tolerances(given, ARM.names)


def test_a_deviation_beyond_its_limit_names_joint_and_amount():
    limits = {"joint_2": Limit(0.01, 0.1)}
    still, off = np.zeros(6), np.array([9.0, -0.02, 0, 0, 0, 0])
    assert beyond(limits, ARM.names, still, still) == ""
    assert beyond(limits, ARM.names, off, still) == "joint_2 was off by 0.0200 rad, more than 0.01"
    slow = np.array([0, 0.5, 0, 0, 0, 0])
    assert "0.5000 rad/s, more than 0.1" in beyond(limits, ARM.names, still, slow)


def around_the_cube(finger_m):
    positions = np.array([*AROUND, finger_m, finger_m])
    names = ARM.names + ARM.gripper.joints
    return RobotState(names, positions, 0 * positions, 0 * positions, 0.0)


def holding(scene: Scene) -> Scene:
    return scene.attach("red_cube", Attachment(ARM.tool_frame, Pose((0.0, 0.0, 0.0))))


@pytest.mark.parametrize(
    ("scene", "finger_m", "width_m", "named"),
    [
        pytest.param(bench(), 0.04, 0.0, {"attach": "red_cube"}, id="closing on it"),
        pytest.param(bench(), 0.04, 0.05, {}, id="closing, and not as far as it"),
        pytest.param(bench().remove("red_cube"), 0.04, 0.0, {}, id="nothing there"),
        pytest.param(holding(bench()), 0.02, 0.08, {"detach": "red_cube"}, id="opening"),
        pytest.param(holding(bench()), 0.02, 0.0, {}, id="holding it more firmly"),
    ],
)
def test_a_grip_takes_what_is_between_the_fingers_and_lets_go_of_it(
    scene, finger_m, width_m, named
):
    assert taken_or_let_go(ARM, around_the_cube(finger_m), scene, width_m) == named
