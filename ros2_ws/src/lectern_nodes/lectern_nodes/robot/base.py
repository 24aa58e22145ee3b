"""The mobile base: `cmd_vel` in; `odom`, `imu` and `scan` out, and its frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from lectern.errors import LecternError
from lectern.robot.base import BaseState, BaseView
from lectern.robot.base_gate import BaseGate
from lectern.robot.state import RobotState
from lectern_nodes.core_loop import CoreLoop
from lectern_nodes.robot import offers, types
from lectern_nodes.robot.base_messages import (
    base_transform,
    imu_message,
    odometry_message,
    scan_message,
    sensor_transforms,
)
from lectern_nodes.robot.latched import StaticFrames
from lectern_nodes.robot.reports import Reports, user_of
from lectern_nodes.robot.stream import Pace

_ODOM_HZ, _IMU_HZ, _SCAN_HZ = 50.0, 100.0, 10.0
_ROUNDING = 1e-6
# How often to look whether anybody subscribes.
_LOOK_HZ = 2.0
# A base that was commanded so long ago rests, s: its watchdog and its brakes take less.
_RESTING_S = 3.0
TOOL = "drive"


class BaseFace:
    """Publishes the base while somebody subscribes, and drives it; on the core's loop.

    Args:
        node: Whose topics they are.
        loop: Where the gate is.
        gate: Of the base, which is made when it is first asked for.
        reports: Where refused drives go.
        static: Takes the sensors' frames.
        prefix: Put in front of every frame.
        at_once: Whether the base is at work from the start.
        accepts: Tells whether commands are taken now.
    """

    def __init__(
        self,
        node: Node,
        loop: CoreLoop,
        gate: BaseGate,
        reports: Reports,
        *,
        static: StaticFrames,
        prefix: str,
        at_once: bool,
        accepts: Callable[[], bool],
    ) -> None:
        self._node = node
        self._loop = loop
        self._gate = gate
        self._reports = reports
        self._static = static
        self._prefix = prefix
        self._wanted = at_once
        self._at_once = at_once
        self._accepts = accepts
        self._odom = node.create_publisher(types.Odometry, offers.ODOM, 10)
        self._imu = node.create_publisher(types.Imu, offers.IMU, 10)
        self._scan = node.create_publisher(types.LaserScan, offers.SCAN, 5)
        self._odom_pace, self._imu_pace = Pace(_ODOM_HZ), Pace(_IMU_HZ)
        self._look_pace = Pace(_LOOK_HZ)
        self._turn, self._scanned_s = -1, -1.0
        self._subscription = node.create_subscription(
            types.Twist,
            offers.CMD_VEL,
            self._on_cmd_vel,
            10,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        self._opening: asyncio.Task[None] | None = None
        self._view: BaseView | None = None
        self._last: BaseState | None = None
        self._now_s, self._driven_s = 0.0, -_RESTING_S
        self._refusal = ""
        self.trouble = ""

    @property
    def at_work(self) -> bool:
        """Whether the base has been made."""
        return self._view is not None

    def see(self, state: RobotState) -> None:
        """Take a measurement of the arm, which is what everything here is paced by."""
        self._now_s = state.stamp_s
        if self._look_pace.due(state.stamp_s):
            self._wanted = self._at_once or any(
                p.get_subscription_count() for p in (self._odom, self._imu, self._scan)
            )
            self._open()
        if self._view is not None and not self.trouble:
            try:
                self._publish(self._view, state.stamp_s)
            except LecternError as error:
                self._fail(error)

    def transforms(self, stamp_s: float) -> list[Any]:
        """Return where the base is, once it is at work.

        A base that rests is where it was, and is not looked at, so that its physics may sleep.
        """
        if self._last is None:
            return []
        return [base_transform(self._last, stamp_s, self._prefix)]

    def _open(self) -> None:
        if self._opening is None and (self._wanted or self._gate.opened):
            self._opening = asyncio.ensure_future(self._opened())

    async def _opened(self) -> None:
        try:
            view = await self._gate.view()
            self._static.put("base", await asyncio.to_thread(sensor_transforms, self._prefix))
            self._last, self._view = view.state(), view
        except LecternError as error:
            self._fail(error)

    def _publish(self, view: BaseView, stamp_s: float) -> None:
        if self._odom_pace.due(stamp_s) and self._awake(stamp_s):
            self._last = view.state()
            self._odom.publish(odometry_message(self._last, self._prefix))
        if self._imu_pace.due(stamp_s) and self._imu.get_subscription_count():
            self._imu.publish(imu_message(view.imu(), self._prefix))
        turn = int(stamp_s * _SCAN_HZ + _ROUNDING)
        if turn != self._turn and self._scan.get_subscription_count():
            self._publish_scan(view, turn)

    def _publish_scan(self, view: BaseView, turn: int) -> None:
        """Publish a turn of the lidar, once it is there."""
        scan = view.scan()
        if scan.stamp_s > self._scanned_s:
            self._turn, self._scanned_s = turn, scan.stamp_s
            self._scan.publish(scan_message(scan, self._prefix))

    def _awake(self, stamp_s: float) -> bool:
        return self._wanted or stamp_s - self._driven_s < _RESTING_S

    def _fail(self, error: LecternError) -> None:
        self.trouble = str(error)
        self._node.get_logger().error(f"The base: {self.trouble}")

    def _on_cmd_vel(self, message: Any) -> None:
        if self._accepts():
            self._loop.submit(self._drive(message.linear.x, message.angular.z))

    async def _drive(self, linear_m_s: float, angular_rad_s: float) -> None:
        source = self._subscription.topic_name
        self._driven_s = self._now_s
        try:
            await self._gate.drive(user_of(source), linear_m_s, angular_rad_s)
        except LecternError as error:
            self._refuse(source, error)
        else:
            self._refusal = ""

    def _refuse(self, source: str, error: LecternError) -> None:
        """Report a refusal once: a held joystick is refused fifty times a second."""
        if error.code != self._refusal:
            self._refusal = error.code
            self._reports.report(source, TOOL, "", 0.0, error)
            self._node.get_logger().warning(f"{offers.CMD_VEL}: {error}")
