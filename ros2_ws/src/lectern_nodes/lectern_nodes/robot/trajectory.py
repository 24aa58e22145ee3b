"""`arm_controller/follow_joint_trajectory` and `arm_controller/joint_trajectory`."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from typing import Any

from control_msgs.action import FollowJointTrajectory
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from lectern.error_numbers import message_of
from lectern.errors import LecternError, TrackingLost
from lectern.graph import names
from lectern.graph.robot_messages import header_message
from lectern.motion import Motion
from lectern.robot.geometry import Floats
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.robot import types
from lectern_nodes.robot.arm import Arm, Command
from lectern_nodes.robot.errors import GoalMissed, WrongJoints, WrongTime
from lectern_nodes.robot.goals import Goal
from lectern_nodes.robot.monitor import Sample
from lectern_nodes.robot.tolerances import read_tolerances

_Result = FollowJointTrajectory.Result
# The first that an error is one of; whatever else refuses a trajectory makes the goal invalid.
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (WrongJoints, _Result.INVALID_JOINTS),
    (WrongTime, _Result.OLD_HEADER_TIMESTAMP),
    (GoalMissed, _Result.GOAL_TOLERANCE_VIOLATED),
    (TrackingLost, _Result.PATH_TOLERANCE_VIOLATED),
)


class FollowTrajectoryWork:
    """What the action does with a goal.

    Args:
        motion: For the names of the joints.
        arm: Follows.
        source: Fully qualified name of the action.
    """

    def __init__(self, motion: Motion, arm: Arm, source: str) -> None:
        self._names = motion.view.model.names
        self._arm = arm
        self._source = source

    async def carry_out(self, goal: Goal) -> Any:
        """Follow the trajectory of a goal."""
        command = Command(
            goal.request.trajectory,
            tolerances=lambda: read_tolerances(goal.request, self._names),
            on_sample=lambda sample: goal.tell(_feedback(self._names, sample)),
        )
        goal.halt = lambda: self._arm.halt(self._source, command)
        await self._arm.follow(self._source, command)
        return _Result(error_code=_Result.SUCCESSFUL, error_string="")

    def failure(self, goal: Goal, error: Exception) -> Any:
        """Say what went wrong, by the action's own code and by Lectern's."""
        found = [code for kind, code in _CODES if isinstance(error, kind)]
        code = error.code if isinstance(error, LecternError) else LecternError.code
        text = f"{code}: {message_of(error)}"
        return _Result(error_code=(found or [_Result.INVALID_GOAL])[0], error_string=text)


class TrajectoryTopic:
    """Follows what comes on the topic; see `robot/motion_report` for the outcome.

    Args:
        node: Whose topic it is.
        loop: Where the arm is.
        arm: Follows.
        accepts: Tells whether trajectories are taken now.
    """

    def __init__(self, node: Node, loop: CoreLoop, arm: Arm, accepts: Callable[[], bool]) -> None:
        self._node = node
        self._loop = loop
        self._arm = arm
        self.subscription = node.create_subscription(
            types.JointTrajectory,
            names.TRAJECTORY_COMMAND,
            self._on_trajectory,
            10,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._accepts = accepts
        self._tasks: set[asyncio.Task[None]] = set()

    async def end(self) -> None:
        """End what is followed, and wait until it has ended; on the core's loop."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _on_trajectory(self, message: Any) -> None:
        if self._accepts():
            self._loop.submit(self._begin(message))

    async def _begin(self, message: Any) -> None:
        task = asyncio.ensure_future(self._follow(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, message: Any) -> None:
        try:
            await self._arm.follow(self.subscription.topic_name, Command(message))
        except Exception as error:
            self._node.get_logger().warning(f"{names.TRAJECTORY_COMMAND}: {error}")


def _feedback(joints: tuple[str, ...], sample: Sample) -> Any:
    return FollowJointTrajectory.Feedback(
        header=header_message(types, sample.stamp_s),
        joint_names=list(joints),
        desired=_point(sample.time_s, *sample.desired),
        actual=_point(sample.time_s, *sample.actual),
        error=_point(sample.time_s, *sample.errors),
    )


def _point(time_s: float, *values: Floats) -> Any:
    whole = int(time_s)
    nanoseconds = int((time_s - whole) * 1e9)
    fields = zip(("positions", "velocities", "accelerations"), values, strict=False)
    return types.JointTrajectoryPoint(
        time_from_start=types.Duration(sec=whole, nanosec=nanoseconds),
        **{name: array("d", row) for name, row in fields},
    )
