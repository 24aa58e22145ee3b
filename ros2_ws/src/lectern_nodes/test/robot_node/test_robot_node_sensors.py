"""The camera projects the scene; the base drives, and measures where it is."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
sys.path.append(str(Path(__file__).parent))

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, Vector3
from lectern_interfaces.msg import ErrorCode, MotionReport
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, Image, Imu, LaserScan
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from conftest import stamp_s, wait_until
from lectern.errors import CameraUnavailable
from lectern.robot.embedded.camera import backend
from lectern.robot.geometry import Pose
from lectern.robot.scenes import bench

CAMERA = "overview_optical_frame"


def matrix(message):
    place, turn = message.transform.translation, message.transform.rotation
    return Pose((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w)).matrix()


class Health:
    """What the diagnostics say of one part of a robot."""

    def __init__(self, client, robot, part):
        self._inbox = client.inbox(DiagnosticArray, "/diagnostics")
        self._name = f"{robot.get_fully_qualified_name()[1:]}: {part}"

    def first(self, wanted=lambda status: True):
        message = self._inbox.first(lambda m: any(self._is(s, wanted) for s in m.status))
        return next(s for s in message.status if self._is(s, wanted))

    def _is(self, status, wanted):
        return status.name == self._name and wanted(status)


def twist(linear=0.0, angular=0.0):
    return Twist(linear=Vector3(x=linear), angular=Vector3(z=angular))


@pytest.fixture
def renderer():
    try:
        return backend()
    except CameraUnavailable as missing:
        pytest.skip(str(missing))


def test_no_picture_is_taken_while_nobody_looks(client, robot):
    camera = Health(client, robot, "camera").first()
    assert (camera.message, camera.values[0].value) == ("Nobody is looking.", "0")


def test_a_picture_shows_the_cubes_where_its_calibration_says(client, renderer):
    images, infos = (
        client.inbox(Image, "camera/image_raw"),
        client.inbox(CameraInfo, "camera/camera_info"),
    )
    info = infos.next()
    image = images.first(lambda m: stamp_s(m) >= stamp_s(info))
    info = infos.first(lambda m: stamp_s(m) == stamp_s(image))
    assert (image.width, image.height, image.encoding, image.step) == (640, 480, "rgb8", 1920)
    assert image.header.frame_id == info.header.frame_id == CAMERA
    pixels = np.array(image.data, np.uint8).reshape(480, 640, 3).astype(int)
    fixed = client.latched(TFMessage, "tf_static").first(
        lambda m: any(t.child_frame_id == CAMERA for t in m.transforms)
    )
    optical = matrix(next(t for t in fixed.transforms if t.child_frame_id == CAMERA))
    k = np.array(info.k).reshape(3, 3)
    for name, brightest in (("red_cube", 0), ("green_cube", 1), ("blue_cube", 2)):
        place = np.append(bench().get(name).pose.position_m, 1.0)
        u, v, depth = k @ (np.linalg.inv(optical) @ place)[:3]
        seen = pixels[round(v / depth), round(u / depth)]
        assert int(seen.argmax()) == brightest, (name, seen)


def test_the_base_is_made_for_the_first_who_looks(client, robot):
    health = Health(client, robot, "base")
    assert health.first().message == "Not asked for yet."
    odom = client.inbox(Odometry, "odom").next()
    assert (odom.header.frame_id, odom.child_frame_id) == ("odom", "base_footprint")
    health.first(lambda status: status.message == "At work.")


def test_the_base_drives_and_its_frame_follows_its_odometry(client):
    odometry, frames = client.inbox(Odometry, "odom"), client.inbox(TFMessage, "tf")
    start = odometry.next().pose.pose.position.x
    cmd_vel = client.publisher(Twist, "cmd_vel")
    cmd_vel.publish(twist(0.2))
    moved = odometry.first(lambda m: m.pose.pose.position.x > start + 0.04)
    assert moved.twist.twist.linear.x > 0.05

    def follows(message):
        return any(
            t.child_frame_id == "base_footprint"
            and t.header.frame_id == "odom"
            and t.transform.translation.x > start + 0.04
            for t in message.transforms
        )

    frames.first(follows)
    # The command holds for half a second; then the base brakes by itself.
    odometry.first(lambda m: stamp_s(m) > stamp_s(moved) and abs(m.twist.twist.linear.x) < 0.002)


def test_odometry_comes_50_and_imu_100_times_a_second(client):
    for kind, topic, step_s in ((Odometry, "odom", 0.02), (Imu, "imu", 0.01)):
        stamps = [stamp_s(m) for m in client.inbox(kind, topic).until(60)]
        assert np.median(np.diff(stamps)) == pytest.approx(step_s, abs=1e-6)


def test_the_imu_feels_gravity_in_its_own_frame(client):
    sample = client.inbox(Imu, "imu").next()
    assert sample.header.frame_id == "imu_link"
    assert sample.linear_acceleration.z == pytest.approx(9.81, abs=0.3)
    assert sample.orientation_covariance[0] > 0


def test_the_scan_sees_the_arena(client):
    scans = client.inbox(LaserScan, "scan").until(3)
    scan = scans[-1]
    assert scan.header.frame_id == "lidar_link"
    assert np.diff([stamp_s(m) for m in scans]) == pytest.approx(0.1, abs=1e-6)
    ranges = np.array(scan.ranges)
    assert len(ranges) == round((scan.angle_max - scan.angle_min) / scan.angle_increment) + 1
    assert 0.9 < ranges[np.isfinite(ranges)].min() < 4.0


def test_the_sensors_stand_on_the_base(client):
    fixed = client.latched(TFMessage, "tf_static").first(
        lambda m: any(t.child_frame_id == "lidar_link" for t in m.transforms)
    )
    at = {t.child_frame_id: t for t in fixed.transforms}
    assert at["lidar_link"].header.frame_id == at["imu_link"].header.frame_id == "base_footprint"
    assert matrix(at["lidar_link"])[2, 3] > 0.1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(twist(5.0), ErrorCode.LIMITS_EXCEEDED, id="too fast"),
        pytest.param(twist(math.nan), ErrorCode.INVALID_INPUT, id="not a number"),
    ],
)
def test_a_drive_that_is_refused_is_reported_once_by_name(client, command, code):
    reports = client.inbox(MotionReport, "robot/motion_report")
    publisher = client.publisher(Twist, "cmd_vel")
    for _ in range(5):
        publisher.publish(command)
    report = reports.first(lambda m: m.tool == "drive")
    assert report.error_code == code
    assert report.source.endswith("/cmd_vel")


def test_a_stop_stops_the_base_until_its_driver_lets_go(client):
    odometry = client.inbox(Odometry, "odom")
    reports = client.inbox(MotionReport, "robot/motion_report")
    publisher = client.publisher(Twist, "cmd_vel")
    publisher.publish(twist(angular=1.0))
    odometry.first(lambda m: m.twist.twist.angular.z > 0.3)
    assert client.call(Trigger, "robot/stop").success
    publisher.publish(twist(angular=1.0))
    assert reports.first(lambda m: m.tool == "drive").error_code == ErrorCode.MOTION_STOPPED
    since = len(odometry.messages)
    odometry.first(lambda m: abs(m.twist.twist.angular.z) < 0.01, since)
    publisher.publish(twist())
    publisher.publish(twist(angular=1.0))
    odometry.first(lambda m: m.twist.twist.angular.z > 0.3, len(odometry.messages))


def test_without_camera_and_base_their_topics_are_not_there(graph):
    node = graph.robot(below="/bare", camera="off", base="off")
    assert node.start(), node.trouble
    offered = [
        name
        for name, _ in node.get_publisher_names_and_types_by_node(
            node.get_name(), node.get_namespace()
        )
    ]
    wait_until(lambda: offered != [], "the node has publishers")
    assert not [name for name in offered if name.endswith(("image_raw", "odom", "scan", "imu"))]
