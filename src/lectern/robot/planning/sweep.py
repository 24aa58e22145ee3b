"""What the fingers sweep into when the gripper opens or closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import coal
import numpy as np
import pinocchio as pin

from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.planning.body import body_of
from lectern.robot.planning.collision import REST_DEPTH_M, se3
from lectern.robot.planning.shapes import geometry_of
from lectern.robot.scene import Scene, SceneObject

# Parts of a sweep this short that are not proven free count as touching, m.
_GIVE_UP_M = 2e-5


def swept_into(
    model: RobotModel,
    q_rad: Floats,
    scene: Scene,
    begin_m: float,
    end_m: float,
    *,
    spared: set[str],
) -> tuple[str, str] | None:
    """Return the finger and the object that meet while the fingers move; None: there are none.

    Fingers that close may push what is free to move, for that is how they grip. What touches them
    before they move, they leave.

    Args:
        model: The robot.
        q_rad: Where the arm stands still, shape (n,).
        scene: Its surroundings; held objects do not count.
        begin_m: Position of the fingers, m.
        end_m: Where they go, m.
        spared: Names of objects that do not count.
    """
    closing = end_m < begin_m
    obstacles = [
        item
        for name, item in scene.objects.items()
        if name not in scene.attached
        and name not in spared
        and not (closing and item.mass_kg is not None)
    ]
    for link, finger, begin, end in _fingers(model, q_rad, begin_m, end_m):
        for item in obstacles:
            distance = _distance(finger, begin, end, item)
            if distance(0.0) > REST_DEPTH_M and not _clear(
                distance, float(np.linalg.norm(end.translation - begin.translation))
            ):
                return link, item.name
    return None


def _fingers(
    model: RobotModel, q_rad: Floats, begin_m: float, end_m: float
) -> Iterator[tuple[str, coal.CollisionGeometry, pin.SE3, pin.SE3]]:
    """Yield link, shape, and first and last placement in the world of all that the fingers move."""
    before, after = body_of(model, begin_m), body_of(model, end_m)
    data = before.arm.createData()
    pin.forwardKinematics(before.arm, data, q_rad)
    shapes = zip(before.shapes.geometryObjects, after.shapes.geometryObjects, strict=True)
    for first, last in shapes:
        if not first.placement.isApprox(last.placement):
            carrier = data.oMi[first.parentJoint]
            yield (
                before.link_of(first),
                first.geometry,
                carrier * first.placement,
                carrier * last.placement,
            )


def _distance(
    finger: coal.CollisionGeometry, begin: pin.SE3, end: pin.SE3, item: SceneObject
) -> Callable[[float], float]:
    """Return the distance of a finger from an object by the share of its way."""
    shape, place = geometry_of(item), se3(item.pose)
    there = coal.Transform3s(place.rotation, place.translation)
    travel = end.translation - begin.translation

    def distance(share: float) -> float:
        here = coal.Transform3s(begin.rotation, begin.translation + share * travel)
        request, result = coal.DistanceRequest(), coal.DistanceResult()
        return float(coal.distance(finger, here, shape, there, request, result))

    return distance


def _clear(distance: Callable[[float], float], travel_m: float) -> bool:
    """Prove a straight way free: halve it until the distance in the middle exceeds half of it."""
    parts = [(0.5, 0.5)]
    while parts:
        middle, half = parts.pop()
        apart_m = distance(middle)
        if apart_m > half * travel_m:
            continue
        if apart_m <= 0 or half * travel_m < _GIVE_UP_M:
            return False
        parts += [(middle - half / 2, half / 2), (middle + half / 2, half / 2)]
    return True
