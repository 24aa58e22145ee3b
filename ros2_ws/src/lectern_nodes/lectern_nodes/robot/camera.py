"""`camera/image_raw` and `camera/camera_info`; nothing is rendered while nobody looks."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from lectern.errors import LecternError
from lectern.graph.robot_messages import header_message, transform_message
from lectern.robot.image import CameraInfo, Cameras, Image
from lectern_nodes.robot import types
from lectern_nodes.robot.latched import StaticFrames
from lectern_nodes.robot.offers import CAMERA_INFO, IMAGE

_DEPTH = 2
# After a picture that could not be taken, the next is tried so much later, s.
_RETRY_S = 10.0


class CameraPublisher:
    """Takes pictures at a rate while somebody subscribes.

    Args:
        node: Whose topics they are.
        cameras: Of the robot.
        camera: Which one.
        size: Width and height, pixels.
        rate_hz: Returns the rate of the wall clock.
        now_s: Returns the time of the robot's own clock.
        prefix: Put in front of every frame.
    """

    def __init__(
        self,
        node: Node,
        cameras: Cameras,
        *,
        camera: str,
        size: tuple[int, int],
        rate_hz: Callable[[], float],
        now_s: Callable[[], float],
        prefix: str,
    ) -> None:
        self._node = node
        self._cameras = cameras
        self._camera = camera
        self._size = size
        self._rate_hz = rate_hz
        self._now_s = now_s
        self._prefix = prefix
        self._images = node.create_publisher(types.Image, IMAGE, _DEPTH)
        self._infos = node.create_publisher(types.CameraInfo, CAMERA_INFO, _DEPTH)
        self.taken = 0
        self.trouble = ""

    @property
    def watched(self) -> bool:
        """Whether anybody subscribes."""
        return any(p.get_subscription_count() for p in (self._images, self._infos))

    def put_frame(self, static: StaticFrames) -> None:
        """Say where the optical frame is, if it is no link of the arm."""
        info = self._info()
        if info.pose is not None:
            at = transform_message(types, info.pose, info.frame, 0.0, self._prefix)
            static.put("camera", [at])

    async def run(self) -> None:
        """Publish until cancelled."""
        due_s = time.monotonic()
        while True:
            due_s = max(due_s + 1.0 / self._rate_hz(), time.monotonic())
            if self.watched:
                try:
                    await self._publish()
                except LecternError as error:
                    self._complain(error)
                    due_s = time.monotonic() + _RETRY_S
            await asyncio.sleep(due_s - time.monotonic())

    async def _publish(self) -> None:
        stamp_s, info = self._now_s(), self._info()
        if self._images.get_subscription_count():
            image = await self._cameras.image(*self._size, self._camera)
            stamp_s, info = image.stamp_s, image.info
            self._images.publish(await asyncio.to_thread(image_message, image, self._prefix))
            self.taken += 1
            self.trouble = ""
        self._infos.publish(info_message(info, stamp_s, self._prefix))

    def _info(self) -> CameraInfo:
        return self._cameras.info(*self._size, self._camera)

    def _complain(self, error: LecternError) -> None:
        if str(error) != self.trouble:
            self.trouble = str(error)
            self._node.get_logger().error(f"{IMAGE}: {self.trouble}")


def image_message(image: Image, prefix: str) -> Any:
    """Return a `sensor_msgs/Image`, rgb8."""
    height, width, _ = image.pixels.shape
    return types.Image(
        header=header_message(types, image.stamp_s, prefix + image.info.frame),
        height=height,
        width=width,
        encoding="rgb8",
        is_bigendian=0,
        step=3 * width,
        # An array is taken as it is; rclpy would look at every byte of anything else.
        data=array("B", image.pixels.tobytes()),
    )


def info_message(info: CameraInfo, stamp_s: float, prefix: str) -> Any:
    """Return a `sensor_msgs/CameraInfo`: a pinhole without distortion, rectified as it is."""
    k = [float(value) for value in info.matrix().ravel()]
    return types.CameraInfo(
        header=header_message(types, stamp_s, prefix + info.frame),
        height=info.height,
        width=info.width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=k,
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[*k[0:3], 0.0, *k[3:6], 0.0, *k[6:9], 0.0],
    )
