"""An action whose goals are carried out on the core's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from lectern.errors import Cancelled, MotionStopped
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.deferred import begin_goal, end_goal


@dataclass(eq=False)
class Goal:
    """One goal of a client.

    Attributes:
        request: What it asks for.
        tell: Sends feedback, from any thread.
        cancelled: Whether its client wants it to end.
        halt: Brings what moves for this goal to rest at once, if anything does.
    """

    request: Any
    tell: Callable[[Any], None]
    cancelled: bool = False
    halt: Callable[[], None] = field(default=lambda: None)


class Work(Protocol):
    """What a server does for its goals, on the core's loop."""

    async def carry_out(self, goal: Goal) -> Any:
        """Return the result of a goal that went well; cancelling ends the motion first."""

    def failure(self, goal: Goal, error: Exception) -> Any:
        """Return the result of a goal that failed."""


class GoalServer:
    """Serves one action.

    Args:
        node: Whose action it is.
        loop: Where the work is done.
        action_type: Of the action.
        name: Of the action, relative.
        work: Does it.
        accepts: Tells whether goals are taken now.
    """

    def __init__(
        self,
        node: Node,
        loop: CoreLoop,
        action_type: Any,
        name: str,
        *,
        work: Work,
        accepts: Callable[[], bool],
    ) -> None:
        self._node = node
        self._loop = loop
        self._name = name
        self._work = work
        self._accepts = accepts
        self._goals: dict[bytes, tuple[Goal, asyncio.Task[Any]]] = {}
        self._server = ActionServer(
            node,
            action_type,
            name,
            execute_callback=_never_called,
            callback_group=MutuallyExclusiveCallbackGroup(),
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )

    async def end(self) -> None:
        """End all goals, and wait until they have ended; on the core's loop."""
        tasks = [task for _, task in self._goals.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def destroy(self) -> None:
        """Take the action off the graph."""
        self._server.destroy()

    def _on_goal(self, request: Any) -> GoalResponse:
        if self._accepts():
            return GoalResponse.ACCEPT
        self._node.get_logger().warning(f"{self._name}: a goal was rejected, I am not active.")
        return GoalResponse.REJECT

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        begin_goal(handle)
        self._loop.submit(self._carry_out(handle))

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._loop.submit(self._cancel(bytes(handle.goal_id.uuid)))
        return CancelResponse.ACCEPT

    async def _carry_out(self, handle: ServerGoalHandle) -> None:
        key = bytes(handle.goal_id.uuid)
        goal = Goal(handle.request, handle.publish_feedback)
        task = asyncio.ensure_future(self._work.carry_out(goal))
        self._goals[key] = (goal, task)
        try:
            await asyncio.wait([task])
        finally:
            del self._goals[key]
        event, result = self._outcome(goal, task)
        end_goal(self._server, handle, event, result)

    def _outcome(self, goal: Goal, task: asyncio.Task[Any]) -> tuple[GoalEvent, Any]:
        ended = GoalEvent.CANCELED if goal.cancelled else GoalEvent.ABORT
        if task.cancelled():
            error: Exception = (
                Cancelled("The client cancelled the goal.")
                if goal.cancelled
                else MotionStopped("The robot's node is being deactivated.", "Activate it again.")
            )
            return ended, self._work.failure(goal, error)
        failure = task.exception()
        if failure is None:
            return GoalEvent.SUCCEED, task.result()
        error = failure if isinstance(failure, Exception) else RuntimeError(repr(failure))
        self._node.get_logger().warning(f"{self._name}: {error}")
        return ended, self._work.failure(goal, error)

    async def _cancel(self, key: bytes) -> None:
        if key not in self._goals:
            return
        goal, task = self._goals[key]
        goal.cancelled = True
        goal.halt()
        task.cancel()


def _never_called(handle: ServerGoalHandle) -> Awaitable[Any]:
    raise AssertionError("goals are begun by begin_goal")
