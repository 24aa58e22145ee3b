"""Somebody on the graph who listens, and waits for what must arrive."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from launched import LIMIT_S
from rclpy.executors import SingleThreadedExecutor

LATCHED = rclpy.qos.QoSProfile(
    depth=10,
    durability=rclpy.qos.DurabilityPolicy.TRANSIENT_LOCAL,
    reliability=rclpy.qos.ReliabilityPolicy.RELIABLE,
)


class Listener:
    """A node that is spun on a thread of its own."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node("listener", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def on(self, topic: str, kind: type, qos: Any = 1000) -> queue.Queue[Any]:
        """Listen to a topic."""
        inbox: queue.Queue[Any] = queue.Queue()
        self.node.create_subscription(kind, topic, inbox.put, qos)
        return inbox

    def until_healthy(self, part: str) -> None:
        """Wait until a part says on `/diagnostics` that all is well.

        Args:
            part: Such as `left/assistant_node: node`.
        """

        def healthy(array: DiagnosticArray) -> bool:
            return any(
                status.name == part and status.level == DiagnosticStatus.OK
                for status in array.status
            )

        first(self.on("/diagnostics", DiagnosticArray), healthy)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition of the graph, of which rclpy tells nobody."""
        never = threading.Event()
        end_s = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end_s, f"not within {LIMIT_S:g} s: {what}"
            never.wait(0.02)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        self._context.try_shutdown()


def first(inbox: queue.Queue[Any], wanted: Callable[[Any], bool] = lambda _: True) -> Any:
    """Wait for the first message that is wanted."""
    end_s = time.monotonic() + LIMIT_S
    seen = 0
    while True:
        try:
            message = inbox.get(timeout=max(0.0, end_s - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"{seen} messages, and none that is wanted") from None
        if wanted(message):
            return message
        seen += 1
