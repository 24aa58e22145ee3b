"""Commanded trajectories, one at a time: a newer one replaces the one before.

As ROS 2's joint_trajectory_controller does, but at rest in between: the arm is stopped first, and
the new trajectory is checked and begun from where it then rests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from lectern.errors import Cancelled, LecternError, PlanOutdated
from lectern.graph.robot_messages import commanded_points, wait_for_begin, waiting_time_s
from lectern.motion import Motion
from lectern.robot.following import commanded, follow_arguments
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.users import User
from lectern.robot.robot import Progress
from lectern.robot.trajectory import Trajectory

_log = structlog.get_logger("lectern.graph")
TOOL = "follow_trajectory"


@dataclass
class Outcome:
    """What became of one command.

    Attributes:
        digest: Of its plan; empty: it came to none.
        began_s: When the arm began to move, on the robot's clock; None: it did not.
        ended_s: When the last was heard of the motion.
        error: Why it was not carried out to its end; None: it was.
    """

    digest: str = ""
    began_s: float | None = None
    ended_s: float = 0.0
    error: Exception | None = None

    @property
    def duration_s(self) -> float:
        """Time that the motion took, s; 0 when nothing moved."""
        return 0.0 if self.began_s is None else self.ended_s - self.began_s


class Commands:
    """Takes `trajectory_msgs/JointTrajectory` messages; on the event loop.

    Args:
        motion: The motion line.
        user: Whom the gate knows as the sender.
        report: Called once for each message, with what became of it.
    """

    def __init__(self, motion: Motion, user: User, report: Callable[[Outcome], None]) -> None:
        self._motion = motion
        self._user = user
        self._report = report
        self._moving = asyncio.Lock()
        self._newest: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()

    def take(self, message: Any) -> None:
        """Begin to carry out a command, unless it cannot be meant; then nothing else changes."""
        outcome = Outcome()
        try:
            self._check(message)
        except Exception as error:
            outcome.error = error
            self._tell(outcome)
            return
        if self._newest is not None:
            self._newest.cancel()
        self._newest = asyncio.create_task(self._carry_out(message, outcome))
        self._work.add(self._newest)
        # Called for a task that was cancelled before its first step, too.
        self._newest.add_done_callback(partial(self._ended, outcome))

    async def close(self) -> None:
        """Bring the arm to rest and take nothing more."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _check(self, message: Any) -> None:
        """Check that a command can be meant.

        Raises:
            LecternError: It is none, wherever the robot will be.
        """
        with suppress(PlanOutdated):  # it may begin where the robot will rest
            self._trajectory(message)
        waiting_time_s(message, self._now_s())

    def _now_s(self) -> float:
        return self._motion.view.state().stamp_s

    def _trajectory(self, message: Any) -> Trajectory:
        view = self._motion.view
        names, points = commanded_points(message)
        return commanded(view.model, names, points, view.state().of(view.model.names))

    async def _carry_out(self, message: Any, outcome: Outcome) -> None:
        def planned(proposal: Proposal) -> None:
            outcome.digest = proposal.digest

        def moved(progress: Progress) -> None:
            outcome.ended_s = progress.stamp_s
            if outcome.began_s is None:
                outcome.began_s = progress.stamp_s

        await wait_for_begin(message, self._now_s)
        async with self._moving:  # the one before is at rest then
            arguments = follow_arguments(self._trajectory(message))
            await self._motion.gate.perform(self._user, TOOL, arguments, moved, on_proposal=planned)

    def _ended(self, outcome: Outcome, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if task.cancelled():
            outcome.error = Cancelled("A newer command took its place, or Lectern ends.")
        elif isinstance(error := task.exception(), Exception):
            outcome.error = error
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        error = outcome.error
        if error is not None and not isinstance(error, LecternError):
            _log.error("command failed", exc_info=error)
        self._report(outcome)
