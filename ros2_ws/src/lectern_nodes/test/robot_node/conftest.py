"""A real robot node on a graph of this process, and a client that looks at it and moves it."""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LIMIT_S = 60.0
NAMES = [f"joint_{number}" for number in range(1, 7)]
HOME = [0.0, 2.2, -2.4, 0.0, 0.2, 0.0]
READY = [0.0, 1.2477, -2.0029, 0.0, -0.8156, 0.0]


class Inbox:
    """What arrived, from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.messages: list[Any] = []

    def add(self, message: Any) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def first(self, wanted: Callable[[Any], bool], since: int = 0, limit_s: float = LIMIT_S) -> Any:
        """Wait for a message and return it."""

        def found() -> Any:
            return next((m for m in self.messages[since:] if wanted(m)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, limit_s), self.messages[-3:]
            return found()

    def next(self, limit_s: float = LIMIT_S) -> Any:
        """Wait for a message that has not arrived yet."""
        return self.first(lambda _: True, len(self.messages), limit_s)

    def until(self, count: int, limit_s: float = LIMIT_S) -> list[Any]:
        """Wait until so many have arrived and return them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, limit_s)
            return list(self.messages)


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait for a condition of the graph, of which rclpy tells nobody."""
    never = threading.Event()
    for _ in range(int(limit_s / 0.01)):
        if condition():
            return
        never.wait(0.01)
    raise AssertionError(f"not within {limit_s:g} s: {what}")


def result_of(future: Any, limit_s: float = LIMIT_S) -> Any:
    """Wait for a future of rclpy."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(limit_s), "no answer"
    return future.result()


def stamp_s(message: Any) -> float:
    """Return when a message with a header, or a time, is of."""
    time = message.header.stamp if hasattr(message, "header") else message
    return time.sec + time.nanosec * 1e-9


class Sent:
    """A goal that was sent."""

    def __init__(self, handle: Any, feedback: Inbox) -> None:
        self.handle = handle
        self.feedback = feedback
        self._result = handle.get_result_async() if handle.accepted else None

    def result(self) -> tuple[int, Any]:
        """Wait for the end; returns status and result."""
        answer = result_of(self._result)
        return answer.status, answer.result

    def cancel(self) -> Any:
        return result_of(self.handle.cancel_goal_async())


class Client:
    """Somebody else's node in the namespace of a robot."""

    def __init__(self, graph: Graph, namespace: str) -> None:
        from rclpy.node import Node

        self.node = graph.add(Node("client", context=graph.context, namespace=namespace), "client")
        self._clients: dict[str, Any] = {}
        self._states: Inbox | None = None

    def inbox(self, kind: Any, topic: str, qos: Any = 100) -> Inbox:
        """Subscribe from now on."""
        inbox = Inbox()
        self.node.create_subscription(kind, topic, inbox.add, qos)
        wait_until(lambda: self.node.count_publishers(self._full(topic)) > 0, f"{topic} is there")
        return inbox

    def latched(self, kind: Any, topic: str) -> Inbox:
        from rclpy.qos import DurabilityPolicy, QoSProfile

        return self.inbox(kind, topic, QoSProfile(depth=1, durability=DurabilityPolicy(1)))

    def publisher(self, kind: Any, topic: str) -> Any:
        made = self.node.create_publisher(kind, topic, 10)
        wait_until(lambda: made.get_subscription_count() > 0, f"somebody subscribes {topic}")
        return made

    def call(self, kind: Any, name: str, request: Any = None) -> Any:
        """Call a service and return its response."""
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(LIMIT_S)
        return result_of(client.call_async(request or kind.Request()))

    def send(self, kind: Any, name: str, goal: Any) -> Sent:
        """Send a goal, and return it when it was accepted or rejected."""
        from rclpy.action import ActionClient

        if name not in self._clients:
            self._clients[name] = ActionClient(self.node, kind, name)
            assert self._clients[name].wait_for_server(LIMIT_S)
        feedback = Inbox()
        sending = self._clients[name].send_goal_async(goal, lambda m: feedback.add(m.feedback))
        return Sent(result_of(sending), feedback)

    def follow(self, goal: Any) -> Sent:
        from control_msgs.action import FollowJointTrajectory

        return self.send(FollowJointTrajectory, "arm_controller/follow_joint_trajectory", goal)

    def go(self, positions: list[float]) -> None:
        """Bring the arm somewhere, in a time that suits the way."""
        from sensor_msgs.msg import JointState

        if self._states is None:
            self._states = self.inbox(JointState, "joint_states")
        present = self._states.next().position
        way_rad = max(abs(a - b) for a, b in zip(present, positions, strict=False))
        if way_rad < 0.001:
            return
        goal = follow_goal((0.5 + 1.6 * way_rad, positions))
        status, result = self.follow(goal).result()
        assert (status, result.error_code) == (4, 0), result.error_string

    def _full(self, topic: str) -> str:
        return self.node.resolve_topic_name(topic)


class Graph:
    """Nodes of one context, spun on one thread each."""

    _numbers = itertools.count()

    def __init__(self, home: Path) -> None:
        import rclpy

        # Of this process alone, should others use the same domain.
        self.namespace = f"/robots_{os.getpid()}_{next(self._numbers)}"
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.home = home
        self._spun: list[tuple[Any, Any, threading.Thread]] = []

    def add(self, node: Any, name: str) -> Any:
        from rclpy.executors import SingleThreadedExecutor

        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(node)
        thread = threading.Thread(target=executor.spin, name=name, daemon=True)
        thread.start()
        self._spun.append((node, executor, thread))
        return node

    def robot(self, *arguments: str, below: str = "", **parameters: Any) -> Any:
        """Add a robot that is not configured yet."""
        from lectern_nodes.robot_node import RobotNode
        from rclpy.parameter import Parameter

        given = {"home": str(self.home), "policy": "auto", **parameters}
        return self.add(
            RobotNode(
                context=self.context,
                namespace=self.namespace + below,
                cli_args=["--ros-args", *arguments],
                use_global_arguments=False,
                parameter_overrides=[Parameter(k, value=v) for k, v in given.items()],
            ),
            "robot",
        )

    def client(self, below: str = "") -> Client:
        return Client(self, self.namespace + below)

    def close(self) -> None:
        for node, executor, thread in reversed(self._spun):
            if hasattr(node, "stop"):
                assert node.stop(LIMIT_S)
            executor.shutdown()
            thread.join(LIMIT_S)
            node.destroy_node()
        self.context.try_shutdown()


def point(time_s: float, positions: Any, velocities: Any = (), accelerations: Any = ()) -> Any:
    from builtin_interfaces.msg import Duration
    from trajectory_msgs.msg import JointTrajectoryPoint

    whole = math.floor(time_s)
    return JointTrajectoryPoint(
        positions=[float(v) for v in positions],
        velocities=[float(v) for v in velocities],
        accelerations=[float(v) for v in accelerations],
        time_from_start=Duration(sec=whole, nanosec=round((time_s - whole) * 1e9)),
    )


def trajectory(*points: tuple[Any, ...], names: list[str] | None = None) -> Any:
    from trajectory_msgs.msg import JointTrajectory

    return JointTrajectory(joint_names=names or NAMES, points=[point(*p) for p in points])


def follow_goal(*points: tuple[Any, ...], names: list[str] | None = None, **fields: Any) -> Any:
    from control_msgs.action import FollowJointTrajectory

    return FollowJointTrajectory.Goal(trajectory=trajectory(*points, names=names), **fields)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    made = Graph(tmp_path_factory.mktemp("home"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def robot(graph: Graph) -> Any:
    """One active robot for all tests of a file."""
    node = graph.robot()
    assert node.start(), node.trouble
    return node


@pytest.fixture(scope="module")
def client(graph: Graph, robot: Any) -> Client:
    return graph.client()
