"""A managed node: it measures only while it is active."""

from __future__ import annotations

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import Float64


class Thermometer(LifecycleNode):
    """Publish a motor temperature once a period."""

    def __init__(self) -> None:
        super().__init__("thermometer")
        self.declare_parameter("period_s", 0.5)
        self._temperature = None
        self._timer = None

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Claim what the node needs."""
        self._temperature = self.create_lifecycle_publisher(Float64, "temperature", 10)
        self._timer = self.create_timer(self.get_parameter("period_s").value, self._on_timer)
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back what `on_configure` claimed."""
        self.destroy_timer(self._timer)
        self.destroy_lifecycle_publisher(self._temperature)
        return TransitionCallbackReturn.SUCCESS

    def _on_timer(self) -> None:
        # A lifecycle publisher drops messages unless the node is active.
        self._temperature.publish(Float64(data=41.5))


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(Thermometer())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
