"""Waiting on an event loop for the next joint state, which comes on a thread of rclpy."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from lectern.robot.state import RobotState
from lectern_nodes.ros_robot.joints import JointStates


class News:
    """Wakes one reader on the running event loop when a state comes; a context manager."""

    def __init__(self, joints: JointStates) -> None:
        self._joints = joints
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._expected = False

    def __enter__(self) -> News:
        self._joints.listen(self._tell)
        return self

    def __exit__(self, *_: object) -> None:
        self._joints.unlisten(self._tell)

    def expect(self) -> None:
        """From now on a state is news."""
        self._event.clear()
        self._expected = True

    async def come(self, limit_s: float) -> bool:
        """Wait for a state since `expect`, at most so long; tell whether one came."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._event.wait(), limit_s)
        return self._event.is_set()

    def _tell(self, _: RobotState) -> None:
        if self._expected:
            self._expected = False
            with suppress(RuntimeError):  # the loop may be closed by now
                self._loop.call_soon_threadsafe(self._event.set)
