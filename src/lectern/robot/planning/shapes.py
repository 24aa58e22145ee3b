"""Shapes of the scene as Coal's geometries, and how far points are from them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Protocol

import coal
import numpy as np

from lectern.errors import SceneObjectInvalid
from lectern.robot.geometry import Floats
from lectern.robot.scene import Box, Cylinder, SceneObject, Sphere


def geometry_of(item: SceneObject) -> coal.CollisionGeometry:
    """Return what Coal checks an object by; a mesh becomes its convex hull.

    Raises:
        SceneObjectInvalid: The mesh cannot be read, or has no volume.
    """
    shape = item.shape
    if isinstance(shape, Box):
        return coal.Box(*map(float, shape.size_m))
    if isinstance(shape, Sphere):
        return coal.Sphere(float(shape.radius_m))
    if isinstance(shape, Cylinder):
        return coal.Cylinder(float(shape.radius_m), float(shape.length_m))
    try:
        return _hull(shape.path, shape.scale, shape.path.stat().st_mtime_ns)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1] if str(error) else "no convex hull"
        raise SceneObjectInvalid(
            f"The mesh {shape.path.name!r} of {item.name!r} cannot be used: {reason}",
            "Give an STL or OBJ file of a body with a volume.",
        ) from error


@lru_cache(maxsize=32)
def _hull(path: Path, scale: float, stamp_ns: int) -> coal.CollisionGeometry:
    """Read a mesh; `stamp_ns` is when it was written, so that a changed file is read again."""
    del stamp_ns
    mesh = coal.MeshLoader().load(str(path), np.full(3, scale))
    extent = np.ptp(np.array(mesh.vertices()), axis=0)
    if not np.isfinite(extent).all() or extent.min() <= 0:
        raise ValueError("it is flat.")
    if not mesh.buildConvexHull(True, "Qt"):
        raise ValueError("it has no convex hull.")
    return mesh.convex


class Distance(Protocol):
    """Signed distance of points from a solid, negative inside, never more than the true one."""

    def __call__(self, points_m: Floats) -> Floats:
        """Return the distances of points (3, k), given in the solid's frame, shape (k,)."""


def distance_of(geometry: coal.CollisionGeometry) -> tuple[Distance, bool]:
    """Return how far points are from a geometry, and whether that is exact or a lower bound."""
    if isinstance(geometry, coal.Sphere):
        radius = geometry.radius
        return lambda points: np.sqrt((points * points).sum(axis=0)) - radius, True
    if isinstance(geometry, coal.Cylinder):
        size = np.array([[geometry.radius], [geometry.halfLength]])
        return lambda points: _from_cylinder(points, size), True
    if isinstance(geometry, coal.Box):
        half = np.array(geometry.halfSide)[:, None]
        return lambda points: _outside(np.abs(points) - half), True
    geometry.computeLocalAABB()
    low, high = np.array(geometry.aabb_local.min_), np.array(geometry.aabb_local.max_)
    middle, extent = (low + high)[:, None] / 2, (high - low)[:, None] / 2
    return lambda points: _outside(np.abs(points - middle) - extent), False


def _from_cylinder(points: Floats, size: Floats) -> Floats:
    radial = np.hypot(points[0], points[1])
    return _outside(np.stack([radial, np.abs(points[2])]) - size)


def _outside(excess: Floats) -> Floats:
    """Return the distance from how far each coordinate exceeds the solid's half extent."""
    inside = excess[0]
    for row in excess[1:]:
        inside = np.maximum(inside, row)
    beyond = np.maximum(excess, 0.0)
    return np.asarray(np.sqrt((beyond * beyond).sum(axis=0)) + np.minimum(inside, 0.0))
