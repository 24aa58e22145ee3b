"""Joint states and the clock, at the rate at which the robot is measured."""

from __future__ import annotations

from rclpy.node import Node

from lectern.graph import names
from lectern.graph.robot_messages import clock_message, joint_state_message
from lectern.robot.state import RobotState
from lectern_nodes.robot import types
from lectern_nodes.robot.stream import Pace

# Joint states of so long ago make the rate that diagnostics show, s.
_WINDOW_S = 2.0


class StatePublisher:
    """Publishes each measurement that is due, to those who subscribe; from the core's thread.

    Making a message takes several times as long as asking whether anybody would read it.

    Args:
        node: Whose topics they are.
        rate_hz: Of the robot's clock.
        clock: Whether to publish the clock too.
    """

    def __init__(self, node: Node, rate_hz: float, clock: bool) -> None:
        self._states = node.create_publisher(types.JointState, names.JOINT_STATES, 10)
        self._clock = node.create_publisher(types.Clock, names.CLOCK, 10) if clock else None
        self._pace = Pace(rate_hz)
        self.published = 0

    def see(self, state: RobotState) -> None:
        """Take a measurement."""
        if not self._pace.due(state.stamp_s):
            return
        # The clock first: who hears of a state knows its time by then.
        if self._clock is not None and self._clock.get_subscription_count():
            self._clock.publish(clock_message(types, state.stamp_s))
        if self._states.get_subscription_count():
            self._states.publish(joint_state_message(types, state))
        self.published += 1
