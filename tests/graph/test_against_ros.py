"""The graph without ROS against nodes of ROS 2, which think that they talk to a node.

Each side is a program of its own: ROS 2 and Lectern bring different versions of Cyclone DDS.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from graphkit import LIMIT_S

from lectern.error_numbers import NUMBERS
from lectern.robot.arm import textbook_arm

PAGE = (Path(__file__).parents[2] / "docs" / "dds.md").read_text(encoding="utf-8")
PEER = Path(__file__).with_name("ros_peer.py")
MISSING = [
    name
    for name in ("cyclonedds", "rclpy", "rmw_cyclonedds_cpp", "lectern_interfaces")
    if not importlib.util.find_spec(name)
    and not any(
        (Path(prefix) / "share" / name).is_dir()
        for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(":")
    )
]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"needs ROS 2 sourced, with {', '.join(MISSING)}"),
    pytest.mark.usefixtures("lectern"),
]


@pytest.fixture
def ros(domain):
    """The environment that docs/dds.md tells ROS 2 to have, on the domain of the tests."""
    configuration = re.search(r"<CycloneDDS>.*?</CycloneDDS>", PAGE, re.S)[0]
    return {
        **os.environ,
        "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp",
        "ROS_DOMAIN_ID": str(domain),
        "CYCLONEDDS_URI": configuration,
    }


@pytest.fixture
def node(ros):
    """Let a node of ROS 2 do something, and return what it found."""

    def run(what):
        done = subprocess.run(
            [sys.executable, PEER, what],
            env=ros,
            capture_output=True,
            text=True,
            timeout=2 * LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_node_asks_and_gets_the_answer_its_pieces_and_refusals(node):
    found = node("ask")

    assert found["grounded"]
    assert found["heading"] == ["The Jacobian", "Tool velocity"]
    assert found["tokens"] == found["text"]
    assert found["cited"] == found["quotes"]
    assert found["indices"] == list(range(len(found["indices"])))
    assert found["refused"][0] == NUMBERS["invalid_input"]
    assert found["refused"][1]


def test_a_node_types_a_question_and_gets_a_text(node):
    assert "jacobian.md#" in node("type")["text"]


def test_a_node_sees_the_robot(node):
    found = node("watch")
    stamps = np.array(found["stamps"])

    assert found["description"] == textbook_arm().urdf
    assert len(set(found["links"])) == len(found["links"]) == 13
    assert found["names"] == [*textbook_arm().names, *textbook_arm().gripper.joints]
    assert (np.diff(stamps) > 0).all()
    assert (len(stamps) - 1) / (stamps[-1] - stamps[0]) > 80
    assert abs(found["clock"] - stamps[-1]) < 10


def test_a_node_moves_the_arm_and_is_told_what_became_of_it(node, lectern):
    found = node("command")
    lectern.post("robot/reset", {})

    assert found["codes"] == [0, NUMBERS["limits_exceeded"]]
    assert found["messages"][0] == ""
    assert found["position"] == pytest.approx(0.3, abs=0.005)


@pytest.mark.parametrize(
    "beginning", ["ros2 topic echo --once", "ros2 topic pub --once -w 1 /assistant"]
)
def test_the_lines_of_the_page_work_as_they_stand(ros, beginning):
    line = next(line for line in PAGE.splitlines() if line.startswith(beginning))
    done = subprocess.run(
        ["bash", "-c", line],
        env=ros,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "joint_1" in done.stdout or "publishing #1" in done.stdout
