"""An action client that prints feedback and cancels after a given number of terms."""

from __future__ import annotations

import rclpy
from action_msgs.msg import GoalStatus
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient
from rclpy.node import Node


class FibonacciClient(Node):
    """Ask for Fibonacci numbers and stop early."""

    def __init__(self, stop_at: int) -> None:
        super().__init__("fibonacci_client")
        self._client = ActionClient(self, Fibonacci, "fibonacci")
        self._stop_at = stop_at
        self._goal = None

    async def run(self, order: int) -> tuple[int, list[int]]:
        """Send one goal and return its final status and sequence."""
        self._goal = await self._client.send_goal_async(
            Fibonacci.Goal(order=order), feedback_callback=self._on_feedback
        )
        if not self._goal.accepted:
            return GoalStatus.STATUS_UNKNOWN, []
        answer = await self._goal.get_result_async()
        return answer.status, list(answer.result.sequence)

    def _on_feedback(self, msg: Fibonacci.Impl.FeedbackMessage) -> None:
        terms = len(msg.feedback.sequence)
        self.get_logger().info(f"{terms} terms")
        # Feedback may be handled before the acceptance, when there is no goal handle yet.
        if terms >= self._stop_at and self._goal is not None:
            self._goal.cancel_goal_async()

    def wait_for_server(self, timeout_s: float) -> bool:
        """Tell whether the action server appeared within `timeout_s` seconds."""
        return self._client.wait_for_server(timeout_sec=timeout_s)


def main(args: list[str] | None = None) -> None:
    """Ask for 20 terms, cancel at 5."""
    rclpy.init(args=args)
    node = FibonacciClient(stop_at=5)
    try:
        if node.wait_for_server(5.0):
            task = rclpy.get_global_executor().create_task(node.run(20))
            rclpy.spin_until_future_complete(node, task)
            print(task.result())
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
