"""The controllers of arm and gripper: goals sent to them, their answers, and the stop."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient

from lectern.errors import LecternError, MotionStopped, RobotUnavailable
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip
from lectern.robot.trajectory import Trajectory
from lectern_nodes.ros_robot.error_codes import controller_error, moveit_error
from lectern_nodes.ros_robot.link import CANCELED, SUCCEEDED, UNKNOWN, Errand, RosLink
from lectern_nodes.ros_robot.settings import RosRobotSettings
from lectern_nodes.ros_robot.trajectories import duration_message, trajectory_message

# A joint this far from where it should be is not following any more, and what is this far from the
# goal at the end did not get there, rad; as in the embedded simulator.
LOST_RAD, MISSED_RAD = 0.15, 0.02
_SETTLING_S = 0.5
# Longest wait for the answers to a cancel, time until it was sent, and how often to look, s.
_CANCEL_S, _POSTED_S, _LOOK_S = 1.0, 0.05, 0.01
_CONTROLLERS = "the robot's controllers, or `ros2 run lectern_nodes robot_node`"
_MOVE_GROUP = "move_group (ros2 launch lectern_bringup moveit.launch.py)"


class Controllers:
    """Sends moves and grips.

    Args:
        link: To the graph.
        types: Message classes; those of MoveIt if the planner is `moveit`.
        settings: Names and limits.
        model: The robot.
    """

    def __init__(
        self, link: RosLink, types: Any, settings: RosRobotSettings, model: RobotModel
    ) -> None:
        self._link = link
        self._types = types
        self._settings = settings
        self._model = model
        self._by_moveit = settings.planner == "moveit"
        node = link.node
        if self._by_moveit:
            action = types.ExecuteTrajectory
            self._arm_name, self._arm_from = settings.execute_action, _MOVE_GROUP
        else:
            action = types.FollowJointTrajectory
            self._arm_name, self._arm_from = settings.arm_action, _CONTROLLERS
        self._arm = ActionClient(node, action, self._arm_name)
        self._gripper = ActionClient(node, types.GripperCommand, settings.gripper_action)
        names = {self._arm_name, settings.arm_action, settings.gripper_action}
        self._cancels = [
            node.create_client(CancelGoal, f"{name}/_action/cancel_goal") for name in sorted(names)
        ]
        self._stop = (
            node.create_client(types.Trigger, settings.stop_service)
            if settings.stop_service
            else None
        )
        self._stopping = False
        self._cancelled_s = -math.inf
        self._answers: list[Any] = []

    async def follow(self, trajectory: Trajectory) -> Errand:
        """Send a trajectory.

        Raises:
            RobotUnavailable: There is nobody to take it.
            TrajectoryInvalid: It cannot be sent.
        """
        message = trajectory_message(self._types, trajectory)
        if self._by_moveit:
            goal = self._types.ExecuteTrajectory.Goal(
                trajectory=self._types.RobotTrajectory(joint_trajectory=message)
            )
        else:
            goal = self._types.FollowJointTrajectory.Goal(
                trajectory=message,
                path_tolerance=self._tolerances(LOST_RAD),
                goal_tolerance=self._tolerances(MISSED_RAD),
                goal_time_tolerance=duration_message(self._types, _SETTLING_S),
            )
        await self._ready(self._arm, self._arm_name, self._arm_from)
        return Errand(self._link, self._arm, goal)

    async def grip(self, grip: Grip) -> Errand:
        """Send a command to the gripper; raises what `follow` does."""
        command = self._types.GripperCommandMessage(
            position=float(grip.width_m) / 2, max_effort=float(grip.force_n)
        )
        goal = self._types.GripperCommand.Goal(command=command)
        await self._ready(self._gripper, self._settings.gripper_action, _CONTROLLERS)
        return Errand(self._link, self._gripper, goal)

    def stop(self) -> None:
        """Do what `cancel` does, and call the stop service."""
        self.cancel()
        self._link.post(self._call_stop)

    def cancel(self) -> None:
        """Cancel every goal of every controller; from any thread, never waits, never fails.

        Also those of others, and those that move_group gave, should it be dead.
        """
        self._cancelled_s = time.monotonic()
        self._link.post(self._cancel_all)

    def followed(self, status: int, result: Any) -> LecternError | None:
        """Return what a trajectory came to; None: it was followed."""
        name = f"The arm's controller ({self._arm_name})"
        if self._by_moveit:
            error = moveit_error(int(result.error_code.val))
        else:
            error = controller_error(int(result.error_code), result.error_string, name)
        return _outcome(status, error, name)

    def gripped(self, status: int, result: Any) -> LecternError | None:
        """Return what a command to the gripper came to; None: the fingers are where they can be.

        A controller says so where they stop at an object, too: ros2_control's needs the parameter
        `allow_stalling` for that.
        """
        if status == SUCCEEDED and (result.reached_goal or result.stalled):
            return None
        name = f"The gripper's controller ({self._settings.gripper_action})"
        return _outcome(status, None, name)

    def _tolerances(self, position_rad: float) -> list[Any]:
        return [
            self._types.JointTolerance(name=name, position=position_rad)
            for name in self._model.names
        ]

    async def _ready(self, client: ActionClient, name: str, what: str) -> None:
        wait_s = self._settings.wait_s
        await self._quiet()
        await self._link.ready(client.server_is_ready, f"action server {name}", wait_s, what)

    def _cancel_all(self) -> None:
        for client in self._cancels:
            if self._link.sees(client.service_is_ready):
                # Without an id: all goals.
                self._answers.append(client.call_async(CancelGoal.Request()))

    async def _quiet(self) -> None:
        """Wait until what was cancelled is: a new goal sent at once would be cancelled as well."""
        until_s = self._cancelled_s + _CANCEL_S
        while time.monotonic() < until_s:
            posted = time.monotonic() > self._cancelled_s + _POSTED_S
            if posted and all(answer.done() for answer in self._answers):
                break
            await asyncio.sleep(_LOOK_S)
        self._answers = [answer for answer in self._answers if not answer.done()]

    def _call_stop(self) -> None:
        if self._stop is None or self._stopping or not self._link.sees(self._stop.service_is_ready):
            return
        # Whoever serves it may stop this robot in turn: one call at a time ends the circle.
        self._stopping = True
        self._stop.call_async(self._types.Trigger.Request()).add_done_callback(self._stopped)

    def _stopped(self, _: Any) -> None:
        self._stopping = False


def _outcome(status: int, error: LecternError | None, name: str) -> LecternError | None:
    """Return the error of a goal by its status, and by what its result says."""
    if status == SUCCEEDED:
        return error
    if status == CANCELED:
        return MotionStopped(f"{name} was told to stop.", "Plan the motion anew.")
    if status == UNKNOWN:
        return RobotUnavailable(f"{name} was started anew and forgot the motion.", "Plan it anew.")
    return error or RobotUnavailable(f"{name} gave up without a reason.", "Look at its log.")
