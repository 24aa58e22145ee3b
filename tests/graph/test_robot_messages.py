"""The robot's messages say what the core measured; commands say what their sender meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lectern.errors import TrajectoryInvalid
from lectern.graph.robot_messages import (
    LinkFrames,
    clock_message,
    commanded_points,
    joint_state_message,
    pose_message,
    tf_message,
    transform_message,
    wait_for_begin,
    waiting_time_s,
)
from lectern.robot.arm import textbook_arm
from lectern.robot.following import CommandedPoint, commanded
from lectern.robot.geometry import Pose
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.state import RobotState

ARM = textbook_arm()
NAMES = ARM.names + ARM.gripper.joints


class Message(SimpleNamespace):
    """A message: its fields, by keyword."""


class Types:
    """Message classes of every name."""

    def __getattr__(self, name: str) -> type[Message]:
        return type(name, (Message,), {})


TYPES = Types()


def state(arm: Any, finger_m: float = 0.02, stamp_s: float = 12.5) -> RobotState:
    positions = np.array([*arm, finger_m, finger_m])
    return RobotState(NAMES, positions, positions / 10, positions * 3, stamp_s)


def point(time_s: float, positions: Any, velocities: Any = (), accelerations: Any = ()) -> Message:
    sec = int(time_s)
    return Message(
        positions=positions,
        velocities=velocities,
        accelerations=accelerations,
        effort=[],
        time_from_start=Message(sec=sec, nanosec=round((time_s - sec) * 1e9)),
    )


def trajectory(*points: Message, stamp_s: float = 0.0) -> Message:
    sec = int(stamp_s)
    stamp = Message(sec=sec, nanosec=round((stamp_s - sec) * 1e9))
    return Message(
        header=Message(stamp=stamp, frame_id=""), joint_names=list(ARM.names), points=list(points)
    )


def matrix(message: Any) -> Any:
    place, turn = message.transform.translation, message.transform.rotation
    return Pose((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w)).matrix()


def poses_of(transforms: list[Any], root: str) -> dict[str, Any]:
    """Follow the transforms from the root, as tf2 does."""
    poses = {root: np.eye(4)}
    waiting = list(transforms)
    while waiting:
        ready = [m for m in waiting if m.header.frame_id in poses]
        assert ready, "the frames are no tree"
        for message in ready:
            poses[message.child_frame_id] = poses[message.header.frame_id] @ matrix(message)
        waiting = [m for m in waiting if m.child_frame_id not in poses]
    return poses


def test_a_joint_state_has_every_joint_with_the_robots_own_time() -> None:
    measured = state(ARM.named["ready"])
    message = joint_state_message(TYPES, measured)
    assert message.name == list(NAMES)
    assert list(message.position) == measured.positions.tolist()
    assert list(message.velocity) == measured.velocities.tolist()
    assert list(message.effort) == measured.efforts.tolist()
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 500_000_000)


def test_joints_of_a_second_robot_have_its_prefix() -> None:
    message = joint_state_message(TYPES, state(ARM.named["home"]), "left_")
    assert message.name == [f"left_{name}" for name in NAMES]


def test_the_clock_shows_the_robots_own_time() -> None:
    clock = clock_message(TYPES, 3.25).clock
    assert (clock.sec, clock.nanosec) == (3, 250_000_000)


@pytest.mark.parametrize("seed", range(20))
def test_frames_put_together_are_the_forward_kinematics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arm = rng.uniform(ARM.lower, ARM.upper)
    frames = LinkFrames(ARM)
    measured = state(arm, float(rng.uniform(0, 0.04)))
    poses = poses_of([*frames.fixed(TYPES, 0.0), *frames.moving(TYPES, measured)], "world")
    expected = Kinematics(ARM).forward(arm).matrix()
    np.testing.assert_allclose(poses["tool_link"], expected, atol=1e-9)
    assert len(poses) == ARM.urdf.count("<link ")


def test_fingers_move_apart_along_the_hand() -> None:
    frames = LinkFrames(ARM)
    gaps = []
    for finger_m in (0.0, 0.04):
        moving = {m.child_frame_id: m for m in frames.moving(TYPES, state([0.0] * 6, finger_m))}
        left, right = (moving[f"finger_{side}_link"] for side in ("left", "right"))
        gaps.append(np.linalg.norm(matrix(left)[:3, 3] - matrix(right)[:3, 3]))
    assert gaps[1] - gaps[0] == pytest.approx(0.08)


def test_every_frame_is_either_fixed_or_moving_and_stamped_by_its_state() -> None:
    frames = LinkFrames(ARM, "left/")
    fixed, moving = frames.fixed(TYPES, 0.0), frames.moving(TYPES, state([0.1] * 6, stamp_s=7.0))
    children = [m.child_frame_id for m in (*fixed, *moving)]
    assert len(set(children)) == len(children)
    assert all(m.child_frame_id.startswith("left/") for m in (*fixed, *moving))
    assert all(m.header.frame_id.startswith("left/") for m in (*fixed, *moving))
    assert {m.header.stamp.sec for m in moving} == {7}
    assert len(tf_message(TYPES, moving).transforms) == len(NAMES)


def test_the_transform_of_a_pose_is_in_the_frame_of_the_pose() -> None:
    pose = Pose((1.0, 2.0, 3.0), (0.0, 0.0, 1.0, 1.0), "odom")
    message = transform_message(TYPES, pose, "base_footprint", 1.0, "r/")
    assert message.header.frame_id == "r/odom"
    assert message.child_frame_id == "r/base_footprint"
    np.testing.assert_allclose(matrix(message), pose.matrix(), atol=1e-12)
    assert pose_message(TYPES, pose).position.z == 3.0


def test_a_trajectory_message_gives_the_points_that_were_commanded() -> None:
    goal = list(ARM.named["ready"])
    names, points = commanded_points(trajectory(point(1.5, goal), point(2.25, goal, [0.0] * 6)))
    assert names == list(ARM.names)
    assert points == [
        CommandedPoint(1.5, goal, [], []),
        CommandedPoint(2.25, goal, [0.0] * 6, []),
    ]


def test_commanded_points_become_a_trajectory_the_gate_takes() -> None:
    goal = list(ARM.named["ready"])
    names, points = commanded_points(trajectory(point(4.0, goal)))
    followed = commanded(ARM, names, points, ARM.named["home"])
    assert followed.positions[-1].tolist() == goal
    assert followed.duration_s == 4.0


def test_a_trajectory_with_efforts_is_refused_by_name() -> None:
    wrong = point(1.0, [0.0] * 6)
    wrong.effort = [1.0] * 6
    with pytest.raises(TrajectoryInvalid, match="Point 1 has efforts"):
        commanded_points(trajectory(wrong))


@pytest.mark.parametrize(
    ("stamp_s", "expected_s"),
    [
        pytest.param(0.0, 0.0, id="at once"),
        pytest.param(99.5, 0.0, id="a little late"),
        pytest.param(102.5, 2.5, id="ahead"),
    ],
)
def test_a_stamp_says_when_a_trajectory_begins(stamp_s: float, expected_s: float) -> None:
    message = trajectory(point(1.0, [0.0] * 6), stamp_s=stamp_s)
    assert waiting_time_s(message, 100.0) == pytest.approx(expected_s)


async def test_a_trajectory_begins_by_the_robots_clock_however_slow_the_simulation_is() -> None:
    clock = iter([100.0, 100.01, 100.02, 100.03, 100.05, 100.06])
    seen: list[float] = []

    def now_s() -> float:
        seen.append(next(clock))
        return seen[-1]

    await wait_for_begin(trajectory(point(1.0, [0.0] * 6), stamp_s=100.04), now_s)
    assert seen[-1] == 100.05


@pytest.mark.parametrize("stamp_s", [50.0, 120.0, 1_795_000_000.0])
def test_a_stamp_of_another_clock_is_refused_by_name(stamp_s: float) -> None:
    message = trajectory(point(1.0, [0.0] * 6), stamp_s=stamp_s)
    with pytest.raises(TrajectoryInvalid, match="the robot's clock shows 100"):
        waiting_time_s(message, 100.0)
