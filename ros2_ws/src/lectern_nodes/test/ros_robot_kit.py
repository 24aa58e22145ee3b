"""A small robot on the graph of this process, and the ROS robot that speaks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import rclpy
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.ros_robot.robot import RosRobot
from lectern_nodes.ros_robot.settings import RosRobotSettings
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from small_move_group import SmallMoveGroup
from small_robot import SmallRobot, Spinning

from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.scene import Scene

ARM = textbook_arm()
EMBEDDED = RosRobotSettings(planner="embedded", scene="planning_scene", wait_s=20.0, stale_s=3.0)
LOCAL = RosRobotSettings(planner="embedded", scene="local", wait_s=20.0, stale_s=3.0)
MOVEIT = RosRobotSettings(planner="moveit", scene="planning_scene", wait_s=20.0, stale_s=3.0)


@dataclass
class Parts:
    """What a test may look into.

    Attributes:
        small: The robot's own side of the graph.
        group: The small move_group; None: there is none.
        parent: The node that the ROS robot belongs to.
        servers: The node of the robot's own side.
    """

    small: SmallRobot
    group: SmallMoveGroup | None
    parent: Node
    servers: Node


@asynccontextmanager
async def graph(*, move_group: bool = False, scene: Scene | None = None) -> AsyncIterator[Parts]:
    """Put a small robot on the graph."""
    context = rclpy.Context()
    rclpy.init(context=context)
    loop = CoreLoop()
    servers = rclpy.create_node("small_robot", context=context)
    other = rclpy.Context()
    rclpy.init(context=other)
    parent = rclpy.create_node("someone", context=other)
    simulated = await asyncio.to_thread(EmbeddedRobot.start, ARM, scene)
    small = SmallRobot(servers, loop, simulated)
    group = SmallMoveGroup(servers, loop, small) if move_group else None
    executor = MultiThreadedExecutor(4, context=context)
    executor.add_node(servers)
    spinning = Spinning(executor)
    spinning.start()
    try:
        yield Parts(small, group, parent, servers)
    finally:
        if group is not None:
            await asyncio.to_thread(group.close)
        small.close()
        await asyncio.to_thread(loop.run, simulated.close(), 20)
        await asyncio.to_thread(spinning.end)
        await asyncio.to_thread(loop.close)
        servers.destroy_node()
        parent.destroy_node()
        rclpy.shutdown(context=context)
        other.try_shutdown()


@asynccontextmanager
async def opened(parts: Parts, settings: RosRobotSettings) -> AsyncIterator[RosRobot]:
    """Open the ROS robot."""
    robot = await RosRobot.open(parts.parent, settings, ARM)
    try:
        yield robot
    finally:
        await robot.close()
