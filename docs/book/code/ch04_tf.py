"""Broadcast the frames of a planar arm with tf2 and look one of them up."""

from __future__ import annotations

import rclpy
from ch04_joints import pick, yaw_quaternion
from geometry_msgs.msg import TransformStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import JointState
from tf2_ros import (
    Buffer,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformException,
    TransformListener,
)


def transform(stamp, parent: str, child: str, x: float, yaw: float) -> TransformStamped:
    """Return the pose of `child` in `parent`: `x` metres along x, turned by `yaw` radians."""
    msg = TransformStamped()
    msg.header.stamp = stamp
    msg.header.frame_id = parent
    msg.child_frame_id = child
    msg.transform.translation.x = x
    rotation = msg.transform.rotation
    rotation.w, rotation.x, rotation.y, rotation.z = yaw_quaternion(yaw)
    return msg


class ArmFrames(Node):
    """Publish base_link -> link_1 -> link_2 -> tool and report where the tool is."""

    def __init__(self) -> None:
        super().__init__("arm_frames")
        self._moving = TransformBroadcaster(self)
        self._fixed = StaticTransformBroadcaster(self)
        now = self.get_clock().now().to_msg()
        self._fixed.sendTransform(transform(now, "link_2", "tool", 0.4, 0.0))
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, 10)
        self.create_timer(1.0, self._on_timer)

    def _on_joint_state(self, msg: JointState) -> None:
        q1, q2 = pick(msg.name, msg.position, ("joint_1", "joint_2"))
        stamp = msg.header.stamp
        self._moving.sendTransform(
            [
                transform(stamp, "base_link", "link_1", 0.0, q1),
                transform(stamp, "link_1", "link_2", 0.5, q2),
            ]
        )

    def _on_timer(self) -> None:
        try:
            latest = Time()  # time zero asks for the newest common transform
            found = self._buffer.lookup_transform("base_link", "tool", latest)
        except TransformException as error:
            self.get_logger().info(f"not yet: {error}")
            return
        at = found.transform.translation
        self.get_logger().info(f"tool at ({at.x:.3f}, {at.y:.3f}) m")


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(ArmFrames())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
