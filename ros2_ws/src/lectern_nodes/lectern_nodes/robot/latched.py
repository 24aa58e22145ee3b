"""What is said once and heard by everybody, also by those who come later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from lectern.graph import names
from lectern.graph.robot_messages import tf_message
from lectern_nodes.robot import types

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def publish_description(node: Node, urdf: str) -> Any:
    """Publish the robot's URDF; returns the publisher, which keeps it."""
    publisher = node.create_publisher(types.String, names.ROBOT_DESCRIPTION, LATCHED)
    publisher.publish(types.String(data=urdf))
    return publisher


class StaticFrames:
    """Frames that do not move, on `tf_static`: all of them in each message.

    Args:
        node: Whose topic it is.
    """

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(types.TFMessage, names.TF_STATIC, LATCHED)
        self._transforms: dict[str, list[Any]] = {}

    def put(self, source: str, transforms: Sequence[Any]) -> None:
        """Replace the transforms from one source."""
        self._transforms[source] = list(transforms)
        everything = [item for items in self._transforms.values() for item in items]
        self._publisher.publish(tf_message(types, everything))
