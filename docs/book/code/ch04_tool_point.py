"""A node that turns joint states into the tool point of a planar 2R arm."""

from __future__ import annotations

import numpy as np
import rclpy
from ch03_planar import tool_position
from ch04_joints import pick
from geometry_msgs.msg import PointStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import JointState


class ToolPoint(Node):
    """Publish the tool point whenever a joint state arrives."""

    def __init__(self) -> None:
        super().__init__("tool_point")
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self.declare_parameter("l1", 0.5)
        self.declare_parameter("l2", 0.4)
        self._tool_point = self.create_publisher(PointStamped, "tool_point", 10)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, 10)

    def _on_joint_state(self, msg: JointState) -> None:
        try:
            q = pick(msg.name, msg.position, ("joint_1", "joint_2"))
        except (KeyError, ValueError) as error:
            self.get_logger().warning(f"joint state left out: {error!r}")
            return
        lengths = (self.get_parameter("l1").value, self.get_parameter("l2").value)
        x, y = tool_position(np.array(q), *lengths)
        point = PointStamped()
        point.header.stamp = msg.header.stamp  # the time of the measurement, not of now
        point.header.frame_id = "base_link"
        point.point.x, point.point.y = float(x), float(y)
        self._tool_point.publish(point)

    def _on_set_parameters(self, parameters: list) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name in {"l1", "l2"} and parameter.value <= 0.0:
                return SetParametersResult(successful=False, reason="a length must be positive")
        return SetParametersResult(successful=True)


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(ToolPoint())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
