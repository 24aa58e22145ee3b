"""`robot/stop`: brings everything to rest, whatever else goes on."""

from __future__ import annotations

from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from lectern.graph import names
from lectern.motion import Motion
from lectern_nodes.robot.reports import user_of


class StopService:
    """Serves the stop from the moment that there is a robot, in every state of the node.

    It has a callback group of its own and calls the gate on the spot: it waits for nothing, and no
    other callback of the node waits for anything either.

    Args:
        node: Whose service it is.
        motion: What is stopped.
    """

    def __init__(self, node: Node, motion: Motion) -> None:
        self._gate = motion.gate
        self.service = node.create_service(
            Trigger, names.STOP, self._on_stop, callback_group=MutuallyExclusiveCallbackGroup()
        )
        self._user = user_of(node.resolve_service_name(names.STOP))

    def _on_stop(self, request: Any, response: Any) -> Any:
        self._gate.stop(self._user, "a stop came on the ROS graph")
        response.success = True
        response.message = "Arm and base were told to stop; whatever waited for approval is void."
        return response
