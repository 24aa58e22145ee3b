"""`tf`: the arm's links, the scene's objects, and the base once it is at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from lectern.graph import names
from lectern.graph.robot_messages import LinkFrames, tf_message
from lectern.robot.state import RobotState
from lectern_nodes.robot import types
from lectern_nodes.robot.stream import Pace

_DEPTH = 100
# While nobody subscribes to `tf`, it is looked so often whether the scene has changed, Hz.
_UNHEARD_HZ = 5.0


class FramePublisher:
    """Publishes what moves; from the core's thread.

    Args:
        node: Whose topic it is.
        rate_hz: Of the robot's clock.
        links: Of the arm; None: somebody else publishes them.
        others: Each returns more transforms, given the stamp in s.
    """

    def __init__(
        self,
        node: Node,
        rate_hz: float,
        links: LinkFrames | None,
        others: list[Callable[[float], list[Any]]],
    ) -> None:
        self._publisher = node.create_publisher(types.TFMessage, names.TF, _DEPTH)
        self._pace = Pace(rate_hz)
        self._unheard = Pace(_UNHEARD_HZ)
        self._links = links
        self._others = others

    def see(self, state: RobotState) -> None:
        """Take a measurement."""
        if not self._pace.due(state.stamp_s):
            return
        heard = self._publisher.get_subscription_count() > 0
        if not heard and not self._unheard.due(state.stamp_s):
            return
        transforms = self._links.moving(types, state) if self._links is not None else []
        for more in self._others:
            transforms += more(state.stamp_s)
        if transforms:
            self._publisher.publish(tf_message(types, transforms))
