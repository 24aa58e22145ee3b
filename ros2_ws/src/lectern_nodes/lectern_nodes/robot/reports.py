"""What became of everything that was asked for, on `robot/motion_report`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from lectern.error_numbers import OK, message_of, number_of
from lectern.errors import Cancelled
from lectern.graph.messages import time_message
from lectern.robot.gate.proposal import Proposal
from lectern.robot.gate.users import User
from lectern.robot.robot import Execution, Progress
from lectern_nodes.robot import types
from lectern_nodes.robot.plans import ROS


@dataclass(eq=False)
class Asked:
    """A request under way, for which the gate is told whom to tell of its plan and motion.

    Attributes:
        user: Whom the gate takes the asker for.
        digest: Of its plan; empty: there is none yet.
        began_s: When the robot began to move, on its own clock; None: it has not.
        took_s: Time that a motion took that ended well.
    """

    user: User
    digest: str = ""
    began_s: float | None = None
    took_s: float | None = None
    _plan_s: float = 0.0

    def planned(self, proposal: Proposal) -> None:
        """Take the plan that it came to."""
        self.digest = proposal.digest
        self._plan_s = proposal.plan.duration_s

    def moved(self, progress: Progress) -> None:
        """Take how far the robot is."""
        if self.began_s is None:
            self.began_s = progress.stamp_s - progress.fraction * self._plan_s

    def ended(self, execution: Execution) -> None:
        """Take what a motion came to that ended well."""
        self.took_s = execution.duration_s

    def duration_s(self, now_s: float) -> float:
        """Return the time that its motion took; 0: nothing moved."""
        if self.took_s is not None:
            return self.took_s
        return 0.0 if self.began_s is None else now_s - self.began_s


class Reports:
    """Makes one report for each request.

    Args:
        publish: Takes the message.
        now_s: Returns the time of the robot's own clock.
    """

    def __init__(self, publish: Callable[[Any], None], now_s: Callable[[], float]) -> None:
        self._publish = publish
        self._now_s = now_s
        self.last: Any = None

    @asynccontextmanager
    async def reporting(self, source: str, tool: str) -> AsyncIterator[Asked]:
        """Give whoever asks through a topic or action its name at the gate, and report the end.

        Args:
            source: Fully qualified name of the topic or action.
            tool: Of the gate.
        """
        asked = Asked(user_of(source))
        failure: BaseException | None = None
        try:
            yield asked
        except BaseException as error:
            failure = error
            raise
        finally:
            moved_s = asked.duration_s(self._now_s())
            self.report(source, tool, asked.digest, moved_s, failure)

    def report(
        self,
        source: str,
        tool: str,
        digest: str,
        duration_s: float,
        failure: BaseException | None,
    ) -> None:
        """Publish one report."""
        error = _named(failure)
        self.last = types.MotionReport(
            stamp=time_message(types, self._now_s()),
            source=source,
            tool=tool,
            digest=digest,
            duration_s=float(duration_s),
            error_code=OK if error is None else number_of(error),
            error_msg="" if error is None else message_of(error),
        )
        self._publish(self.last)


def user_of(source: str) -> User:
    """Return whom the gate takes a topic, service or action for; never an operator."""
    return User(f"{ROS}{source}"[:200], frozenset({"user"}))


def _named(failure: BaseException | None) -> Exception | None:
    if isinstance(failure, asyncio.CancelledError):
        return Cancelled("The client took its request back.")
    return failure if failure is None or isinstance(failure, Exception) else Exception(failure)
