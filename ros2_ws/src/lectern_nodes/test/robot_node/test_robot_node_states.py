"""What the robot's node says by itself: states, time, frames, description, objects, health."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from diagnostic_msgs.msg import DiagnosticArray
from lectern_nodes.robot.offers import ROBOT
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from conftest import NAMES, READY, Graph, stamp_s, wait_until
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.scenes import bench

ARM = textbook_arm()


def matrix(message):
    place, turn = message.transform.translation, message.transform.rotation
    return Pose((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w)).matrix()


def pose_of(frame, transforms):
    """Follow the transforms from a frame to the root, as tf2 does."""
    parents = {m.child_frame_id: m for m in transforms}
    pose, at = np.eye(4), frame
    while at in parents:
        pose, at = matrix(parents[at]) @ pose, parents[at].header.frame_id
    return pose, at


def test_joint_states_come_100_times_a_second_of_the_robots_clock(client):
    states = client.inbox(JointState, "joint_states").until(300)
    stamps = [stamp_s(m) for m in states]
    steps = np.diff(stamps)
    # A reader that is late misses some; what comes is 10 ms apart, and most of it comes.
    assert np.median(steps) == pytest.approx(0.01, abs=1e-6)
    assert len(stamps) / (stamps[-1] - stamps[0] + 0.01) > 90
    assert steps.min() > 0
    assert states[0].name == [*NAMES, "finger_left_joint", "finger_right_joint"]
    assert len(states[0].velocity) == len(states[0].effort) == 8


def test_the_clock_shows_the_time_of_the_joint_states(client):
    clock = client.inbox(Clock, "clock")
    state = client.inbox(JointState, "joint_states").next()
    clock.first(lambda m: stamp_s(m.clock) == stamp_s(state))
    stamps = [stamp_s(m.clock) for m in clock.until(50)]
    assert stamps == sorted(stamps)


def test_the_description_is_there_for_those_who_come_late(client):
    for _ in range(2):
        description = client.latched(String, "robot_description").until(1)[0]
        assert description.data == ARM.urdf


def test_frames_are_the_forward_kinematics_of_the_joint_states(client):
    client.go(READY)
    fixed = client.latched(TFMessage, "tf_static").until(1)[0].transforms
    states, frames = client.inbox(JointState, "joint_states"), client.inbox(TFMessage, "tf")
    message = frames.next()
    stamp = stamp_s(message.transforms[0])
    state = states.first(lambda m: stamp_s(m) >= stamp)
    tool, root = pose_of(ARM.tool_frame, [*fixed, *message.transforms])
    arm = np.array(state.position[:6])
    assert root == "world"
    np.testing.assert_allclose(tool, Kinematics(ARM).forward(arm).matrix(), atol=1e-5)


def test_frames_come_50_times_a_second(client):
    stamps = [stamp_s(m.transforms[0]) for m in client.inbox(TFMessage, "tf").until(100)]
    assert np.median(np.diff(stamps)) == pytest.approx(0.02, abs=1e-6)


def test_every_object_of_the_scene_has_a_frame_of_its_own(client):
    fixed = client.latched(TFMessage, "tf_static").until(1)[0].transforms
    moving = client.inbox(TFMessage, "tf").next().transforms
    frames = {m.child_frame_id: m for m in (*fixed, *moving)}
    for name, item in bench().objects.items():
        at = frames[f"scene/{name}"]
        assert at.header.frame_id == "world"
        np.testing.assert_allclose(matrix(at)[:3, 3], item.pose.position_m, atol=2e-3)


def test_markers_show_every_object_in_its_frame(client):
    markers = client.latched(MarkerArray, "scene/markers").until(1)[0].markers
    assert markers[0].action == Marker.DELETEALL
    shown = {m.header.frame_id: m for m in markers[1:]}
    assert set(shown) == {f"scene/{name}" for name in bench().objects}
    cube = shown["scene/red_cube"]
    assert (cube.type, cube.frame_locked) == (Marker.CUBE, True)
    assert [cube.scale.x, cube.scale.y, cube.scale.z] == [0.04] * 3


def test_diagnostics_tell_of_every_part(client, robot):
    inbox = client.inbox(DiagnosticArray, "/diagnostics")
    states = f"{robot.get_fully_qualified_name()[1:]}: joint states"

    def rate_is_known(message):
        return any(s.name == states and s.values for s in message.status)

    status = {s.name.split(": ")[1]: s for s in inbox.first(rate_is_known).status}
    assert set(status) == {"robot", "simulator", "joint states", "last motion", "camera", "base"}
    assert {v.key for v in status["simulator"].values} == {"real_time_factor"}
    assert status["robot"].values[0].value == "idle"


def test_the_node_offers_exactly_what_its_table_says(client, robot):
    node, name, namespace = client.node, robot.get_name(), robot.get_namespace()

    def full(endpoint):
        return robot.resolve_topic_name(endpoint.name)

    published = dict(node.get_publisher_names_and_types_by_node(name, namespace))
    subscribed = dict(node.get_subscriber_names_and_types_by_node(name, namespace))
    served = dict(node.get_service_names_and_types_by_node(name, namespace))
    for endpoint in ROBOT.endpoints:
        if endpoint.role == "publishes":
            assert published.pop(full(endpoint)) == [endpoint.type]
        elif endpoint.role == "subscribes":
            assert subscribed.pop(full(endpoint)) == [endpoint.type]
        elif endpoint.role == "serves":
            assert served.pop(full(endpoint)) == [endpoint.type]
        else:
            assert f"{full(endpoint)}/_action/send_goal" in served
    own = f"{robot.get_fully_qualified_name()}/"
    rest = [n for n in (*published, *subscribed) if not n.startswith(own) and "_action" not in n]
    assert set(rest) <= {"/rosout", "/parameter_events"}
    assert {n for n in robot._parameters if n != "use_sim_time"} == set(ROBOT.parameters)


def test_two_robots_in_two_namespaces_share_one_tree_by_their_prefixes(graph: Graph):
    shared = f"{graph.namespace}/shared"
    remapped = ("-r", f"tf:={shared}/tf", "-r", f"tf_static:={shared}/tf_static")
    for side in ("left", "right"):
        node = graph.robot(*remapped, below=f"/{side}", frame_prefix=f"{side}/")
        assert node.start(), node.trouble
    frames = graph.client().inbox(TFMessage, f"{shared}/tf")
    for side in ("left", "right"):
        hand = f"{side}/wrist_3_link"
        message = frames.first(
            lambda m, hand=hand: any(t.child_frame_id == hand for t in m.transforms)
        )
        assert all(t.header.frame_id.startswith(f"{side}/") for t in message.transforms)
        states = graph.client(f"/{side}").inbox(JointState, "joint_states")
        assert states.next().name[:6] == NAMES


def test_robot_state_publisher_may_do_the_links_and_the_description(graph: Graph):
    node = graph.robot(
        below="/bare", publish_tf=False, publish_description=False, publish_clock=False
    )
    assert node.start(), node.trouble
    client = graph.client("/bare")
    frames = client.inbox(TFMessage, "tf").next().transforms
    assert {t.child_frame_id.split("/")[0] for t in frames} == {"scene"}
    topics = dict(client.node.get_topic_names_and_types())
    assert f"{graph.namespace}/bare/clock" not in topics
    wait_until(
        lambda: client.node.count_publishers(f"{graph.namespace}/bare/robot_description") == 0,
        "nobody publishes the description",
    )
