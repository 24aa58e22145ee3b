"""The robot between two processes over DDS: what it measures out, commands in, reports out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from ddspeer import HOME, JOINTS, point, seconds, trajectory

from lectern.error_numbers import NUMBERS
from lectern.graph.dds import offers
from lectern.robot.arm import textbook_arm

pytestmark = pytest.mark.usefixtures("lectern")
NAMES = textbook_arm().names + textbook_arm().gripper.joints


@pytest.fixture(autouse=True)
def _at_home(lectern):
    yield
    lectern.post("robot/reset", {})


def test_joint_states_arrive_a_hundred_times_a_second_by_the_robots_clock(peer):
    joints = peer.reader(offers.JOINT_STATES)
    joints.next()
    states = [joints.next() for _ in range(300)]
    stamps = np.array([seconds(state.header.stamp) for state in states])

    assert tuple(states[0].name) == NAMES
    assert len(states[0].position) == len(states[0].velocity) == len(states[0].effort) == len(NAMES)
    assert (np.diff(stamps) > 0).all()
    # A busy machine may miss some; on the whole the rate holds.
    assert np.median(np.diff(stamps)) == pytest.approx(0.01, abs=0.001)
    assert (len(stamps) - 1) / (stamps[-1] - stamps[0]) > 80


def test_the_clock_is_the_one_that_joint_states_are_stamped_with(peer):
    clock, joints = peer.reader(offers.CLOCK), peer.reader(offers.JOINT_STATES)
    stamp = joints.next().header.stamp
    later = clock.until(lambda message: seconds(message.clock) >= seconds(stamp))

    assert seconds(later.clock) - seconds(stamp) < 10


def test_transforms_make_one_tree_of_every_link(peer):
    fixed = peer.reader(offers.TF_STATIC).next().transforms
    moving = peer.reader(offers.TF).next().transforms
    parents = {t.child_frame_id: t.header.frame_id for t in (*fixed, *moving)}

    assert len(parents) == len(fixed) + len(moving)
    roots = set(parents.values()) - set(parents)
    assert len(roots) == 1
    assert len(moving) == len(NAMES)


def test_who_comes_late_gets_the_description_of_the_arm(peer):
    first = peer.reader(offers.ROBOT_DESCRIPTION).next().data
    peer.forget(offers.ROBOT_DESCRIPTION)
    second = peer.reader(offers.ROBOT_DESCRIPTION).next().data

    assert first == second == textbook_arm().urdf


def test_a_commanded_trajectory_moves_the_arm_there_and_is_reported(peer):
    goal = (0.3, *HOME[1:])

    report = peer.command(point(0.5, 0.1, *HOME[1:]), point(1.5, *goal))

    assert (report.error_code, report.error_msg) == (0, "")
    assert (report.source, report.tool) == ("/arm_controller/joint_trajectory", "follow_trajectory")
    assert report.duration_s == pytest.approx(1.5, abs=0.2)
    assert len(report.digest) == 64
    peer.forget(offers.JOINT_STATES)
    there = peer.reader(offers.JOINT_STATES).next()
    assert list(there.position[:6]) == pytest.approx(goal, abs=0.005)


@pytest.mark.parametrize(
    ("points", "names", "code"),
    [
        pytest.param([(4.0, 0, 0, -1, 0, 0, 0)], JOINTS, "limits_exceeded", id="table"),
        pytest.param([(0.01, 1.0, *HOME[1:])], JOINTS, "limits_exceeded", id="too fast"),
        pytest.param([(2.0, 9.0, *HOME[1:])], JOINTS, "limits_exceeded", id="joint limit"),
        pytest.param([(2.0, float("nan"), *HOME[1:])], JOINTS, "trajectory_invalid", id="nan"),
        pytest.param([(2.0, *HOME)], ("knee",) * 6, "trajectory_invalid", id="names"),
        pytest.param([(2.0, 0.1)], JOINTS, "trajectory_invalid", id="too few"),
        pytest.param([], JOINTS, "trajectory_invalid", id="no points"),
        pytest.param(
            [(1 + 0.01 * n, *HOME) for n in range(3000)],
            (*JOINTS, "x"),
            "trajectory_invalid",
            id="many",
        ),
    ],
)
def test_a_command_that_must_not_be_is_refused_by_name(peer, points, names, code):
    report = peer.command(*(point(*p) for p in points), names=names)

    assert report.error_code == NUMBERS[code]
    assert report.error_msg
    assert report.duration_s == 0


def test_a_command_by_another_clock_is_refused(peer):
    report = peer.command(point(1.0, *HOME), stamp_s=1_700_000_000)

    assert report.error_code == NUMBERS["trajectory_invalid"]
    assert "clock" in report.error_msg


def test_a_newer_command_replaces_the_one_at_work_from_where_the_arm_rests(peer):
    joints, reports = peer.reader(offers.JOINT_STATES), peer.reader(offers.MOTION_REPORT)
    peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(20.0, 1.5, *HOME[1:])))
    joints.until(lambda state: state.velocity[0] > 0.005)

    peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(1.0, *HOME)))
    old, new = reports.next(), reports.next()

    assert (old.error_code, new.error_code) == (NUMBERS["cancelled"], 0)
    assert old.duration_s > 0
    peer.forget(offers.JOINT_STATES)
    there = peer.reader(offers.JOINT_STATES).next()
    assert list(there.position[:6]) == pytest.approx(HOME, abs=0.005)


def test_a_command_that_is_refused_leaves_the_one_at_work_alone(peer):
    joints, reports = peer.reader(offers.JOINT_STATES), peer.reader(offers.MOTION_REPORT)
    peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(1.0, 0.2, *HOME[1:])))
    joints.until(lambda state: state.velocity[0] > 0.005)

    peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(1.0, 0.1)))
    refused, carried_out = reports.next(), reports.next()

    assert refused.error_code == NUMBERS["trajectory_invalid"]
    assert carried_out.error_code == 0


def test_of_commands_at_once_the_newest_is_carried_out_and_each_is_reported(peer):
    reports = peer.reader(offers.MOTION_REPORT)
    for number in range(1, 6):
        goal = (number / 20, *HOME[1:])
        peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(1.0, *goal)))

    codes = [reports.next().error_code for _ in range(5)]

    assert codes == [NUMBERS["cancelled"]] * 4 + [0]
    peer.forget(offers.JOINT_STATES)
    assert peer.reader(offers.JOINT_STATES).next().position[0] == pytest.approx(0.25, abs=0.005)


def test_a_stop_ends_a_commanded_motion_and_is_reported(peer, lectern):
    joints, reports = peer.reader(offers.JOINT_STATES), peer.reader(offers.MOTION_REPORT)
    peer.write(offers.TRAJECTORY_COMMAND, trajectory(point(20.0, 1.5, *HOME[1:])))
    joints.until(lambda state: state.velocity[0] > 0.005)

    lectern.post("robot/stop", {})

    assert reports.next().error_code == NUMBERS["motion_stopped"]


def test_a_reader_that_stands_still_holds_nobody_up(peer, domain):
    program = Path(__file__).with_name("stuck_reader.py")
    environment = {**os.environ, "PYTHONPATH": str(program.parent)}
    stuck = subprocess.Popen(
        [sys.executable, program, str(domain)], stdout=subprocess.PIPE, env=environment
    )
    try:
        assert stuck.stdout.readline() == b"reading\n"
        stuck.send_signal(signal.SIGSTOP)
        joints = peer.reader(offers.JOINT_STATES)
        joints.next()
        stamps = np.array([seconds(joints.next().header.stamp) for _ in range(600)])
        assert np.diff(stamps).max() < 0.5
        assert (len(stamps) - 1) / (stamps[-1] - stamps[0]) > 80
    finally:
        stuck.kill()
        stuck.communicate()
