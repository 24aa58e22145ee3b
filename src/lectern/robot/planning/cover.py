"""Balls that cover a shape: a cheap lower bound of how far it is from anything.

Each ball is centred inside its shape. The whole shape lies in the union of the outer balls, and the
inner ball of each centre lies in the shape, so a distance has bounds from both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import coal
import numpy as np

from lectern.robot.geometry import Floats

# A rod is cut into pieces at most twice as long as its radius, so its balls have 1.4 radii.
_ROD_STEP = 1.0
# A box is cut into cells whose half edges are its shortest, but not less than this, m.
_SHORTEST_M = 0.02
_MOST_PER_AXIS = 8


@dataclass(frozen=True)
class Cover:
    """Balls around a shape, in the shape's frame.

    Attributes:
        centres_m: Shape (balls, 3).
        outer_m: Radii of the balls that cover the shape, shape (balls,).
        inner_m: Radii of the balls that the shape contains; -inf where none is known.
    """

    centres_m: Floats
    outer_m: Floats
    inner_m: Floats


def cover_of(geometry: coal.CollisionGeometry) -> Cover:
    """Return balls that cover a box, a cylinder, a sphere, or anything else by its bounding box."""
    if isinstance(geometry, coal.Sphere):
        radius = np.array([geometry.radius])
        return Cover(np.zeros((1, 3)), radius, radius)
    if isinstance(geometry, coal.Cylinder):
        return _rod(geometry.radius, geometry.halfLength)
    if isinstance(geometry, coal.Box):
        return _cuboid(np.array(geometry.halfSide))
    geometry.computeLocalAABB()
    low, high = np.array(geometry.aabb_local.min_), np.array(geometry.aabb_local.max_)
    around = _cuboid((high - low) / 2)
    unknown = np.full(len(around.outer_m), -np.inf)
    return Cover(around.centres_m + (low + high) / 2, around.outer_m, unknown)


def _rod(radius: float, half: float) -> Cover:
    count = int(np.ceil(half / (_ROD_STEP * radius)))
    step = half / count
    heights = step * (2 * np.arange(count) + 1) - half
    outer = np.full(count, np.hypot(radius, step))
    inner = np.minimum(radius, half - np.abs(heights))
    return Cover(np.outer(heights, [0.0, 0.0, 1.0]), outer, inner)


def _cuboid(half: Floats) -> Cover:
    cell = max(float(half.min()), _SHORTEST_M)
    counts = np.clip(np.ceil(half / cell - 0.01), 1, _MOST_PER_AXIS).astype(int)
    step = half / counts
    axes = [s * (2 * np.arange(n) + 1) - h for s, n, h in zip(step, counts, half, strict=True)]
    centres = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    outer = np.full(len(centres), np.linalg.norm(step))
    return Cover(centres, outer, (half - np.abs(centres)).min(axis=1))
