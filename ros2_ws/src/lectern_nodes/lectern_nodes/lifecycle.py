"""What the lifecycle nodes of Lectern share: named failures, and transitions that hold nothing up.

A subclass says what the steps do: `configure`, `activate`, `deactivate`, `clean_up`. A transition
that is asked for as a service runs on a thread of its own, so that the node's other callbacks go
on meanwhile, whatever executor it is in; its answer is sent when the transition is over.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from rclpy.action.server import RCLError
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.lifecycle.node import LifecycleNodeMixin
from rclpy.node import Node

from lectern.errors import LecternError
from lectern.graph.messages import printable
from lectern_nodes.deferred import answer_later, in_thread

ACTIVE, INACTIVE, UNCONFIGURED, FINALIZED = "active", "inactive", "unconfigured", "finalized"


class ManagedNode(LifecycleNode):
    """A lifecycle node whose failures have names.

    Attributes:
        trouble: Why the last transition failed; empty if it did not.
        stopping: Set as soon as the node is told to end; long steps may look at it.

    Args:
        name: Of the node, unless it is remapped.
        options: As for `rclpy.node.Node`.
    """

    def __init__(self, name: str, **options: Any) -> None:
        Node.__init__(self, name, **options)
        LifecycleNodeMixin.__init__(self)
        self.trouble = ""
        self.stopping = threading.Event()
        self._in_transition = threading.Lock()
        self._change_state = self._service_change_state.callback
        answer_later(self._service_change_state, self._on_change_state)

    # What a subclass does in each step. Each runs on a thread that is not the executor's, may
    # block, and raises a `LecternError` that names what is missing.

    def configure(self) -> None:
        """Open everything that the node needs."""

    def activate(self) -> None:
        """Begin to serve."""

    def deactivate(self) -> None:
        """Serve no more; also called when `activate` failed."""

    def clean_up(self) -> None:
        """Close what `configure` opened, however far it came; may be called twice."""

    @property
    def state(self) -> str:
        """Label of the present state, such as `active` or `configuring`."""
        return str(self._state_machine.current_state[1])

    def start(self) -> bool:
        """Configure and activate; block until that is done or has failed.

        Returns:
            Whether the node is active; `trouble` says why not.
        """
        with self._in_transition:
            return (
                self._succeeded(self.trigger_configure)
                and not self.stopping.is_set()
                and self._succeeded(self.trigger_activate)
            )

    def stop(self, patience_s: float) -> bool:
        """End for good, from any state; block until that is done.

        Args:
            patience_s: How long to wait for the end of a transition that is under way, s.

        Returns:
            Whether the node is finalized.
        """
        self.stopping.set()
        if not self._in_transition.acquire(timeout=patience_s):
            return False
        try:
            return self.state == FINALIZED or self._succeeded(self.trigger_shutdown)
        finally:
            self._in_transition.release()

    # Called by rclpy

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure; whatever was opened is closed again if that fails."""
        return self._carry_out(self.configure, undo=self.clean_up)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate; what began is ended again if that fails."""
        super().on_activate(state)
        return self._carry_out(self.activate, undo=self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate."""
        super().on_deactivate(state)
        return self._carry_out(self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up."""
        return self._carry_out(self.clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End from any state."""
        if state.label == ACTIVE:
            super().on_deactivate(state)
            self._carry_out(self.deactivate)
        return self._carry_out(self.clean_up)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Recover to `unconfigured`."""
        return self._carry_out(self.clean_up)

    def _carry_out(
        self, work: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        try:
            work()
        except Exception as error:
            self._name(error)
            if undo:
                undo()
            return TransitionCallbackReturn.FAILURE
        self.trouble = ""
        return TransitionCallbackReturn.SUCCESS

    def _name(self, error: Exception) -> None:
        # Messages of ROS hold UTF-8 only, and an error may name a file whose name is none.
        self.trouble = printable(str(error) if isinstance(error, LecternError) else repr(error))
        self.get_logger().error(f"{self.state} failed: {self.trouble}")
        if not isinstance(error, LecternError):
            self.get_logger().error(printable(traceback.format_exc()))

    def _succeeded(self, trigger: Callable[[], TransitionCallbackReturn]) -> bool:
        try:
            return trigger() == TransitionCallbackReturn.SUCCESS
        except RCLError as error:
            self.get_logger().warning(f"No such transition from the state {self.state}: {error}")
            return False

    def _on_change_state(self, request: Any, response: Any) -> Future[Any]:
        return in_thread(lambda: self._changed(request, response))

    def _changed(self, request: Any, response: Any) -> Any:
        """Carry out a requested transition; rclpy would let an impossible one end the process."""
        if not self._in_transition.acquire(blocking=False):
            self.get_logger().warning(f"Another transition is under way: {self.state}.")
            response.success = False
            return response
        try:
            return self._change_state(request, response)
        except RCLError as error:
            self.get_logger().warning(f"No such transition from the state {self.state}: {error}")
            response.success = False
            return response
        finally:
            self._in_transition.release()
