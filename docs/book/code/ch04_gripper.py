"""A service that closes a gripper, and a client that calls it from a script."""

from __future__ import annotations

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_srvs.srv import SetBool


class Gripper(Node):
    """Serve `close_gripper`: true closes, false opens."""

    def __init__(self) -> None:
        super().__init__("gripper")
        self.closed = False
        self.create_service(SetBool, "close_gripper", self._on_close)

    def _on_close(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.closed = request.data
        response.success = True
        response.message = "closed" if self.closed else "open"
        return response


def close_gripper(node: Node, timeout_s: float = 5.0) -> SetBool.Response:
    """Call the service from a script, outside of any callback.

    Raises:
        TimeoutError: If no server appears or no answer comes in time.
    """
    client = node.create_client(SetBool, "close_gripper")
    if not client.wait_for_service(timeout_sec=timeout_s):
        raise TimeoutError("nobody offers the service close_gripper")
    future = client.call_async(SetBool.Request(data=True))
    rclpy.spin_until_future_complete(node, future, timeout_sec=timeout_s)
    if not future.done():
        raise TimeoutError("close_gripper did not answer")
    return future.result()


def main(args: list[str] | None = None) -> None:
    """Run the server until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(Gripper())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
