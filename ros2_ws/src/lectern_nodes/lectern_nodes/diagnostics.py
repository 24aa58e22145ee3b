"""The state of a node on `/diagnostics`, once a second, as monitors and `rqt` expect it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

TOPIC = "/diagnostics"
PERIOD_S = 1.0
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(frozen=True)
class PartHealth:
    """How one part of a node is.

    Attributes:
        part: Its name within the node.
        level: `OK`, `WARN` or `ERROR`.
        message: One sentence.
        values: Whatever else is worth to be watched; shown as text.
    """

    part: str
    level: bytes
    message: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


class Diagnostics:
    """Publishes the health of a node's parts.

    Args:
        node: Whose parts they are.
        read: Called once a second on the executor; returns at once.
    """

    def __init__(self, node: Node, read: Callable[[], Iterable[PartHealth]]) -> None:
        self._node = node
        self._read = read
        self._publisher = node.create_publisher(DiagnosticArray, TOPIC, 10)
        # Steady, so that a simulation that stands still does not silence the node.
        self._timer = node.create_timer(
            PERIOD_S,
            self.publish,
            callback_group=MutuallyExclusiveCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def publish(self) -> None:
        """Publish now."""
        message = DiagnosticArray(status=[self._status(part) for part in self._read()])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def _status(self, health: PartHealth) -> DiagnosticStatus:
        name = self._node.get_fully_qualified_name().lstrip("/")
        return DiagnosticStatus(
            name=f"{name}: {health.part}",
            hardware_id="lectern",
            level=health.level,
            message=health.message,
            values=[KeyValue(key=key, value=str(value)) for key, value in health.values.items()],
        )
