"""The robot on the graph: what it measures out, commanded trajectories in, reports out."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from lectern.error_numbers import OK, message_of, number_of
from lectern.graph import names
from lectern.graph.dds import offers
from lectern.graph.dds.commands import TOOL, Commands, Outcome
from lectern.graph.dds.participant import Participant
from lectern.graph.dds.types import message_types
from lectern.graph.messages import time_message
from lectern.graph.robot_messages import (
    LinkFrames,
    clock_message,
    joint_state_message,
    tf_message,
)
from lectern.motion import Motion
from lectern.robot.gate.users import User
from lectern.robot.state import RobotState

_log = structlog.get_logger("lectern.graph")
USER = User(f"ros:/{names.TRAJECTORY_COMMAND}", frozenset({"user"}))
# Above the rate of the measurements: none is left out while this process has no time.
_EVERY_HZ = 2 * names.JOINT_STATES_HZ
_STATES_A_TF = round(names.JOINT_STATES_HZ / names.TF_HZ)


class RobotFace:
    """Publishes one robot and lets the graph command it through the motion gate.

    Args:
        participant: Of the domain.
        motion: The motion line, which belongs to somebody else.
        commands: Whether the robot may be commanded from the graph.

    Attributes:
        fault: Why the robot is not published any more; empty while it is.
    """

    def __init__(self, participant: Participant, motion: Motion, *, commands: bool) -> None:
        self.fault = ""
        self._motion = motion
        self._types = message_types()
        self._frames = LinkFrames(motion.view.model)
        self._clock = participant.writer(offers.CLOCK)
        self._joints = participant.writer(offers.JOINT_STATES)
        self._tf = participant.writer(offers.TF)
        self._tf_static = participant.writer(offers.TF_STATIC)
        self._description = participant.writer(offers.ROBOT_DESCRIPTION)
        self._report = participant.writer(offers.MOTION_REPORT)
        self._commands = Commands(motion, USER, self._told)
        if commands:
            participant.read(offers.TRAJECTORY_COMMAND, self._commands.take)
        self._publish_latched()
        self._publishing = asyncio.create_task(self._publish())
        self._publishing.add_done_callback(self._ended)

    async def close(self) -> None:
        """Bring the arm to rest where the graph moves it, and publish no more."""
        await self._commands.close()
        self._publishing.cancel()
        await asyncio.wait({self._publishing})

    def _publish_latched(self) -> None:
        types, view = self._types, self._motion.view
        self._description.write(types.String(data=view.model.urdf))
        fixed = self._frames.fixed(types, view.state().stamp_s)
        self._tf_static.write(tf_message(types, fixed))

    async def _publish(self) -> None:
        number = 0
        async for state in self._motion.view.states(_EVERY_HZ):
            self._publish_state(state, with_tf=number % _STATES_A_TF == 0)
            number += 1

    def _publish_state(self, state: RobotState, *, with_tf: bool) -> None:
        types = self._types
        # Even making what nobody reads would cost a core some per cent.
        if self._clock.heard:
            self._clock.write(clock_message(types, state.stamp_s))
        if self._joints.heard:
            self._joints.write(joint_state_message(types, state))
        if with_tf and self._tf.heard:
            self._tf.write(tf_message(types, self._frames.moving(types, state)))

    def _ended(self, publishing: asyncio.Task[None]) -> None:
        if not publishing.cancelled() and (error := publishing.exception()):
            self.fault = f"The robot is not published any more: {error!r}"[:300]
            _log.error("robot not published any more", exc_info=error)

    def _told(self, outcome: Outcome) -> None:
        stamp_s = self._motion.view.state().stamp_s
        self._report.write(report_message(self._types, outcome, stamp_s))


def report_message(types: Any, outcome: Outcome, stamp_s: float) -> Any:
    """Return the `MotionReport` of one command, at a time of the robot's clock."""
    error = outcome.error
    return types.MotionReport(
        stamp=time_message(types, stamp_s),
        source=f"/{names.TRAJECTORY_COMMAND}",
        tool=TOOL,
        digest=outcome.digest,
        duration_s=outcome.duration_s,
        error_code=OK if error is None else number_of(error),
        error_msg="" if error is None else message_of(error),
    )
