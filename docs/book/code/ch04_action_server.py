"""An action server with feedback and cancelling: Fibonacci numbers, one at a time."""

from __future__ import annotations

import rclpy
from ch04_joints import next_term
from example_interfaces.action import Fibonacci
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

LARGEST_ORDER = 46  # the next Fibonacci number does not fit into 32 bits


class FibonacciServer(Node):
    """Compute Fibonacci numbers slowly, as a stand-in for a robot that moves."""

    def __init__(self) -> None:
        super().__init__("fibonacci_server")
        self._pace = self.create_rate(self.declare_parameter("terms_per_second", 2.0).value)
        self._server = ActionServer(
            self,
            Fibonacci,
            "fibonacci",
            execute_callback=self._on_execute,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            callback_group=ReentrantCallbackGroup(),
        )

    def _on_goal(self, request: Fibonacci.Goal) -> GoalResponse:
        good = 1 <= request.order <= LARGEST_ORDER
        return GoalResponse.ACCEPT if good else GoalResponse.REJECT

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        return CancelResponse.ACCEPT

    def _on_execute(self, goal: ServerGoalHandle) -> Fibonacci.Result:
        sequence = [0, 1]
        while len(sequence) <= goal.request.order:
            if goal.is_cancel_requested:
                goal.canceled()
                return Fibonacci.Result(sequence=sequence)
            sequence.append(next_term(sequence))
            goal.publish_feedback(Fibonacci.Feedback(sequence=sequence))
            self._pace.sleep()
        goal.succeed()
        return Fibonacci.Result(sequence=sequence)


def main(args: list[str] | None = None) -> None:
    """Run the server until it is stopped."""
    rclpy.init(args=args)
    try:
        # One thread computes; another must be free to take the cancel request.
        rclpy.spin(FibonacciServer(), executor=MultiThreadedExecutor())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
