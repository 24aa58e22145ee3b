"""The composition root of the motion line over ROS: ROS robot, motion gate and demos."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from rclpy.node import Node

from lectern.motion import Motion, check_packages
from lectern.robot.arm import textbook_arm
from lectern.robot.gate.audit import AuditLog
from lectern.robot.gate.gate import MotionGate
from lectern.robot.gate.policy import Policy
from lectern.robot.planning.kinematics import Kinematics
from lectern.settings import Settings
from lectern_nodes.parameters import declare, value
from lectern_nodes.ros_robot.offers import ROS_ROBOT
from lectern_nodes.ros_robot.robot import RosRobot
from lectern_nodes.ros_robot.settings import RosRobotSettings


@dataclass(frozen=True)
class RosMotion(Motion):
    """The motion line behind one door, its robot on the ROS graph.

    Attributes:
        pictures: Whether somebody published pictures when it was opened.
    """

    pictures: bool = False

    def has_camera(self) -> bool:
        """Tell whether there are pictures."""
        return self.pictures


async def open_ros_motion(
    node: Node, settings: Settings, ros: RosRobotSettings | None = None
) -> RosMotion:
    """Find the robot on the ROS graph and put the gate in front of it.

    Args:
        node: The node that it belongs to; for its namespace, clock and name.
        settings: Those named `robot_*` and `home` count.
        ros: Names and limits; None: what the node's parameters `ros_robot.*` say, which are
            declared if they are not.

    Raises:
        RobotUnavailable: It sends no joint states, or a server or package is missing; the message
            names it and what starts it.
        SettingsError: A parameter cannot be used, or two contradict each other.
    """
    check_packages()
    ros = ros or settings_of(node)
    model = await asyncio.to_thread(textbook_arm)
    robot = await RosRobot.open(node, ros, model)
    policy = Policy(
        sim=settings.robot_policy,
        # A real robot never moves without a person: `auto` in the settings is for simulations.
        real="off" if settings.robot_policy == "off" else "ask",
        approval_s=settings.robot_approval_s,
    )
    # A log of its own: the robot's own node writes one as well, maybe in the same folder.
    audit = AuditLog(settings.home / "audit" / "motion_ros.jsonl")
    gate = MotionGate(robot, policy, audit)
    kinematics = await asyncio.to_thread(Kinematics, model)
    pictures = await robot.has_picture()
    return RosMotion(gate, kinematics, policy.mode(robot.reality), pictures=pictures)


def settings_of(node: Node) -> RosRobotSettings:
    """Return what the parameters `ros_robot.*` of a node say, declared if they are not.

    Raises:
        SettingsError: One cannot be used, or two contradict each other.
    """
    names = list(ROS_ROBOT.parameters)
    if not node.has_parameter(names[0]):
        declare(node, ROS_ROBOT)
    return RosRobotSettings.of({name: value(node, name) for name in names})
