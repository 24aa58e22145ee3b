"""The robot that the bridge shows, by the parameter `robot`."""

from __future__ import annotations

import asyncio
import importlib

from rclpy.node import Node

from lectern.bridge.robot import OpenMotion
from lectern.motion import Motion, open_motion
from lectern.settings import Settings


def robot_opener(node: Node, robot: str, settings: Settings) -> OpenMotion | None:
    """Return what starts the robot; None: there shall be none.

    Args:
        node: Speaks to the robot if it is on the graph.
        robot: `none`, `embedded` or `ros`.
        settings: Those named `robot*` and `home` count.
    """
    if robot == "embedded":
        return lambda: open_motion(settings)
    if robot == "ros":
        return lambda: _open_on_the_graph(node, settings)
    return None


async def _open_on_the_graph(node: Node, settings: Settings) -> Motion:
    # It brings planning along; loaded on the loop, that would hold up every answer.
    await asyncio.to_thread(importlib.import_module, "lectern_nodes.ros_robot.motion")
    from lectern_nodes.ros_robot import open_ros_motion

    return await open_ros_motion(node, settings)
