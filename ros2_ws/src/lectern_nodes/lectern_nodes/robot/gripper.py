"""`gripper_controller/gripper_cmd`: the fingers, as Humble's gripper controllers take them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from control_msgs.action import GripperCommand

from lectern.errors import LimitsExceeded
from lectern.motion import Motion
from lectern.robot.gate.users import User
from lectern.robot.robot import Execution
from lectern.robot.state import RobotState
from lectern_nodes.robot.goals import Goal
from lectern_nodes.robot.grasping import taken_or_let_go
from lectern_nodes.robot.newest import Newest
from lectern_nodes.robot.reports import Asked, Reports
from lectern_nodes.robot.stream import Pace, StateStream

TOOL = "grip"
_FEEDBACK_HZ = 20.0
# Nearer than this the fingers are where they should be, m; slower than this they rest, m/s.
_REACHED_M, _REST_M_S = 0.001, 0.002


class GripperWork:
    """What the action does with a goal; a new one replaces the one before it.

    Args:
        motion: The robot behind its gate.
        stream: Its measurements.
        reports: Where the outcome goes.
        source: Fully qualified name of the action.
        force_n: Returns the force where a command does not say.
    """

    def __init__(
        self,
        motion: Motion,
        stream: StateStream,
        reports: Reports,
        *,
        source: str,
        force_n: Callable[[], float],
    ) -> None:
        self._motion = motion
        self._model = motion.view.model
        self._stream = stream
        self._reports = reports
        self._source = source
        self._force_n = force_n
        self._newest = Newest()

    async def carry_out(self, goal: Goal) -> Any:
        """Move the fingers until they are where they should be, or hold something."""
        command = goal.request.command
        async with self._reports.reporting(self._source, TOOL) as asked:
            width_m = self._width_m(command)
            force_n = command.max_effort or self._force_n()
            asked.ended(await self._newest.run(lambda: self._grip(goal, asked, width_m, force_n)))
        return self._filled(GripperCommand.Result, command.position, self._stream.newest)

    def failure(self, goal: Goal, error: Exception) -> Any:
        """Say where the fingers are; why they are there is on `robot/motion_report`."""
        position_m = goal.request.command.position
        return self._filled(GripperCommand.Result, position_m, self._stream.newest)

    async def _grip(self, goal: Goal, asked: Asked, width_m: float, force_n: float) -> Execution:
        pace = Pace(_FEEDBACK_HZ)
        goal.halt = lambda: self._halt(asked.user)

        def see(state: RobotState) -> None:
            if pace.due(state.stamp_s):
                position_m = goal.request.command.position
                goal.tell(self._filled(GripperCommand.Feedback, position_m, state))

        with self._stream.listening(see):
            arguments = self._arguments(width_m, force_n)
            return await self._motion.gate.perform(
                asked.user, TOOL, arguments, asked.moved, on_proposal=asked.planned
            )

    def _arguments(self, width_m: float, force_n: float) -> dict[str, Any]:
        scene = self._motion.view.scene()
        named = taken_or_let_go(self._model, self._stream.newest, scene, width_m)
        return {"width_m": width_m, "force_n": force_n, **named}

    def _width_m(self, command: Any) -> float:
        """Return the gap that a command asks for.

        Raises:
            LimitsExceeded: It is out of range, or so is the force.
        """
        gripper = self._model.gripper
        most_m = gripper.max_width_m / 2
        if not 0 <= command.position <= most_m:
            raise LimitsExceeded(
                f"The position {command.position:g} m of {gripper.joints[0]} is out of range.",
                f"Use 0 (shut) to {most_m:g} m (open).",
            )
        if not 0 <= command.max_effort <= gripper.max_force_n:
            raise LimitsExceeded(
                f"The effort {command.max_effort:g} N is out of range.",
                f"Use up to {gripper.max_force_n:g} N, or 0 for the node's own grip_force_n.",
            )
        return float(2 * command.position)

    def _filled(self, kind: Any, position_m: float, state: RobotState) -> Any:
        finger = state.names.index(self._model.gripper.joints[0])
        now_m = float(state.positions[finger])
        reached = math.isfinite(position_m) and abs(now_m - position_m) < _REACHED_M
        resting = abs(float(state.velocities[finger])) < _REST_M_S
        return kind(
            position=now_m,
            effort=abs(float(state.efforts[finger])),
            stalled=bool(resting and not reached),
            reached_goal=reached,
        )

    def _halt(self, user: User) -> None:
        self._motion.gate.halt(user, "its client cancelled the grip")
