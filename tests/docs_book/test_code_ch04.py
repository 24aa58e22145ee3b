"""The code of chapter 4: what is free of ROS always runs, the nodes run where rclpy is."""

from __future__ import annotations

import math
import os
import py_compile
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "book" / "code"))

import ch04_joints as joints
from ch04_ports import participants_that_fit, ports
from ch04_qos import Qos, conflicts

CODE = Path(joints.__file__).parent
LIMIT_S = 20.0


@pytest.mark.parametrize("path", sorted(CODE.glob("ch04_*.py")), ids=lambda path: path.name)
def test_every_program_of_the_chapter_compiles(path, tmp_path):
    py_compile.compile(str(path), cfile=str(tmp_path / "out.pyc"), doraise=True)


@pytest.mark.parametrize(
    ("offered", "requested", "expected"),
    [
        pytest.param(Qos(), Qos(), [], id="defaults"),
        pytest.param(Qos("best_effort"), Qos("best_effort"), [], id="both best effort"),
        pytest.param(Qos("best_effort"), Qos(), ["reliability"], id="best effort to reliable"),
        pytest.param(Qos(), Qos("best_effort"), [], id="reliable to best effort"),
        pytest.param(
            Qos(), Qos(durability="transient_local"), ["durability"], id="volatile to latched"
        ),
        pytest.param(Qos(durability="transient_local"), Qos(), [], id="latched to volatile"),
        pytest.param(Qos(), Qos(deadline_s=0.1), ["deadline"], id="no deadline offered"),
        pytest.param(Qos(deadline_s=0.1), Qos(deadline_s=0.1), [], id="equal deadlines"),
        pytest.param(Qos(deadline_s=0.1), Qos(deadline_s=0.2), [], id="longer deadline"),
        pytest.param(Qos(deadline_s=0.2), Qos(deadline_s=0.1), ["deadline"], id="shorter deadline"),
        pytest.param(
            Qos(), Qos(liveliness="manual_by_topic"), ["liveliness"], id="manual liveliness"
        ),
        pytest.param(Qos(), Qos(lease_s=1.0), ["lease duration"], id="lease"),
        pytest.param(
            Qos("best_effort"),
            Qos(durability="transient_local"),
            ["reliability", "durability"],
            id="two conflicts",
        ),
    ],
)
def test_subscriptions_may_not_request_more_than_is_offered(offered, requested, expected):
    assert conflicts(offered, requested) == expected


@pytest.mark.parametrize(
    ("domain", "participant", "expected"),
    [
        (0, 0, (7400, 7401, 7410, 7411)),
        (0, 1, (7400, 7401, 7412, 7413)),
        (42, 3, (17900, 17901, 17916, 17917)),
        (101, 53, (32650, 32651, 32766, 32767)),
        (232, 0, (65400, 65401, 65410, 65411)),
    ],
)
def test_ports_follow_the_worked_examples(domain, participant, expected):
    assert ports(domain, participant) == expected


def test_participant_120_of_domain_1_runs_into_domain_2():
    assert ports(1, 120).discovery_unicast == ports(2).discovery_multicast
    assert participants_that_fit(1) == 120
    assert participants_that_fit(101) == 54


@pytest.mark.parametrize(("domain", "participant"), [(233, 0), (232, 63), (-1, 0), (0, -1)])
def test_ports_that_do_not_exist_are_refused(domain, participant):
    with pytest.raises(ValueError, match="no ports"):
        ports(domain, participant)


def test_joints_are_picked_by_name_in_any_order():
    assert joints.pick(["b", "grip", "a"], [2.0, 9.0, 1.0], ["a", "b"]) == [1.0, 2.0]
    with pytest.raises(KeyError):
        joints.pick(["a"], [1.0], ["b"])
    with pytest.raises(ValueError, match="zip"):
        joints.pick(["a", "b"], [1.0], ["a"])


def test_yaw_quaternion_is_a_unit_turn_about_z():
    w, x, y, z = joints.yaw_quaternion(math.pi / 2)
    assert (w, x, y, z) == pytest.approx((math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)))


def test_fibonacci_number_46_is_the_last_that_fits_into_32_bits():
    sequence = [0, 1]
    while len(sequence) <= 46:
        sequence.append(joints.next_term(sequence))
    assert sequence[46] == 1_836_311_903
    with pytest.raises(OverflowError):
        joints.next_term(sequence)


@pytest.fixture
def ros() -> Iterator[SimpleNamespace]:
    """Give rclpy, an executor and `until`, which spins until a condition holds."""
    rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
    from rclpy.executors import MultiThreadedExecutor

    rclpy.init(domain_id=os.getpid() % 100)
    executor = MultiThreadedExecutor(num_threads=4)
    nodes = []

    def add(node):
        nodes.append(node)
        executor.add_node(node)
        return node

    def until(condition: Callable[[], bool]) -> None:
        clock = nodes[0].get_clock()
        start = clock.now()
        while not condition():
            executor.spin_once(timeout_sec=0.05)
            assert (clock.now() - start).nanoseconds < LIMIT_S * 1e9, "waited in vain"

    try:
        yield SimpleNamespace(rclpy=rclpy, executor=executor, add=add, until=until)
    finally:
        executor.shutdown()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()


def test_tool_point_node_answers_joint_states(ros):
    from ch04_tool_point import ToolPoint
    from geometry_msgs.msg import PointStamped
    from sensor_msgs.msg import JointState

    ros.add(ToolPoint())
    helper = ros.add(ros.rclpy.create_node("helper"))
    got = []
    helper.create_subscription(PointStamped, "tool_point", got.append, 10)
    publisher = helper.create_publisher(JointState, "joint_states", 10)
    ros.until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(JointState(name=["joint_1"], position=[0.0]))  # is left out
    state = JointState(name=["joint_2", "joint_1"], position=[math.pi / 3, math.pi / 6])
    state.header.stamp.sec = 12

    def answered() -> bool:
        publisher.publish(state)
        return bool(got)

    ros.until(answered)
    assert (got[0].point.x, got[0].point.y) == pytest.approx((0.433, 0.65), abs=1e-3)
    assert got[0].header.frame_id == "base_link"
    assert got[0].header.stamp.sec == 12


def test_tool_point_node_refuses_a_length_that_is_not_positive(ros):
    from ch04_tool_point import ToolPoint
    from rclpy.parameter import Parameter

    node = ros.add(ToolPoint())
    assert not node.set_parameters([Parameter("l1", value=-0.5)])[0].successful
    assert node.get_parameter("l1").value == 0.5
    assert node.set_parameters([Parameter("l1", value=0.7)])[0].successful


@pytest.mark.parametrize("latched", [True, False])
def test_late_subscribers_get_the_status_only_when_they_ask_for_it(ros, latched):
    from ch04_status import LATCHED, Status
    from std_msgs.msg import String

    status = ros.add(Status("homed"))
    helper = ros.add(ros.rclpy.create_node("helper"))
    late, sentinel = [], []
    helper.create_subscription(String, "arm_status", late.append, LATCHED if latched else 10)
    ros.until(lambda: status.count_subscribers("arm_status") == 1)
    helper.create_subscription(String, "arm_status", sentinel.append, LATCHED)
    ros.until(lambda: bool(sentinel))
    assert [msg.data for msg in late] == (["homed"] if latched else [])


def test_gripper_client_gets_its_answer_or_a_timeout(ros):
    from ch04_gripper import Gripper, close_gripper

    script = ros.rclpy.create_node("script")
    with pytest.raises(TimeoutError, match="nobody"):
        close_gripper(script, timeout_s=0.2)
    gripper = Gripper()
    ros.rclpy.get_global_executor().add_node(gripper)
    assert close_gripper(script, timeout_s=LIMIT_S).message == "closed"
    assert gripper.closed
    gripper.destroy_node()
    script.destroy_node()


def test_supervisor_calls_the_gripper_from_its_callback_on_one_thread(ros):
    from ch04_gripper import Gripper
    from ch04_supervisor import Supervisor
    from rclpy.executors import SingleThreadedExecutor
    from std_srvs.srv import Trigger

    nodes = [Gripper(), Supervisor(), ros.rclpy.create_node("caller")]
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    client = nodes[2].create_client(Trigger, "pick")
    assert client.wait_for_service(timeout_sec=LIMIT_S)
    assert nodes[1]._close.wait_for_service(timeout_sec=LIMIT_S)
    future = client.call_async(Trigger.Request())
    executor.spin_until_future_complete(future, timeout_sec=LIMIT_S)
    assert future.done()
    assert (future.result().success, future.result().message) == (True, "gripper closed")
    executor.shutdown()
    for node in nodes:
        node.destroy_node()


@pytest.mark.parametrize(
    ("order", "stop_at", "status", "terms"),
    [
        pytest.param(10, 99, "STATUS_SUCCEEDED", 11, id="runs to the end"),
        pytest.param(40, 5, "STATUS_CANCELED", None, id="is cancelled"),
        pytest.param(47, 99, "STATUS_UNKNOWN", 0, id="is rejected"),
    ],
)
def test_fibonacci_action_ends_in_the_state_told(ros, order, stop_at, status, terms):
    pytest.importorskip("example_interfaces", reason="needs ROS 2's example_interfaces")
    from action_msgs.msg import GoalStatus
    from ch04_action_client import FibonacciClient
    from ch04_action_server import FibonacciServer

    server = ros.add(FibonacciServer())
    assert server.get_parameter("terms_per_second").value == 2.0
    client = ros.add(FibonacciClient(stop_at))
    assert client.wait_for_server(LIMIT_S)
    task = ros.executor.create_task(client.run(order))
    ros.until(task.done)
    end, sequence = task.result()
    assert end == getattr(GoalStatus, status)
    if terms is None:
        assert 5 <= len(sequence) < 41
    else:
        assert len(sequence) == terms
    assert sequence[:5] == [0, 1, 1, 2, 3][: len(sequence)]


def test_thermometer_is_heard_only_while_active(ros):
    pytest.importorskip("lifecycle_msgs")
    from ch04_lifecycle import Thermometer
    from rclpy.lifecycle import TransitionCallbackReturn
    from std_msgs.msg import Float64

    node = ros.add(Thermometer())
    node.set_parameters([ros.rclpy.parameter.Parameter("period_s", value=0.02)])
    helper = ros.add(ros.rclpy.create_node("helper"))
    got = []
    helper.create_subscription(Float64, "temperature", got.append, 10)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    ros.until(lambda: node.count_subscribers("temperature") == 1)
    ticks = []
    helper.create_timer(0.1, lambda: ticks.append(len(got)))
    ros.until(lambda: len(ticks) == 3)
    assert ticks[-1] == 0  # configured, not active
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    ros.until(lambda: len(got) >= 2)
    assert got[0].data == 41.5
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS


def test_arm_frames_give_the_tool_position(ros):
    pytest.importorskip("tf2_ros", reason="needs ROS 2's tf2_ros")
    from ch04_tf import ArmFrames
    from rclpy.time import Time
    from sensor_msgs.msg import JointState

    node = ros.add(ArmFrames())
    helper = ros.add(ros.rclpy.create_node("helper"))
    publisher = helper.create_publisher(JointState, "joint_states", 10)
    state = JointState(name=["joint_1", "joint_2"], position=[math.pi / 6, math.pi / 3])

    def known() -> bool:
        state.header.stamp = helper.get_clock().now().to_msg()
        publisher.publish(state)
        return node._buffer.can_transform("base_link", "tool", Time())

    ros.until(known)
    at = node._buffer.lookup_transform("base_link", "tool", Time()).transform.translation
    assert (at.x, at.y) == pytest.approx((0.433, 0.65), abs=1e-3)


def test_launch_file_describes_the_arm():
    pytest.importorskip("launch_ros", reason="needs ROS 2's launch_ros")
    import runpy

    module = runpy.run_path(str(CODE / "ch04_arm.launch.py"))
    arguments = module["generate_launch_description"]().get_launch_arguments()
    assert [argument.name for argument in arguments] == ["arm", "params_file", "use_sim_time"]
