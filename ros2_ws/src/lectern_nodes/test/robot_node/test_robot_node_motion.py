"""Trajectories by action and topic: followed, refused by name, replaced, cancelled, stopped."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from lectern_interfaces.msg import ErrorCode, MotionReport
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from conftest import HOME, NAMES, READY, follow_goal, point, stamp_s, trajectory
from lectern.robot.gate.users import User

RESULT = FollowJointTrajectory.Result
DONE, CANCELED, ABORTED = (
    GoalStatus.STATUS_SUCCEEDED,
    GoalStatus.STATUS_CANCELED,
    GoalStatus.STATUS_ABORTED,
)
TOPIC = "arm_controller/joint_trajectory"
ZERO = [0.0] * 6
AROUND = [0.9, *READY[1:]]
# With the fingers in the tray.
THROUGH = [-0.7266, 0.3839, -1.6012, 0.0, -0.3535, -0.7266]


@pytest.fixture(scope="module")
def states(client):
    return client.inbox(JointState, "joint_states", 1000)


@pytest.fixture(scope="module")
def reports(client):
    return client.inbox(MotionReport, "robot/motion_report")


@pytest.fixture
def ready(client):
    client.go(READY)


def arm(state):
    return np.array(state.position[:6])


def speed(state):
    return float(np.abs(state.velocity[:6]).max())


def fast(states, since):
    """Wait until the arm is fast."""
    return states.first(lambda m: speed(m) > 0.3, since)


def rests(states, after_s):
    """Wait for the first state from which on the arm rests; returns its time."""

    def resting(message):
        return stamp_s(message) > after_s and speed(message) < 0.02

    return stamp_s(states.first(resting))


def test_a_goal_is_followed_with_feedback_20_times_a_second(client, states, ready):
    sent = client.follow(follow_goal((2.0, AROUND)))
    status, result = sent.result()
    assert (status, result.error_code, result.error_string) == (DONE, RESULT.SUCCESSFUL, "")
    np.testing.assert_allclose(arm(states.next()), AROUND, atol=0.003)
    feedback = sent.feedback.messages
    stamps = [stamp_s(m) for m in feedback]
    assert np.median(np.diff(stamps)) == pytest.approx(0.05, abs=1e-6)
    assert len(feedback) > 30
    for message in feedback:
        desired, actual = (np.array(p.positions) for p in (message.desired, message.actual))
        np.testing.assert_allclose(desired - actual, message.error.positions, atol=1e-12)
        assert np.abs(message.error.positions).max() < 0.02
    assert feedback[0].joint_names == NAMES
    np.testing.assert_allclose(feedback[-1].desired.positions, AROUND, atol=0.005)


def test_a_goal_with_velocities_goes_through_its_points_without_stopping(client, states, ready):
    since = len(states.messages)
    middle = [0.45, *READY[1:]]
    goal = follow_goal((1.0, middle, [0.6, 0, 0, 0, 0, 0]), (2.0, AROUND, ZERO))
    assert client.follow(goal).result()[0] == DONE
    through = [m for m in states.messages[since:] if abs(m.position[0] - 0.45) < 0.01]
    assert min(abs(m.velocity[0]) for m in through) > 0.4


def test_a_goal_with_accelerations_as_moveit_sends_is_followed(client, states, ready):
    times = np.linspace(0, 2.0, 21)
    # The quintic from rest to rest over two seconds, sampled as MoveIt samples its own.
    s = times / 2.0
    way, rate = 10 * s**3 - 15 * s**4 + 6 * s**5, (30 * s**2 - 60 * s**3 + 30 * s**4) / 2
    bend = (60 * s - 180 * s**2 + 120 * s**3) / 4
    start, turn = arm(states.next()), np.array(AROUND) - np.array(READY)
    points = [
        (t, start + w * turn, r * turn, b * turn)
        for t, w, r, b in zip(times, way, rate, bend, strict=True)
    ]
    status, result = client.follow(follow_goal(*points)).result()
    assert (status, result.error_string) == (DONE, "")
    np.testing.assert_allclose(arm(states.next()), start + turn, atol=0.003)


def test_joints_may_come_in_any_order(client, states, ready):
    goal = follow_goal((2.0, AROUND[::-1]), names=NAMES[::-1])
    assert client.follow(goal).result()[0] == DONE
    np.testing.assert_allclose(arm(states.next()), AROUND, atol=0.003)


@pytest.mark.parametrize(
    ("goal", "code", "text"),
    [
        pytest.param(
            lambda: follow_goal((2.0, READY[:5]), names=NAMES[:5]),
            RESULT.INVALID_JOINTS,
            "trajectory_invalid: The trajectory does not name joint_6",
            id="a joint is missing",
        ),
        pytest.param(
            lambda: follow_goal((2.0, READY), names=[*NAMES[:5], "elbow"]),
            RESULT.INVALID_JOINTS,
            "trajectory_invalid: The trajectory names 'elbow'",
            id="a joint of another robot",
        ),
        pytest.param(follow_goal, RESULT.INVALID_GOAL, "has 0 points", id="no points"),
        pytest.param(
            lambda: follow_goal((2.0, [9.0, *READY[1:]])),
            RESULT.INVALID_GOAL,
            "limits_exceeded: Point 1 has joint_1 at 9.0000 rad",
            id="beyond a joint's limit",
        ),
        pytest.param(
            lambda: follow_goal((0.1, AROUND)),
            RESULT.INVALID_GOAL,
            "limits_exceeded: ",
            id="too fast",
        ),
        pytest.param(
            lambda: follow_goal((4.0, THROUGH)),
            RESULT.INVALID_GOAL,
            "path_blocked: ",
            id="into the tray",
        ),
        pytest.param(
            lambda: follow_goal((2.0, [math.nan, *READY[1:]])),
            RESULT.INVALID_GOAL,
            "positions that are not finite",
            id="not a number",
        ),
        pytest.param(
            lambda: follow_goal((2.0, AROUND, [1.0] * 6)),
            RESULT.INVALID_GOAL,
            "does not end at rest",
            id="not at rest at the end",
        ),
        pytest.param(
            lambda: follow_goal(
                (2.0, AROUND), path_tolerance=[JointTolerance(name="joint_1", acceleration=1.0)]
            ),
            RESULT.INVALID_GOAL,
            "limits the acceleration, which is not measured",
            id="a tolerance of acceleration",
        ),
        pytest.param(
            lambda: follow_goal(
                (2.0, AROUND), goal_tolerance=[JointTolerance(name="elbow", position=1.0)]
            ),
            RESULT.INVALID_JOINTS,
            "The goal_tolerance names 'elbow'",
            id="a tolerance of another robot",
        ),
    ],
)
@pytest.mark.usefixtures("ready")
def test_what_cannot_be_followed_is_refused_by_name(client, states, goal, code, text):
    before = arm(states.next())
    status, result = client.follow(goal()).result()
    assert (status, result.error_code) == (ABORTED, code), result.error_string
    assert text in result.error_string
    np.testing.assert_allclose(arm(states.next()), before, atol=0.002)


def test_a_goal_that_is_stamped_by_another_clock_is_refused_by_name(client, ready):
    goal = follow_goal((2.0, AROUND))
    goal.trajectory.header.stamp = Time(sec=1_795_000_000)
    status, result = client.follow(goal).result()
    assert (status, result.error_code) == (ABORTED, RESULT.OLD_HEADER_TIMESTAMP)


def test_a_goal_waits_for_its_own_time(client, states, ready):
    goal = follow_goal((1.5, AROUND))
    begin_s = stamp_s(states.next()) + 1.0
    goal.trajectory.header.stamp = Time(sec=int(begin_s), nanosec=int(begin_s % 1 * 1e9))
    since = len(states.messages)
    sent = client.follow(goal)
    moving = states.first(lambda m: speed(m) > 0.05, since)
    assert stamp_s(moving) > begin_s
    assert sent.result()[0] == DONE


def test_a_path_tolerance_that_is_left_ends_the_motion_by_name(client, states, ready):
    since = len(states.messages)
    tolerance = JointTolerance(name="joint_1", position=1e-6)
    status, result = client.follow(follow_goal((2.0, AROUND), path_tolerance=[tolerance])).result()
    assert (status, result.error_code) == (ABORTED, RESULT.PATH_TOLERANCE_VIOLATED)
    assert "joint_1 was off by" in result.error_string
    last = states.next()
    assert speed(last) < 0.02
    assert last.position[0] < 0.5
    assert len(states.messages) > since


def test_a_path_tolerance_that_is_kept_changes_nothing(client, ready):
    tolerances = [JointTolerance(name=name, position=0.05, velocity=1.0) for name in NAMES]
    goal = follow_goal((2.0, AROUND), path_tolerance=tolerances, goal_tolerance=tolerances)
    goal.goal_time_tolerance = Duration(sec=1)
    assert client.follow(goal).result()[0] == DONE


def test_a_goal_tolerance_that_is_missed_is_told_by_name(client, ready):
    tolerance = JointTolerance(name="joint_2", position=1e-9)
    status, result = client.follow(follow_goal((2.0, AROUND), goal_tolerance=[tolerance])).result()
    assert (status, result.error_code) == (ABORTED, RESULT.GOAL_TOLERANCE_VIOLATED)
    assert "joint_2 was off by" in result.error_string


def test_a_cancelled_goal_brings_the_arm_to_rest_within_50_ms(client, states, reports, ready):
    since, told = len(states.messages), len(reports.messages)
    sent = client.follow(follow_goal((2.0, AROUND)))
    fast(states, since)
    sent.cancel()
    status, result = sent.result()
    assert status == CANCELED
    assert result.error_string == "cancelled: The client cancelled the goal."
    assert reports.first(lambda m: True, told).error_code == ErrorCode.CANCELLED
    last = states.next()
    assert speed(last) < 0.02
    assert abs(last.position[0]) < 0.8
    assert braking_s(states.messages[since:]) <= 0.05


def test_cancelling_a_goal_leaves_what_others_proposed(robot, client, states, ready):
    other, gate = User("somebody else", frozenset({"user"})), robot._face._motion.gate
    proposal = robot._loop.run(gate.propose(other, "grip", {"width_m": 0.06}))
    since = len(states.messages)
    sent = client.follow(follow_goal((2.0, AROUND)))
    fast(states, since)
    sent.cancel()
    assert sent.result()[0] == CANCELED
    done = robot._loop.run(gate.execute(other, proposal.digest))
    assert done.gripper_width_m == pytest.approx(0.06, abs=0.003)


def braking_s(messages):
    """Return how long the arm took to come to rest once it slowed down for the last time."""
    speeds = np.array([speed(m) for m in messages])
    stamps = np.array([stamp_s(m) for m in messages])
    end = int(np.flatnonzero(speeds >= 0.02)[-1]) + 1
    begin = end
    while begin > 0 and speeds[begin - 1] > speeds[begin]:
        begin -= 1
    return float(stamps[min(end, len(stamps) - 1)] - stamps[begin])


def test_a_new_goal_replaces_the_running_one_and_begins_where_the_arm_rests(client, states, ready):
    since = len(states.messages)
    first = client.follow(follow_goal((3.0, AROUND)))
    fast(states, since)
    second = client.follow(follow_goal((2.5, READY)))
    status, result = first.result()
    assert (status, result.error_code) == (ABORTED, RESULT.INVALID_GOAL)
    assert "A newer command replaced this one." in result.error_string
    assert second.result()[0] == DONE
    np.testing.assert_allclose(arm(states.next()), READY, atol=0.003)
    assert max(m.position[0] for m in states.messages[since:]) < 0.85


def test_a_goal_that_is_cancelled_before_its_turn_never_moves_the_arm(client, states, ready):
    since = len(states.messages)
    first = client.follow(follow_goal((3.0, AROUND)))
    fast(states, since)
    second = client.follow(follow_goal((2.0, [-0.5, *READY[1:]])))
    second.cancel()
    assert (first.result()[0], second.result()[0]) == (ABORTED, CANCELED)
    last = states.next()
    assert speed(last) < 0.02
    assert last.position[0] > 0.0


def test_the_newest_of_many_goals_wins(client, states, ready):
    sent = [
        client.follow(follow_goal((2.0, [angle, *READY[1:]]))) for angle in (0.3, 0.5, 0.7, 0.4)
    ]
    ends = [goal.result()[0] for goal in sent]
    assert ends == [ABORTED, ABORTED, ABORTED, DONE]
    assert states.next().position[0] == pytest.approx(0.4, abs=0.003)


def test_a_command_on_the_topic_is_followed_and_reported(client, states, reports, ready):
    told = len(reports.messages)
    client.publisher(JointTrajectory, TOPIC).publish(trajectory((2.0, AROUND)))
    report = reports.first(lambda m: True, told)
    assert (report.error_code, report.error_msg, report.tool) == (0, "", "follow_trajectory")
    assert report.source.endswith(f"/{TOPIC}")
    assert len(report.digest) == 64
    assert report.duration_s > 1.9
    np.testing.assert_allclose(arm(states.next()), AROUND, atol=0.003)


def test_a_command_on_the_topic_that_is_refused_is_reported_by_name(client, reports, ready):
    told = len(reports.messages)
    client.publisher(JointTrajectory, TOPIC).publish(trajectory((4.0, THROUGH)))
    report = reports.first(lambda m: True, told)
    assert report.error_code == ErrorCode.PATH_BLOCKED
    assert report.duration_s == 0
    assert report.digest == ""


def test_the_topic_replaces_a_goal_of_the_action(client, states, ready):
    publisher = client.publisher(JointTrajectory, TOPIC)
    since = len(states.messages)
    sent = client.follow(follow_goal((3.0, AROUND)))
    fast(states, since)
    publisher.publish(trajectory((2.0, READY)))
    assert sent.result()[0] == ABORTED


def test_a_stop_brings_the_arm_to_rest_within_50_ms(client, states, ready):
    since = len(states.messages)
    sent = client.follow(follow_goal((2.0, AROUND)))
    fast(states, since)
    assert client.call(Trigger, "robot/stop").success
    status, result = sent.result()
    assert (status, result.error_string[:15]) == (ABORTED, "motion_stopped:")
    states.next()
    assert braking_s(states.messages[since:]) <= 0.05


def test_a_stop_while_nothing_moves_hinders_nothing_afterwards(client, ready):
    assert client.call(Trigger, "robot/stop").success
    assert client.follow(follow_goal((2.0, AROUND))).result()[0] == DONE


def test_a_motion_from_home_ends_at_home(client, states):
    client.go(HOME)
    np.testing.assert_allclose(arm(states.next()), HOME, atol=0.003)


def test_points_are_made_as_the_graph_has_them():
    assert point(1.25, READY).time_from_start == Duration(sec=1, nanosec=250_000_000)
