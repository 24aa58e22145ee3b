"""The assistant as a lifecycle node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.logging import set_logger_level
from rclpy.parameter import Parameter

from lectern.bridge.server import bind
from lectern.errors import LecternError, NodeInactive, ShuttingDown
from lectern.exchange.admission import Admission
from lectern.exchange.conversations import Conversations
from lectern.exchange.desk import Desk
from lectern_nodes import logs, parameters
from lectern_nodes.assistant import health
from lectern_nodes.assistant.action import AskAction
from lectern_nodes.assistant.bridge import Bridge
from lectern_nodes.assistant.front import Front, Line
from lectern_nodes.assistant.offers import ASSISTANT
from lectern_nodes.assistant.opening import open_patiently
from lectern_nodes.assistant.robot import robot_opener
from lectern_nodes.assistant.searching import Searching
from lectern_nodes.assistant.settings import has_bridge, settings_of, threshold_of
from lectern_nodes.assistant.topics import Topics
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.diagnostics import Diagnostics, PartHealth
from lectern_nodes.lifecycle import ManagedNode

_STARTING = ("configuring", "activating")


class AssistantNode(ManagedNode):
    """Answers questions about the book on topics, a service, an action, and over HTTP.

    Topics, service and action are there in every state, so that a question is refused by name
    while the node is not active. Several may live in one process.

    Args:
        name: Of the node, unless it is remapped.
        options: As for `rclpy.node.Node`.

    Raises:
        SettingsError: A parameter cannot be used; the message names it.
    """

    def __init__(self, name: str = ASSISTANT.name, **options: Any) -> None:
        super().__init__(name, **options)
        self._line: Line | None = None
        # Before the check of the table is added, because rclpy calls the last one first.
        self.add_on_set_parameters_callback(self._on_parameters)
        parameters.declare(self, ASSISTANT)
        self._bridge = Bridge()
        self._front = Front(self._why_closed)
        self._topics = Topics(self, self._front)
        Searching(self, self._front)
        self._ask = AskAction(self, self._front)
        self._diagnostics = Diagnostics(self, self._health)

    @property
    def bridge_address(self) -> str:
        """Such as `http://127.0.0.1:8000`; empty while no bridge listens."""
        return self._bridge.address

    def configure(self) -> None:
        """Open the book; it is taken in first if it is new or has changed."""
        settings = settings_of(self._value)
        if has_bridge(self._value("bridge_port")):
            # A port in use is named before the book is taken in, not after.
            bind(settings.host, settings.port).close()
        elif self._value("robot") != "none":
            self.get_logger().warning("The robot is for the bridge, and bridge_port is 0.")
        lectern = open_patiently(settings, self.stopping, self.get_logger().info)
        desk = Desk(lectern, Admission(settings.workers, settings.max_waiting), Conversations())
        self._line = Line(CoreLoop(), lectern, desk)
        for name, part in lectern.parts().items():
            self.get_logger().info(f"{name}: {part.detail}")

    def activate(self) -> None:
        """Take questions; listen if a bridge is wanted."""
        line = self._line
        assert line is not None
        if has_bridge(self._value("bridge_port")):
            opener = robot_opener(self, self._value("robot"), line.lectern.settings)
            self._bridge.start(line.core, line.lectern, opener)
            self.get_logger().info(f"The bridge listens on {self._bridge.address}")
        self._front.open(line)

    def deactivate(self) -> None:
        """Refuse new questions and those at work, by name; close the bridge."""
        self._front.close()
        self._bridge.stop()

    def clean_up(self) -> None:
        """Close the book."""
        line, self._line = self._line, None
        if line is not None:
            line.desk.close()
            try:
                line.core.run(line.lectern.close())
            finally:
                line.core.close()

    def destroy_node(self) -> None:
        """Take the node off the graph."""
        self._ask.destroy()
        super().destroy_node()

    def _value(self, name: str) -> Any:
        return parameters.value(self, name)

    def _why_closed(self) -> LecternError:
        name, state = self.get_fully_qualified_name(), self.state
        if self.stopping.is_set():
            return ShuttingDown(f"{name} is shutting down.", "Ask again once it is back.")
        if state in _STARTING:
            return NodeInactive(f"{name} is still {state}.", "Ask again in a moment.")
        return NodeInactive(
            f"{name} is {state}, not active.",
            "Configure and activate it with `ros2 lifecycle set`.",
        )

    def _on_parameters(self, changed: list[Parameter]) -> SetParametersResult:
        """Apply what can be set while the node lives, and what is given at its start."""
        for parameter in changed:
            if parameter.name == "log_level" and parameter.value in logs.SEVERITIES:
                set_logger_level(self.get_logger().name, logs.SEVERITIES[parameter.value])
            elif parameter.name == "answer_threshold" and self._line is not None:
                settings = self._line.lectern.settings
                settings.answer_threshold = threshold_of(parameter.value)
        return SetParametersResult(successful=True)

    def _health(self) -> Iterator[PartHealth]:
        line = self._line
        others = max(0, self._topics.others)
        if others:
            self.get_logger().warning(f"{others} more answer on the same topics.", once=True)
        yield health.node_health(self.state, self.trouble, self._front, line, others)
        if line is not None:
            yield from health.line_health(line)
        yield health.bridge_health(has_bridge(self._value("bridge_port")), self.bridge_address)
