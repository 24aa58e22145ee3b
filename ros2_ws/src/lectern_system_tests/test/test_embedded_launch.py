"""embedded.launch.py: what the tables promise is on the graph, and the pasted lines work."""

from __future__ import annotations

import os
import re
import shlex
import signal
import statistics
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from ament_index_python.packages import get_packages_with_prefixes
from launched import LIMIT_S, Launch, launched, ros2
from lectern_nodes.assistant.offers import ASSISTANT
from lectern_nodes.robot.offers import ROBOT
from listening import LATCHED, Listener, first
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

EMBEDDED = ("lectern_bringup", "embedded.launch.py")
PAGE = Path(__file__).resolve().parents[4] / "docs" / "ros" / "README.md"
ANSWERS = "/assistant/answer_text"
# Made by robot_state_publisher here.
NOT_BY_THE_ROBOT = {"robot_description"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """The launch file with the textbook, up and healthy."""
    with launched(*EMBEDDED, LECTERN_HOME=str(tmp_path_factory.mktemp("home"))) as launch:
        listener = Listener()
        try:
            states = listener.on("/joint_states", JointState)
            listener.until_healthy("assistant_node: node")
            first(states)
        finally:
            listener.close()
        yield launch


def pasted_lines() -> list[str]:
    """Return the lines of the page that are for one terminal."""
    section = PAGE.read_text(encoding="utf-8").split("## Lines to paste")[1]
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return [line for line in blocks[1].splitlines() if line]


def test_joint_states_come_every_10_ms_of_the_robots_clock(running, listener):
    states = listener.on("/joint_states", JointState)
    stamps = [first(states).header.stamp for _ in range(100)]
    times_ms = [round(stamp.sec * 1000 + stamp.nanosec / 1e6) for stamp in stamps]
    steps_ms = [after - before for before, after in pairwise(times_ms)]
    # On a busy machine some are left out, but none is late, and none comes twice.
    assert statistics.median(steps_ms) == 10
    assert all(step > 0 and step % 10 == 0 for step in steps_ms)


def test_the_clock_is_that_of_the_joint_states(running, listener):
    clock = listener.on("/clock", Clock)
    states = listener.on("/joint_states", JointState)
    state = first(states)
    first(clock, lambda tick: tick.clock.sec >= state.header.stamp.sec)


def test_late_listeners_get_the_description_and_every_frame_has_one_parent(running, listener):
    description = first(listener.on("/robot_description", String, LATCHED)).data
    assert '<robot name="' in description
    links = set(re.findall(r'<link name="(\w+)"', description)) - {"world"}
    parents: dict[str, set[str]] = {}

    def complete(message: TFMessage) -> bool:
        for transform in message.transforms:
            parents.setdefault(transform.child_frame_id, set()).add(transform.header.frame_id)
        return links <= set(parents)

    both = listener.on("/tf_static", TFMessage, LATCHED)
    listener.node.create_subscription(TFMessage, "/tf", both.put, 100)
    first(both, complete)
    assert all(len(of) == 1 for of in parents.values()), parents


@pytest.mark.parametrize("node", [ASSISTANT, ROBOT], ids=lambda node: node.name)
def test_a_node_offers_what_its_table_says(node, running, listener):
    listener.until(lambda: node.name in listener.node.get_node_names(), node.name)
    for end in node.endpoints:
        if end.name not in NOT_BY_THE_ROBOT:
            assert (end.name, end.type) in offered(listener.node, node.name, end.role)


def offered(node, name: str, role: str) -> set[tuple[str, str]]:
    """Return what a node has on the graph in one role, as names and types."""
    from rclpy.action import get_action_server_names_and_types_by_node

    read = {
        "publishes": node.get_publisher_names_and_types_by_node,
        "subscribes": node.get_subscriber_names_and_types_by_node,
        "serves": node.get_service_names_and_types_by_node,
        "action server": lambda *of: get_action_server_names_and_types_by_node(node, *of),
    }[role]
    found = {(full, kind) for full, kinds in read(name, "/") for kind in kinds}
    return found | {(full.lstrip("/"), kind) for full, kind in found}


@pytest.mark.parametrize("line", pasted_lines(), ids=lambda line: " ".join(line.split()[1:5]))
def test_a_line_of_the_page_works_when_it_is_pasted(line, running):
    done = subprocess.run(
        shlex.split(line), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    if "service" in line or "action" in line:
        assert "success=True" in done.stdout or re.search(r"error_code[=:] ?0\b", done.stdout)


def test_the_answer_to_the_pasted_question_is_echoed(running, listener):
    echo = re.search(r"^ros2 topic echo .*answer_text$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert echo
    with subprocess.Popen(shlex.split(echo[0]), stdout=subprocess.PIPE, text=True) as echoing:
        try:
            listener.until(lambda: listener.node.count_subscribers(ANSWERS) == 1, "the echo")
            question = "{data: What is a quaternion}"
            ros2("topic pub --once /assistant/question_text std_msgs/msg/String", question)
            assert "quaternion" in echoing.communicate(timeout=LIMIT_S)[0]
        finally:
            echoing.kill()


def test_a_robot_that_was_killed_comes_back(running, listener):
    states = listener.on("/joint_states", JointState)
    first(states)
    os.kill(running.pid("robot_node"), signal.SIGKILL)
    running.pid("robot_node", start=2)
    while not states.empty():
        states.get()
    first(states)


def test_everything_ends_cleanly_on_ctrl_c(running):
    assert running.stop() == 0
    for node in ("assistant_node", "robot_node", "robot_state_publisher"):
        running.wait_for(rf"\[{node}-\d+\]: process has finished cleanly")
    assert "Traceback" not in running.output


@pytest.mark.skipif("rviz2" in get_packages_with_prefixes(), reason="RViz is installed")
def test_rviz_is_asked_for_by_name_where_it_is_missing():
    with launched(*EMBEDDED, "rviz:=true") as launch:
        assert launch.ended() == 1
        assert "rviz:=true needs the package rviz2." in launch.output
        assert "process started" not in launch.output
