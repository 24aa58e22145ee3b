"""Between asyncio, where the core lives, and rclpy: a node on a thread of its own.

rclpy's clients may lose an answer that arrives while another thread is still sending the request.
So everything is sent on the executor's own thread (`post`), and everything that comes back is
handed to the event loop of who waits. Nobody waits on the executor's thread.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from lectern.errors import RobotUnavailable

# How often the graph is asked whether a server has come: rclpy cannot tell when it changes.
_LOOK_S = 0.05
_JOIN_S = 5.0


class RosLink:
    """A node with its own executor thread, beside the node it belongs to."""

    def __init__(self, parent: Node, suffix: str = "robot") -> None:
        """Make a node in the parent's namespace, with its clock, named after it."""
        self.name = f"{parent.get_name()}_{suffix}"
        simulated = parent.get_parameter_or("use_sim_time", Parameter("", value=False)).value
        self.node = rclpy.create_node(
            self.name,
            context=parent.context,
            namespace=parent.get_namespace(),
            # A name given on the command line is the parent's; two nodes of one name are none.
            cli_args=["--ros-args", "-r", f"__node:={self.name}"],
            parameter_overrides=[Parameter("use_sim_time", value=bool(simulated))],
            start_parameter_services=False,
        )
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._guard = self.node.create_guard_condition(self._drain)
        self._executor = SingleThreadedExecutor(context=parent.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name=self.name, daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to take messages; call it when every callback is in place."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether messages still come and go."""
        return self._thread.is_alive() and not self._ended.is_set()

    def post(self, work: Callable[[], None]) -> None:
        """Run on the executor's thread; from any thread, never waits, never fails."""
        self._work.put(work)
        with suppress(Exception):  # the node may be gone: then there is nothing to send to
            self._guard.trigger()

    def close(self) -> None:
        """End the thread and the node; waits, so never on the event loop."""
        self._ended.set()
        with suppress(Exception):
            self._executor.shutdown(timeout_sec=0)
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        with suppress(Exception):
            self._executor.remove_node(self.node)
            self.node.destroy_node()

    async def call(self, client: Any, request: Any, limit_s: float, what: str) -> Any:
        """Call a service and return its response.

        Args:
            client: Of the service.
            request: To send.
            limit_s: Longest wait for the service to appear, and for its answer.
            what: What starts the service, for the message of the error.

        Raises:
            RobotUnavailable: There is no such service, or it does not answer.
        """
        name = client.srv_name
        await self.ready(client.service_is_ready, f"service {name}", limit_s, what)
        answer = _Answer()
        self.post(lambda: client.call_async(request).add_done_callback(answer.take))
        try:
            return await asyncio.wait_for(answer.future, limit_s)
        except asyncio.TimeoutError as error:
            raise RobotUnavailable(
                f"The service {name} did not answer within {limit_s:g} s.", f"Look at {what}."
            ) from error

    async def ready(
        self, is_ready: Callable[[], bool], name: str, limit_s: float, what: str
    ) -> None:
        """Wait until a server is there.

        Raises:
            RobotUnavailable: It does not appear in time; the message names it.
        """
        until_s = time.monotonic() + limit_s
        while not self.sees(is_ready):
            if not self.alive:
                raise RobotUnavailable("ROS was shut down.", "Start the node anew.")
            if time.monotonic() >= until_s:
                raise RobotUnavailable(
                    f"There is no {name} within {limit_s:g} s.", f"Start {what}."
                )
            await asyncio.sleep(_LOOK_S)

    def sees(self, is_ready: Callable[[], bool]) -> bool:
        """Tell whether a server is there; not, if the node is gone."""
        with suppress(Exception):
            return self.alive and bool(is_ready())
        return False

    def _drain(self) -> None:
        while not self._work.empty():
            work = self._work.get()
            try:
                work()
            except Exception as error:  # one failed request must not end the others
                self.node.get_logger().error(f"a request could not be sent: {error!r}")

    def _spin(self) -> None:
        while not self._ended.is_set():
            try:
                self._executor.spin()
                return  # it was shut down, or ROS was
            except ExternalShutdownException:
                return
            except Exception as error:
                if self._ended.is_set() or not self.node.context.ok():
                    return
                self.node.get_logger().error(f"a callback failed: {error!r}")


class _Answer:
    """Hands the result of a future of rclpy to a future of the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()

    def take(self, done: Any) -> None:
        """Take a finished future of rclpy; on the executor's thread."""
        error, result = done.exception(), None if done.exception() else done.result()
        self.set(result, error)

    def set(self, result: Any, error: BaseException | None = None) -> None:
        """Set the result, from any thread; who waits no longer does not mind."""
        with suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Errand:
    """One goal of an action, from sending it to its result.

    `cancel` works from any thread at any time: a goal that is not accepted yet is cancelled as
    soon as it is.
    """

    def __init__(self, link: RosLink, client: ActionClient, goal: Any) -> None:
        """Send a goal; on the event loop."""
        self._link = link
        self._client = client
        self._lock = threading.Lock()
        self._handle: Any = None
        self._cancelled = False
        self._accepted, self._result = _Answer(), _Answer()
        link.post(lambda: client.send_goal_async(goal).add_done_callback(self._on_response))

    @property
    def accepted(self) -> asyncio.Future[bool]:
        """Whether the server takes the goal."""
        return self._accepted.future

    @property
    def result(self) -> asyncio.Future[tuple[int, Any]]:
        """Status, as in action_msgs/GoalStatus, and result; never set if the server dies."""
        return self._result.future

    def cancel(self) -> None:
        """Ask the server to cancel; from any thread, never waits, never fails."""
        with self._lock:
            self._cancelled = True
            handle = self._handle
        if handle is not None:
            self._link.post(lambda: handle.cancel_goal_async() and None)

    def server_is_there(self) -> bool:
        """Tell whether the graph still has the action's server."""
        return self._link.sees(self._client.server_is_ready)

    def _on_response(self, done: Any) -> None:
        if done.exception() is not None:
            self._accepted.set(None, done.exception())
            return
        handle = done.result()
        if handle.accepted:
            with self._lock:
                self._handle = handle  # rclpy itself keeps only a weak reference
                cancelled = self._cancelled
            handle.get_result_async().add_done_callback(self._on_result)
            if cancelled:
                handle.cancel_goal_async()
        self._accepted.set(bool(handle.accepted))

    def _on_result(self, done: Any) -> None:
        if done.exception() is not None:
            self._result.set(None, done.exception())
        else:
            answer = done.result()
            self._result.set((int(answer.status), answer.result))


SUCCEEDED, CANCELED = int(GoalStatus.STATUS_SUCCEEDED), int(GoalStatus.STATUS_CANCELED)
UNKNOWN = int(GoalStatus.STATUS_UNKNOWN)
