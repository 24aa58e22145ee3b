"""Running one lifecycle node as a process, with a clean end on SIGINT and SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions

from lectern.errors import LecternError
from lectern_nodes.common import AUTOSTART
from lectern_nodes.lifecycle import ManagedNode

# `ros2 launch` becomes impatient 5 s after the signal.
_PATIENCE_S = 3.0
# What rclpy raises about arguments, names and files of parameters that cannot be used.
_NAMED_BY_RCLPY = (
    rclpy_implementation.RCLError,
    rclpy_implementation.RCLInvalidROSArgsError,
    rclpy_implementation.UnknownROSArgsError,
    NameValidationException,
)


def run(make_node: Callable[[], ManagedNode], args: Sequence[str] | None = None) -> int:
    """Run a node until it is told to stop.

    Signals are taken here and not by rclpy, which would take the graph away at once: this way
    those who still wait for an answer are told that the node is ending.

    Args:
        make_node: Makes the node, after `rclpy.init`.
        args: Of the command line; None: those of the process.

    Returns:
        The exit code: 0 after a stop; 1 if the node could not be made, configured or activated,
        which one error line names.
    """
    told = _Told()
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
    except (LecternError, *_NAMED_BY_RCLPY) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201  there is no logger yet
        rclpy.try_shutdown()
        return 1
    return _Running(node, told).until_told()


class _Told:
    """Whether somebody told the process to stop, or the node cannot start."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.exit_code = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def wait(self) -> None:
        self._event.wait()

    def give_up(self) -> None:
        self.exit_code = 1
        self._event.set()

    def _on_signal(self, number: int, frame: Any) -> None:
        self._event.set()


class _Running:
    """A node, and the thread that spins it.

    The main thread is left free, because Python handles signals there and only between bytecodes.
    """

    def __init__(self, node: ManagedNode, told: _Told) -> None:
        self._node = node
        self._told = told
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._ended = threading.Event()
        self._spinning = threading.Thread(target=self._spin, name="executor", daemon=True)

    def until_told(self) -> int:
        self._spinning.start()
        if self._node.get_parameter(AUTOSTART.name).value:
            threading.Thread(target=self._start, name="autostart", daemon=True).start()
        self._told.wait()
        if not self._node.stop(_PATIENCE_S):
            self._leave_at_once()
        self._end()
        return self._told.exit_code

    def _start(self) -> None:
        if not self._node.start() and not self._node.stopping.is_set():
            self._told.give_up()

    def _spin(self) -> None:
        while not self._ended.is_set():
            spin_once(self._executor, self._node)

    def _end(self) -> None:
        self._ended.set()
        # `wake` alone does not bring it back from waiting.
        self._executor.create_task(lambda: None)
        self._spinning.join()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def _leave_at_once(self) -> None:
        """End the process though a transition cannot be interrupted; no file depends on it."""
        self._node.get_logger().warning(f"Left while {self._node.state}.")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self._told.exit_code)


def spin_once(executor: Executor, node: ManagedNode) -> None:
    """Run one callback; one that fails, or a sample that cannot be read, ends nothing."""
    try:
        executor.spin_once()
    except ExternalShutdownException:
        pass
    except Exception as error:
        node.get_logger().error(f"A callback failed: {error!r}", throttle_duration_sec=1.0)
