"""Services and actions that are answered later, from any thread, while the executor goes on.

In rclpy, a callback that waits for its answer holds a thread of the executor, and one that awaits
it makes Humble's executors spin at full load. Here the callback returns a future, and the answer
is sent as soon as that future is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeAlias

from rclpy.action import ActionServer
from rclpy.action.server import GoalEvent, RCLError, ServerGoalHandle
from rclpy.exceptions import InvalidHandle
from rclpy.service import Service

Answering: TypeAlias = Callable[[Any, Any], "Future[Any]"]


def answer_later(service: Service, callback: Answering) -> None:
    """Let a service answer when the future is done that its callback returns.

    Args:
        service: As `Node.create_service` made it; its callback is replaced.
        callback: Called with request and empty response; returns a future of the response, which
            must not fail.
    """
    send = service.send_response

    def send_when_done(answer: Future[Any], header: Any) -> None:
        def on_done(done: Future[Any]) -> None:
            if not done.cancelled():
                # Who asked may be gone, and so may the service.
                with suppress(InvalidHandle, RCLError):
                    send(done.result(), header)

        answer.add_done_callback(on_done)

    service.callback = callback
    service.send_response = send_when_done


def no_callback(request: Any, response: Any) -> Any:
    """Stand in until `answer_later` gives a service its callback."""
    raise AssertionError("the service was not given its callback")


def in_thread(work: Callable[[], Any]) -> Future[Any]:
    """Do short-lived blocking work on a thread of its own."""
    done: Future[Any] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="deferred", daemon=True).start()
    return done


def begin_goal(goal: ServerGoalHandle) -> None:
    """Show a goal as being executed; call it in the server's `handle_accepted_callback`."""
    # `execute` would also call a callback that has to return the result, or block until then. A
    # goal that was cancelled in the meantime stays so.
    with suppress(RCLError):
        goal._update_state(GoalEvent.EXECUTE)


def end_goal(server: ActionServer, goal: ServerGoalHandle, event: GoalEvent, result: Any) -> None:
    """End a goal with its result, from any thread.

    Args:
        server: Of the goal.
        goal: That `begin_goal` began.
        event: `SUCCEED`, `ABORT`, or `CANCELED` if its cancelling was accepted.
        result: Of the action's type.
    """

    def conclude(handle: ServerGoalHandle) -> Any:
        _update(handle, event)
        return result

    server.notify_execute(goal, conclude)


def _update(goal: ServerGoalHandle, event: GoalEvent) -> None:
    try:
        goal._update_state(event)
    except RCLError:
        # It was cancelled at the last moment, or was cancelled and then came to its end.
        other = GoalEvent.CANCELED if goal.is_cancel_requested else GoalEvent.ABORT
        with suppress(RCLError):
            goal._update_state(other)
