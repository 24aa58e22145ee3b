"""What touches what: the arm against itself and its surroundings, by Coal through Pinocchio.

A pair of shapes counts as touching when it is nearer than its floor, which is zero, but for things
that are meant to rest on each other: the base on the bench, and an object that the robot holds on
what it is put down on. Those may enter each other by `REST_DEPTH_M`, as resting contacts do.
A held object may touch everything that moves with the link that holds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from lectern.errors import SceneObjectInvalid
from lectern.robot.geometry import Floats, Pose
from lectern.robot.model import RobotModel
from lectern.robot.planning.body import Body, body_of
from lectern.robot.planning.cover import cover_of
from lectern.robot.planning.shapes import Distance, distance_of, geometry_of
from lectern.robot.scene import Scene, SceneObject

Indices: TypeAlias = NDArray[np.int_]

# How deep things at rest may be in each other, m. MuJoCo's contacts are soft, and measured poses of
# objects and of the hand differ a little.
REST_DEPTH_M = 1e-3
# GJK ends within this distance of the truth, m.
GJK_TOLERANCE_M = 1e-6


@dataclass(frozen=True)
class Contact:
    """Two things and how far they are apart; below 0 they overlap."""

    first: str
    second: str
    distance_m: float

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


@dataclass(frozen=True)
class _Item:
    """One shape: what it belongs to, what carries it."""

    name: str
    joint: int
    held_by: int  # joint that holds it; -1: it is no held object
    shape: pin.GeometryObject


class CollisionWorld:
    """The arm in one scene; for one thread.

    Attributes:
        pairs: Names of both sides of each pair of shapes.
        floor_m: Distance at which each pair touches, shape (pairs,).
        moves: Whether a joint changes the pair's distance, shape (pairs,).

    Raises:
        SceneObjectInvalid: An object's mesh cannot be read, or it is attached to no link.
    """

    def __init__(self, model: RobotModel, scene: Scene, finger_m: float) -> None:
        self.body = body_of(model, finger_m)
        carried = _arm_items(self.body) + _held_items(self.body, scene)
        carried.sort(key=lambda item: item.joint)
        fixed = _fixed_items(scene)
        self._items = carried + fixed
        self._geometry = pin.GeometryModel()
        for index, item in enumerate(self._items):
            item.shape.name = f"{index}"
            self._geometry.addGeometryObject(item.shape)
        self._pair_up(model, len(carried))
        self._arm_data = self.body.arm.createData()
        self._data = self._geometry.createData()
        self._prepare_balls(carried, fixed)
        self._fast = self._moving_data()
        self._near = self._moving_data()
        self.demand(self.floor_m)

    def _moving_data(self) -> pin.GeometryData:
        """Return room for checks of the pairs that joints move."""
        data = self._geometry.createData()
        for index in np.flatnonzero(~self.moves):
            data.deactivateCollisionPair(int(index))
        return data

    def _pair_up(self, model: RobotModel, carried: int) -> None:
        count = len(self._items)
        scene = [(a, b) for a in range(carried) for b in range(carried, count)]
        itself = [
            (a, b)
            for a in range(carried)
            for b in range(a + 1, carried)
            if _must_keep_apart(self._items[a], self._items[b], model)
        ]
        self._of_scene = len(scene)
        self._index = np.array(scene + itself, dtype=int).reshape(-1, 2)
        for a, b in self._index:
            self._geometry.addCollisionPair(pin.CollisionPair(int(a), int(b)))
        sides = [(self._items[a], self._items[b]) for a, b in self._index]
        self.pairs = [(a.name, b.name) for a, b in sides]
        self.moves = np.array([a.joint != b.joint for a, b in sides], dtype=bool)
        resting = [_may_rest(a, b, i < self._of_scene) for i, (a, b) in enumerate(sides)]
        self.floor_m = np.where(resting, -REST_DEPTH_M, 0.0)

    def _prepare_balls(self, carried: list[_Item], fixed: list[_Item]) -> None:
        covers = [cover_of(item.shape.geometry) for item in carried]
        placed = [
            c.centres_m @ i.shape.placement.rotation.T + i.shape.placement.translation
            for c, i in zip(covers, carried, strict=True)
        ]
        joints = [np.full(len(c.outer_m), i.joint) for c, i in zip(covers, carried, strict=True)]
        self._ball_joint = np.concatenate(joints)
        self._centres = np.concatenate(placed)
        self._outer = np.concatenate([c.outer_m for c in covers])
        self._inner = np.concatenate([c.inner_m for c in covers])
        sizes = [len(c.outer_m) for c in covers]
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
        joint_count = self.body.arm.nq
        self._first = [int(np.searchsorted(self._ball_joint, i + 1)) for i in range(joint_count)]
        self._solids = [_Solid.of(item) for item in fixed]
        self._prepare_ball_pairs(sizes)

    def _prepare_ball_pairs(self, sizes: list[int]) -> None:
        """List the balls of each pair of the arm's own shapes, one pair of shapes after another."""
        pairs = self._index[self._of_scene :]
        self._own = len(pairs) > 0
        if self._own:
            own = tuple((int(a), int(b)) for a, b in pairs)
            self._left, self._right, which, self._own_starts = _ball_pairs(own, tuple(sizes))
            joints = np.array([self._items[a].joint for a, _ in own])
            self._left_joint = joints[which]

    def contacts(self, q_rad: Floats) -> list[Contact]:
        """Return what touches, each pair of names once, deepest first."""
        distances = self.distances(q_rad)
        deepest: dict[tuple[str, str], float] = {}
        for index in np.flatnonzero(distances <= self.floor_m):
            names = self.pairs[index]
            deepest[names] = min(deepest.get(names, np.inf), float(distances[index]))
        ordered = sorted(deepest.items(), key=lambda entry: entry[1])
        return [Contact(a, b, depth) for (a, b), depth in ordered]

    def demand(self, clearance_m: Floats) -> None:
        """Set the distances, shape (pairs,), that `crowded` asks for from now on."""
        requests = self._fast.collisionRequests
        for index, distance in enumerate(clearance_m):
            requests[index].security_margin = float(distance)
        self._tree = pin.BroadPhaseManager_DynamicAABBTreeCollisionManager(
            self.body.arm, self._geometry, self._fast
        )

    def crowded(self, q_rad: Floats) -> bool:
        """Tell whether a pair that moves is nearer than demanded; the fastest check there is."""
        arm = self.body.arm
        return bool(pin.computeCollisions(arm, self._arm_data, self._tree, q_rad, True))

    def nearest(self, q_rad: Floats) -> Contact:
        """Return the closest pair of which a joint changes the distance."""
        if not self.moves.any():
            return Contact("", "", np.inf)
        args = (self.body.arm, self._arm_data, self._geometry, self._near, q_rad)
        index = int(pin.computeDistances(*args))
        return Contact(*self.pairs[index], float(self._near.distanceResults[index].min_distance))

    def distances(self, q_rad: Floats) -> Floats:
        """Return the signed distance of every pair, shape (pairs,), m."""
        self._place(q_rad)
        pin.computeDistances(self._geometry, self._data)
        return np.array([result.min_distance for result in self._data.distanceResults])

    def distances_of(self, q_rad: Floats, pairs: Iterable[int]) -> Floats:
        """Return the signed distance of some pairs, in their order, m."""
        self._place(q_rad)
        found = [
            pin.computeDistance(self._geometry, self._data, int(p)).min_distance for p in pairs
        ]
        return np.array(found)

    def bounds(self, q_rad: Floats, half_widths: Floats) -> tuple[Floats, Floats, Floats]:
        """Bound the distances of all pairs around k configurations, from balls, without Coal.

        Args:
            q_rad: Shape (k, joints).
            half_widths: How far each joint may be from that, shape (k, joints).

        Returns:
            Lower bound and upper bound of the distance at each configuration, and how much the
            distance can change within the half widths; each of shape (k, pairs), m.
        """
        frames = self.body.chain.frames(q_rad)
        local = self._centres[:, :, None]
        balls = frames.rotations[self._ball_joint] @ local[:, None]
        centres = balls[..., 0] + frames.origins_m[self._ball_joint]
        centres = np.ascontiguousarray(centres.transpose(1, 0, 2))
        travel = self.body.chain.travel(frames, half_widths, centres, self._outer, self._first)
        parts = [self._against_scene(centres, travel[0])]
        if self._own:
            parts.append(self._against_itself(centres, travel))
        low, high, change = (np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
        return low, high, change

    def _against_scene(self, centres: Floats, travel: Floats) -> tuple[Floats, Floats, Floats]:
        count, balls = centres.shape[:2]
        shape = (count, len(self._starts), len(self._solids))
        low, high = np.empty(shape), np.empty(shape)
        points = np.ascontiguousarray(centres.reshape(-1, 3).T)
        for index, solid in enumerate(self._solids):
            away = solid.distance(points).reshape(count, balls)
            low[..., index] = np.minimum.reduceat(away - self._outer, self._starts, axis=1)
            upper = away - self._inner if solid.exact else np.full(away.shape, np.inf)
            high[..., index] = np.minimum.reduceat(upper, self._starts, axis=1)
        moved = np.maximum.reduceat(travel, self._starts, axis=1)
        change = np.broadcast_to(moved[..., None], shape)
        return low.reshape(count, -1), high.reshape(count, -1), change.reshape(count, -1)

    def _against_itself(self, centres: Floats, travel: Floats) -> tuple[Floats, Floats, Floats]:
        x, y, z = np.ascontiguousarray(centres.transpose(2, 0, 1))
        squared = sum((a[:, self._left] - a[:, self._right]) ** 2 for a in (x, y, z))
        away = np.sqrt(squared)
        low = away - (self._outer[self._left] + self._outer[self._right])
        high = away - (self._inner[self._left] + self._inner[self._right])
        change = travel[self._left_joint, :, self._right].T
        return (
            np.minimum.reduceat(low, self._own_starts, axis=1),
            np.minimum.reduceat(high, self._own_starts, axis=1),
            np.maximum.reduceat(change, self._own_starts, axis=1),
        )

    def _place(self, q_rad: Floats) -> None:
        pin.updateGeometryPlacements(
            self.body.arm, self._arm_data, self._geometry, self._data, q_rad
        )


@lru_cache(maxsize=32)
def _ball_pairs(
    pairs: tuple[tuple[int, int], ...], sizes: tuple[int, ...]
) -> tuple[Indices, Indices, Indices, Indices]:
    """Return both balls of every ball pair, its pair of shapes, and where each of those starts."""
    begin = np.concatenate([[0], np.cumsum(sizes)])
    grids = [
        np.stack(np.meshgrid(np.arange(begin[a], begin[a + 1]), np.arange(begin[b], begin[b + 1])))
        for a, b in pairs
    ]
    left, right = np.concatenate([grid.reshape(2, -1) for grid in grids], axis=1)
    counts = [grid[0].size for grid in grids]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return left, right, np.repeat(np.arange(len(pairs)), counts), starts


@dataclass(frozen=True)
class _Solid:
    """A fixed object, as points measure their distance from it."""

    rotation: Floats
    origin_m: Floats
    measure: Distance
    exact: bool

    @classmethod
    def of(cls, item: _Item) -> _Solid:
        measure, exact = distance_of(item.shape.geometry)
        placement = item.shape.placement
        return cls(np.array(placement.rotation), np.array(placement.translation), measure, exact)

    def distance(self, points_m: Floats) -> Floats:
        return self.measure(self.rotation.T @ (points_m - self.origin_m[:, None]))


def _arm_items(body: Body) -> list[_Item]:
    return [
        _Item(body.link_of(shape), int(shape.parentJoint), -1, shape.copy())
        for shape in body.shapes.geometryObjects
    ]


def _held_items(body: Body, scene: Scene) -> list[_Item]:
    items = []
    for name, attachment in scene.attached.items():
        carrier = body.joint_carrying(attachment.link)
        if carrier is None:
            raise SceneObjectInvalid(
                f"The object {name!r} is attached to {attachment.link[:80]!r}, which is no link.",
                "Attach it to a link of the robot.",
            )
        joint, placement = carrier
        held = _shape(scene.get(name), joint, placement * se3(attachment.pose))
        items.append(_Item(name, joint, joint, held))
    return items


def _fixed_items(scene: Scene) -> list[_Item]:
    free = (item for name, item in scene.objects.items() if name not in scene.attached)
    return [_Item(item.name, 0, -1, _shape(item, 0, se3(item.pose))) for item in free]


def _shape(item: SceneObject, joint: int, placement: pin.SE3) -> pin.GeometryObject:
    return pin.GeometryObject(item.name, joint, placement, geometry_of(item))


def _must_keep_apart(first: _Item, second: _Item, model: RobotModel) -> bool:
    """Tell whether two shapes that the arm carries can and may not touch."""
    if first.joint == second.joint:
        return False
    return frozenset((first.name, second.name)) not in model.may_touch


def _may_rest(first: _Item, second: _Item, in_scene: bool) -> bool:
    return in_scene and (first.joint == 0 or first.held_by > 0) and second.joint == 0


def se3(pose: Pose) -> pin.SE3:
    """Return a pose as Pinocchio has it."""
    matrix = pose.matrix()
    return pin.SE3(matrix[:3, :3], matrix[:3, 3])
