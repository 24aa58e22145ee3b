"""Poses: where a frame stands, in metres and unit quaternions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lectern.errors import InvalidInput

Floats: TypeAlias = NDArray[np.float64]
Vector3: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]

WORLD = "world"


@dataclass(frozen=True)
class Pose:
    """Position and orientation of one frame in another.

    Attributes:
        position_m: Origin, in metres.
        quaternion_xyzw: Orientation; normalised when built.
        frame: Name of the frame the numbers are given in.

    Raises:
        InvalidInput: A number is not finite, or the quaternion has no direction.
    """

    position_m: Vector3
    quaternion_xyzw: Quaternion = (0.0, 0.0, 0.0, 1.0)
    frame: str = WORLD

    def __post_init__(self) -> None:
        numbers = (*self.position_m, *self.quaternion_xyzw)
        shapes = (len(self.position_m), len(self.quaternion_xyzw))
        if shapes != (3, 4) or not all(map(math.isfinite, numbers)):
            raise InvalidInput(
                f"The pose {self.position_m}, {self.quaternion_xyzw} is not seven finite numbers.",
                "Give x, y, z in metres and a quaternion x, y, z, w.",
            )
        norm = math.hypot(*self.quaternion_xyzw)
        if not 1e-9 <= norm < math.inf:
            raise InvalidInput(
                "The quaternion of the pose has no length, or one beyond all numbers.",
                "Give a unit quaternion x, y, z, w; (0, 0, 0, 1) is no rotation.",
            )
        x, y, z, w = (value / norm for value in self.quaternion_xyzw)
        object.__setattr__(self, "position_m", tuple(float(v) for v in self.position_m))
        object.__setattr__(self, "quaternion_xyzw", (x, y, z, w))

    def matrix(self) -> Floats:
        """Return the homogeneous transform, shape (4, 4)."""
        x, y, z, w = self.quaternion_xyzw
        transform = np.eye(4)
        transform[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        transform[:3, 3] = self.position_m
        return transform

    @classmethod
    def from_matrix(cls, transform: Floats, frame: str = WORLD) -> Pose:
        """Return the pose of a homogeneous transform, shape (4, 4)."""
        x, y, z = (float(v) for v in transform[:3, 3])
        return cls((x, y, z), quaternion_of(transform[:3, :3]), frame)

    def __matmul__(self, other: Pose) -> Pose:
        """Return `other`, given in this pose's frame, in the frame this pose is given in."""
        return Pose.from_matrix(self.matrix() @ other.matrix(), self.frame)

    def inverse(self, frame: str) -> Pose:
        """Return the pose of the outer frame as seen from this one, which is called `frame`."""
        inverted = np.linalg.inv(self.matrix()).astype(np.float64)
        return Pose.from_matrix(inverted, frame)


def quaternion_of(rotation: Floats) -> Quaternion:
    """Return the unit quaternion x, y, z, w (w >= 0) of a rotation matrix, shape (3, 3).

    The eigenvector of the largest eigenvalue of a symmetric 4x4 matrix: Bar-Itzhack, "New method
    for extracting the quaternion from a rotation matrix", 2000; stable at every angle.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    symmetric = np.array(
        [
            [xx - yy - zz, 0.0, 0.0, 0.0],
            [yx + xy, yy - xx - zz, 0.0, 0.0],
            [zx + xz, zy + yz, zz - xx - yy, 0.0],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    x, y, z, w = np.linalg.eigh(symmetric)[1][:, -1]
    sign = -1.0 if w < 0 else 1.0
    return (float(sign * x), float(sign * y), float(sign * z), float(sign * w))
