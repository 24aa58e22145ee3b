"""What a step of the lifecycle puts on the graph, and a later one takes off again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.node import Node

# An executor that has not come round to it after so long is not being spun, s.
_PATIENCE_S = 2.0


def between_callbacks(node: Node, work: Callable[[], None]) -> None:
    """Do some work on the thread of a node's executor, from another one, and wait for its end.

    Whoever destroys an entity while the executor of Humble waits for it may end the executor with
    an exception.
    """
    claimed, done = threading.Lock(), threading.Event()

    def once() -> None:
        if claimed.acquire(blocking=False):
            try:
                work()
            finally:
                done.set()

    if node.executor is not None:
        node.executor.create_task(once)
        done.wait(_PATIENCE_S)
    once()
    done.wait()


class Entities:
    """Everything that a node gets from now on; actions end themselves.

    Args:
        node: Whose publishers, subscriptions, services and timers are meant.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._before = set(self._present())

    def destroy(self) -> None:
        """Take off the graph what has come since."""
        node = self._node
        for take_off, entities in (
            (node.destroy_timer, node.timers),
            (node.destroy_subscription, node.subscriptions),
            (node.destroy_service, node.services),
            (node.destroy_publisher, node.publishers),
        ):
            for entity in list(entities):
                if entity not in self._before:
                    take_off(entity)

    def _present(self) -> list[object]:
        node = self._node
        return [*node.timers, *node.subscriptions, *node.services, *node.publishers]
