"""A latched topic: late subscribers still receive the last message."""

from __future__ import annotations

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


class Status(Node):
    """Publish the status of the arm once, for all who ask now or later."""

    def __init__(self, text: str = "homed") -> None:
        super().__init__("arm_status")
        self._status = self.create_publisher(String, "arm_status", LATCHED)
        self._status.publish(String(data=text))


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(Status())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
