"""The states of the robot's node, and its process: started, told to end, killed, started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from action_msgs.msg import GoalStatus
from lectern_interfaces.msg import ErrorCode, MotionReport
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from conftest import HOME, LIMIT_S, READY, Graph, follow_goal, stamp_s, wait_until

STOP = "robot/stop"


@pytest.fixture
def alone(tmp_path):
    """A graph for one test."""
    graph = Graph(tmp_path)
    yield graph
    graph.close()


def change(client, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return client.call(ChangeState, "robot_node/change_state", request).success


def test_a_robot_goes_through_all_its_states_and_back(alone):
    node, client = alone.robot(autostart=False), alone.client()
    assert change(client, Transition.TRANSITION_CONFIGURE)
    assert node.state == "inactive"
    assert client.call(Trigger, STOP).success
    states = client.inbox(JointState, "joint_states")
    assert change(client, Transition.TRANSITION_ACTIVATE)
    states.until(10)
    assert change(client, Transition.TRANSITION_DEACTIVATE)
    assert client.call(Trigger, STOP).success
    assert not client.follow(follow_goal((3.0, READY))).handle.accepted
    assert change(client, Transition.TRANSITION_ACTIVATE)
    client.go(READY)
    assert change(client, Transition.TRANSITION_DEACTIVATE)
    assert change(client, Transition.TRANSITION_CLEANUP)
    assert node.state == "unconfigured"
    wait_until(
        lambda: client.node.count_publishers(f"{alone.namespace}/joint_states") == 0,
        "the topics are gone",
    )
    assert change(client, Transition.TRANSITION_CONFIGURE)
    assert change(client, Transition.TRANSITION_ACTIVATE)
    client.go(READY)


def test_deactivating_brings_a_moving_arm_to_rest_and_ends_its_goal(alone):
    node, client = alone.robot(), alone.client()
    assert node.start()
    states = client.inbox(JointState, "joint_states", 1000)
    sent = client.follow(follow_goal((3.0, READY)))
    states.first(lambda m: max(map(abs, m.velocity)) > 0.3)
    assert change(client, Transition.TRANSITION_DEACTIVATE)
    status, result = sent.result()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.error_string.startswith("motion_stopped: ")


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        pytest.param({"camera": "front"}, "choose one of off, overview, tool", id="a choice"),
        pytest.param({"tf_rate_hz": 500.0}, "tf_rate_hz", id="a range"),
        pytest.param({"seed": "seven"}, "seed", id="a type"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(alone, parameters, text):
    from lectern.errors import SettingsError

    with pytest.raises(SettingsError, match=text):
        alone.robot(**parameters)


def test_a_policy_of_off_refuses_every_motion_by_name(alone):
    node, client = alone.robot(policy="off"), alone.client()
    assert node.start()
    reports = client.inbox(MotionReport, "robot/motion_report")
    status, result = client.follow(follow_goal((3.0, READY))).result()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.error_string.startswith("motion_off: ")
    assert reports.until(1)[0].error_code == ErrorCode.MOTION_OFF


def test_a_goal_that_waits_for_approval_can_be_cancelled_and_nothing_moves(alone):
    node, client = alone.robot(policy="ask"), alone.client()
    assert node.start()
    states = client.inbox(JointState, "joint_states", 1000)
    sent = client.follow(follow_goal((3.0, READY)))
    wait_until(lambda: node._face._motion.gate.pending() != (), "the plan waits for a person")
    sent.cancel()
    status, result = sent.result()
    assert (status, result.error_string[:10]) == (GoalStatus.STATUS_CANCELED, "cancelled:")
    assert list(states.next().position[:6]) == pytest.approx(HOME, abs=0.003)


class Process:
    """A robot node in a process of its own."""

    def __init__(self, graph, namespace):
        self._given = ["-r", f"__ns:={namespace}", "-p", f"home:={graph.home}"]
        self.process = self._start()

    def _start(self):
        return subprocess.Popen(
            [sys.executable, "-m", "lectern_nodes.robot_node", "--ros-args", *self._given],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "RCUTILS_LOGGING_USE_STDOUT": "1"},
        )

    def end(self, number):
        """Send a signal; returns exit code and output."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, output

    def again(self):
        self.process = self._start()


@pytest.fixture
def process(alone):
    made = Process(alone, f"{alone.namespace}/apart")
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_cleanly_while_the_arm_moves(alone, process, number):
    client = alone.client("/apart")
    states = client.inbox(JointState, "joint_states")
    states.until(5)
    client.follow(follow_goal((3.0, READY)))
    states.first(lambda m: max(map(abs, m.velocity)) > 0.3)
    code, output = process.end(number)
    assert code == 0, output
    assert "Traceback" not in output


def test_a_robot_that_was_killed_starts_again_at_home(alone, process):
    client = alone.client("/apart")
    states = client.inbox(JointState, "joint_states")
    before = states.until(5)[-1]
    client.follow(follow_goal((3.0, READY)))
    states.first(lambda m: max(map(abs, m.velocity)) > 0.3)
    assert process.end(signal.SIGKILL)[0] == -signal.SIGKILL
    wait_until(
        lambda: client.node.count_publishers(f"{alone.namespace}/apart/joint_states") == 0,
        "the graph has noticed",
    )
    process.again()
    since = len(states.messages)
    again = states.first(lambda m: True, since)
    assert list(again.position[:6]) == pytest.approx(HOME, abs=0.003)
    assert stamp_s(again) < stamp_s(before) + LIMIT_S
    client.go(READY)
