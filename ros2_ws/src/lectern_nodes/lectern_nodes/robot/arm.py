"""Trajectories for the arm, from the action and from the topic: through the gate, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lectern.errors import TrajectoryInvalid
from lectern.graph.robot_messages import commanded_points, wait_for_begin
from lectern.motion import Motion
from lectern.robot.following import commanded, follow_arguments
from lectern.robot.robot import Execution, Progress
from lectern.robot.trajectory import Trajectory
from lectern_nodes.robot.errors import WrongJoints, WrongTime
from lectern_nodes.robot.monitor import Monitor, Sample
from lectern_nodes.robot.newest import Newest
from lectern_nodes.robot.plans import Plans
from lectern_nodes.robot.reports import Asked, Reports, user_of
from lectern_nodes.robot.stream import StateStream
from lectern_nodes.robot.tolerances import NONE, Tolerances

TOOL = "follow_trajectory"


@dataclass(eq=False)
class Command:
    """One trajectory that somebody commands.

    Attributes:
        message: A `trajectory_msgs/JointTrajectory`.
        tolerances: Reads what must hold while it is followed; may refuse.
        on_sample: Called at 20 Hz while it is followed.
        following: Whether its turn has come.
    """

    message: Any
    tolerances: Callable[[], Tolerances] = lambda: NONE
    on_sample: Callable[[Sample], None] = lambda _: None
    following: bool = False


class Arm:
    """Follows one trajectory at a time; all methods on the core's loop.

    Args:
        motion: The robot behind its gate.
        stream: Its measurements.
        plans: What the gate says of them.
        reports: Where the outcome goes.
    """

    def __init__(self, motion: Motion, stream: StateStream, plans: Plans, reports: Reports) -> None:
        self._gate = motion.gate
        self._model = motion.view.model
        self._stream = stream
        self._plans = plans
        self._reports = reports
        self._newest = Newest()

    async def follow(self, source: str, command: Command) -> Execution:
        """Bring what is followed now to rest, then follow a trajectory to its end.

        Cancelling brings the arm to rest within its acceleration limits.

        Args:
            source: Fully qualified name of the topic or action that it came through.
            command: What to follow.

        Raises:
            WrongJoints: It is not for exactly the arm's joints.
            WrongTime: Its stamp is long ago, or of another clock.
            PathLeft: A joint was beyond its path tolerance.
            GoalMissed: A joint was beyond its goal tolerance.
            LecternError: It was refused, replaced or stopped.
        """
        async with self._reports.reporting(source, TOOL) as asked:
            check_joints(command.message.joint_names, self._model.names)
            tolerances = command.tolerances()
            done = await self._newest.run(lambda: self._follow(asked, command, tolerances))
            asked.ended(done)
            return done

    def halt(self, source: str, command: Command) -> None:
        """Bring the arm to rest as fast as a stop does, if it moves for a command."""
        if command.following:
            self._gate.halt(user_of(source), "its client cancelled the trajectory")

    async def _follow(self, asked: Asked, command: Command, tolerances: Tolerances) -> Execution:
        command.following = True
        try:
            await self._wait_for_begin(command.message)
            trajectory = await asyncio.to_thread(self._trajectory, command.message)
            return await self._perform(asked, trajectory, command, tolerances)
        finally:
            command.following = False

    async def _wait_for_begin(self, message: Any) -> None:
        try:
            await wait_for_begin(message, lambda: self._stream.newest.stamp_s)
        except TrajectoryInvalid as error:
            raise WrongTime(error.detail, error.remedy) from error

    def _trajectory(self, message: Any) -> Trajectory:
        names, points = commanded_points(message)
        present = self._stream.newest.of(self._model.names)
        return commanded(self._model, names, points, present)

    async def _perform(
        self, asked: Asked, trajectory: Trajectory, command: Command, tolerances: Tolerances
    ) -> Execution:
        monitor = Monitor(
            trajectory,
            tolerances,
            begun=lambda: self._plans.running(asked.user.name),
            on_sample=command.on_sample,
            on_violation=lambda: performing.cancel(),  # noqa: PLW0108  it is made below
        )

        def progress(made: Progress) -> None:
            asked.moved(made)
            monitor.progress(made)

        performing = asyncio.ensure_future(
            self._gate.perform(
                asked.user,
                TOOL,
                follow_arguments(trajectory),
                progress,
                on_proposal=asked.planned,
            )
        )
        with self._stream.listening(monitor.see):
            try:
                done = await performing
            except asyncio.CancelledError:
                if monitor.verdict is not None:
                    raise monitor.verdict from None
                raise
        monitor.conclude(self._stream.newest)
        return done


def check_joints(given: Sequence[str], names: Sequence[str]) -> None:
    """Check that a trajectory is for exactly the arm's joints, in any order.

    Raises:
        WrongJoints: It is not.
    """
    if sorted(given) == sorted(names):
        return
    strange = [name for name in given if name not in names]
    missing = [name for name in names if name not in given]
    fault = "names a joint twice"
    if strange:
        fault = f"names {strange[0][:80]!r}, which is no joint of the arm"
    elif missing:
        fault = f"does not name {missing[0]}"
    raise WrongJoints(f"The trajectory {fault}.", f"Name each of {', '.join(names)} once.")
