"""What became of everything that was asked for, on `robot/motion_report`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lectern.error_numbers import OK, message_of, number_of
from lectern.errors import Cancelled
from lectern.graph.messages import time_message
from lectern.robot.gate.users import User
from lectern_nodes.robot import types
from lectern_nodes.robot.plans import ROS, Plans


class Reports:
    """Makes one report for each request.

    Args:
        publish: Takes the message.
        now_s: Returns the time of the robot's own clock.
        plans: Knows the plan that a request came to.
    """

    def __init__(
        self, publish: Callable[[Any], None], now_s: Callable[[], float], plans: Plans
    ) -> None:
        self._publish = publish
        self._now_s = now_s
        self._plans = plans
        self.last: Any = None

    @asynccontextmanager
    async def reporting(self, source: str, tool: str) -> AsyncIterator[User]:
        """Give whoever asks through a topic or action its name at the gate, and report the end.

        Args:
            source: Fully qualified name of the topic or action.
            tool: Of the gate.
        """
        user = user_of(source)
        before, began_s = self._plans.digest_of(user.name), self._now_s()
        failure: BaseException | None = None
        try:
            yield user
        except BaseException as error:
            failure = error
            raise
        finally:
            digest = self._plans.digest_of(user.name)
            moved_s = self._now_s() - began_s if digest != before else 0.0
            self.report(source, tool, "" if digest == before else digest, moved_s, failure)

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
