"""Call one service from the callback of another without a deadlock."""

from __future__ import annotations

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger


class Supervisor(Node):
    """Serve `pick`, which in turn calls `close_gripper`."""

    def __init__(self) -> None:
        super().__init__("supervisor")
        # The answer of the gripper must be able to arrive while `pick` is still running.
        answers = MutuallyExclusiveCallbackGroup()
        self._close = self.create_client(SetBool, "close_gripper", callback_group=answers)
        self.create_service(Trigger, "pick", self._on_pick)

    async def _on_pick(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if not self._close.service_is_ready():
            response.message = "no gripper"
            return response
        answer = await self._close.call_async(SetBool.Request(data=True))
        response.success = answer.success
        response.message = f"gripper {answer.message}"
        return response


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    rclpy.init(args=args)
    try:
        rclpy.spin(Supervisor())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
