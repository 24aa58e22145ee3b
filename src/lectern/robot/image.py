"""Raw pictures and the calibration that belongs to them, in the conventions of ROS.

A pixel's coordinates are those of its middle: u to the right, v down, (0, 0) in the upper left
corner. The optical frame has z ahead, x to the right and y down (REP 103).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lectern.robot.geometry import Floats, Pose


@dataclass(frozen=True)
class CameraInfo:
    """What a camera without distortion makes of the world (`plumb_bob` with five zeros).

    Attributes:
        camera: Its name.
        width: Of its pictures, pixels.
        height: Of its pictures, pixels.
        focal_px: Focal length, the same along both axes: pixels are square.
        centre_px: Where the optical axis meets the picture, u and v.
        frame: Name of the optical frame.
        pose: Of the optical frame, in the world; None: the frame is a link of the robot, whose
            joints say where it is.
    """

    camera: str
    width: int
    height: int
    focal_px: float
    centre_px: tuple[float, float]
    frame: str
    pose: Pose | None

    def matrix(self) -> Floats:
        """Return K, shape (3, 3): K p is (u, v, 1) times the depth of p in the optical frame."""
        u, v = self.centre_px
        return np.array([[self.focal_px, 0.0, u], [0.0, self.focal_px, v], [0.0, 0.0, 1.0]])


@dataclass(frozen=True, eq=False)
class Image:
    """One picture.

    Attributes:
        pixels: Red, green and blue, rows from the top, shape (height, width, 3), read only.
        stamp_s: Time of the robot's own clock.
        info: The calibration.
    """

    pixels: NDArray[np.uint8]
    stamp_s: float
    info: CameraInfo


@dataclass(frozen=True)
class Cameras:
    """A robot's cameras and nothing else of it, so that whoever looks cannot move it.

    Attributes:
        names: Of the cameras.
        image: Takes a picture: width, height, camera.
        info: Returns the calibration of such a picture without taking one.
    """

    names: tuple[str, ...]
    image: Callable[[int, int, str], Awaitable[Image]]
    info: Callable[[int, int, str], CameraInfo]
