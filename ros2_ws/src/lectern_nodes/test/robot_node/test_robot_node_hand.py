"""The gripper picks up a cube; demos run with feedback, and end when cancelled or stopped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from control_msgs.msg import GripperCommand as Command
from lectern_interfaces.action import RunDemo
from lectern_interfaces.msg import ErrorCode, MotionReport
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from conftest import HOME, stamp_s

GRIPPER, DEMO = "gripper_controller/gripper_cmd", "robot/run_demo"
DONE, CANCELED, ABORTED = (
    GoalStatus.STATUS_SUCCEEDED,
    GoalStatus.STATUS_CANCELED,
    GoalStatus.STATUS_ABORTED,
)
# With the hand down: over the red cube, and around it.
OVER = [0.1974, 0.694, -1.9455, 0.0, -0.3192, 0.1974]
AROUND = [0.1974, 0.4459, -1.8692, 0.0, -0.1475, 0.1974]


@pytest.fixture(scope="module")
def reports(client):
    return client.inbox(MotionReport, "robot/motion_report")


@pytest.fixture(scope="module")
def frames(client):
    return client.inbox(TFMessage, "tf")


def grip(client, position_m, effort_n=0.0):
    goal = GripperCommand.Goal(command=Command(position=position_m, max_effort=effort_n))
    return client.send(GripperCommand, GRIPPER, goal)


def height_of(name, frames):
    """Return the present height of an object, m."""
    transforms = frames.next().transforms
    return next(t for t in transforms if t.child_frame_id == name).transform.translation.z


def test_the_fingers_go_where_they_are_told_with_feedback(client):
    grip(client, 0.04).result()
    sent = grip(client, 0.01)
    status, result = sent.result()
    assert (status, result.reached_goal, result.stalled) == (DONE, True, False)
    assert result.position == pytest.approx(0.01, abs=0.001)
    ways = [m.position for m in sent.feedback.until(5)]
    assert ways[0] > 0.02 > ways[-1]


def test_a_cube_between_the_fingers_is_picked_up_and_put_down(client, frames):
    assert grip(client, 0.04).result()[0] == DONE
    client.go(OVER)
    client.go(AROUND)
    status, result = grip(client, 0.0, 15.0).result()
    assert (status, result.stalled, result.reached_goal) == (DONE, True, False)
    assert result.position == pytest.approx(0.02, abs=0.001)
    assert result.effort > 5
    client.go(OVER)
    assert height_of("scene/red_cube", frames) > 0.1
    client.go(AROUND)
    assert grip(client, 0.04).result()[0] == DONE
    client.go(OVER)
    assert height_of("scene/red_cube", frames) == pytest.approx(0.02, abs=0.003)
    client.go(HOME)


@pytest.mark.parametrize(
    ("position_m", "effort_n", "text"),
    [
        pytest.param(0.05, 0.0, "position 0.05 m of finger_left_joint", id="too wide"),
        pytest.param(-0.01, 0.0, "position -0.01 m", id="negative"),
        pytest.param(float("nan"), 0.0, "position nan m", id="not a number"),
        pytest.param(0.0, 500.0, "effort 500 N", id="too strong"),
    ],
)
def test_a_grip_out_of_range_is_reported_by_name(client, reports, position_m, effort_n, text):
    told = len(reports.messages)
    assert grip(client, position_m, effort_n).result()[0] == ABORTED
    report = reports.first(lambda m: True, told)
    assert (report.error_code, report.tool) == (ErrorCode.LIMITS_EXCEEDED, "grip")
    assert text in report.error_msg


def test_a_new_grip_replaces_the_running_one(client):
    grip(client, 0.04).result()
    first, second = grip(client, 0.0), grip(client, 0.03)
    assert first.result()[0] == ABORTED
    status, result = second.result()
    assert (status, result.reached_goal) == (DONE, True)


def demo(client, name, pictures=False, **parameters):
    goal = RunDemo.Goal(name=name, parameters=json.dumps(parameters), pictures=pictures)
    return client.send(RunDemo, DEMO, goal)


def test_a_demo_runs_with_feedback_and_gives_its_result_and_pictures(client, frames):
    sent = demo(client, "pick_and_place", pictures=True, cube_x_m=0.45, cube_y_m=0.0)
    status, result = sent.result()
    assert (status, result.error_code, result.error_msg) == (DONE, 0, "")
    assert json.loads(result.result)["numbers"]["success"] is True
    assert result.pictures[0].format == "png"
    assert bytes(result.pictures[0].data[:4]) == b"\x89PNG"
    assert result.pictures[0].header.frame_id == "table"
    messages = sent.feedback.messages
    assert "Gripping the cube." in [m.message for m in messages]
    elapsed = [m.elapsed_s for m in messages]
    assert elapsed == sorted(elapsed)
    assert height_of("scene/red_cube", frames) == pytest.approx(0.04, abs=0.003)


def test_a_demo_sends_no_pictures_unless_it_is_asked_for_them(client):
    status, result = demo(client, "inverse_kinematics").result()
    assert (status, result.error_code) == (DONE, 0)
    assert json.loads(result.result)["numbers"]
    assert list(result.pictures) == []


def test_a_grip_is_reported_with_its_plan_and_its_time(client, reports):
    assert grip(client, 0.03).result()[0] == DONE
    told = len(reports.messages)
    assert grip(client, 0.01).result()[0] == DONE
    report = reports.first(lambda m: True, told)
    assert len(report.digest) == 64
    assert 0.1 < report.duration_s < 5.0


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        pytest.param("juggling", "", ErrorCode.DEMO_UNKNOWN, id="no such demo"),
        pytest.param("pid", "{", ErrorCode.INVALID_INPUT, id="no JSON"),
        pytest.param("pid", "[1]", ErrorCode.INVALID_INPUT, id="no object"),
        pytest.param("pid", '{"colour": 1}', ErrorCode.INVALID_INPUT, id="no such parameter"),
    ],
)
def test_a_demo_that_cannot_run_is_refused_by_name(client, name, parameters, code):
    sent = client.send(RunDemo, DEMO, RunDemo.Goal(name=name, parameters=parameters))
    status, result = sent.result()
    assert (status, result.error_code) == (ABORTED, code)
    assert result.error_msg


def test_a_second_demo_beside_the_first_is_refused_by_name(client):
    first = demo(client, "pick_and_place")
    first.feedback.until(1)
    status, result = demo(client, "pid").result()
    assert (status, result.error_code) == (ABORTED, ErrorCode.ROBOT_BUSY)
    first.cancel()
    assert first.result()[0] == CANCELED


@pytest.mark.parametrize("way", ["cancel", "stop"])
def test_a_demo_that_is_cancelled_or_stopped_leaves_the_arm_at_rest(client, way):
    states = client.inbox(JointState, "joint_states")
    sent = demo(client, "pick_and_place")
    states.first(lambda m: max(map(abs, m.velocity)) > 0.3)
    if way == "cancel":
        sent.cancel()
    else:
        client.call(Trigger, "robot/stop")
    status, result = sent.result()
    assert status == (CANCELED if way == "cancel" else ABORTED)
    stopped = ErrorCode.CANCELLED if way == "cancel" else ErrorCode.MOTION_STOPPED
    assert result.error_code == stopped
    last = states.next()
    assert max(map(abs, last.velocity[:6])) < 0.02
    assert stamp_s(states.next()) > stamp_s(last)
