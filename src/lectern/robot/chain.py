"""Where every link is for given joint positions, computed from the URDF and nothing else.

Deliberately not the planner's kinematics: what checks a plan should not share code with what made
it, and the motion gate checks with this. Transforms are those of the URDF specification: origin of
the joint, then its motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from lxml import etree

from lectern.errors import DescriptionInvalid
from lectern.robot.geometry import Floats


@dataclass(frozen=True, eq=False)
class _Hinge:
    parent: str
    child: str
    name: str
    prismatic: bool
    axis: Floats | None
    origin: Floats


@dataclass(frozen=True, eq=False)
class Chain:
    """The links of a robot in an order in which parents come first."""

    hinges: tuple[_Hinge, ...]
    root: str
    names: tuple[str, ...]

    @property
    def links(self) -> tuple[str, ...]:
        """All links."""
        return (self.root, *(hinge.child for hinge in self.hinges))

    def moved(self) -> tuple[str, ...]:
        """Return the links that the given joints move."""
        movers: set[str] = set()
        for hinge in self.hinges:
            if hinge.parent in movers or hinge.name in self.names:
                movers.add(hinge.child)
        return tuple(link for link in self.links if link in movers)

    def origins_m(self, positions_rad: Floats, links: tuple[str, ...]) -> Floats:
        """Return the origins of some links in the world, shape (samples, links, 3), m.

        Args:
            positions_rad: Shape (samples, n), in the order of `names`; other joints are at 0.
            links: Which links.
        """
        poses = self.poses(positions_rad)
        return np.stack([poses[link][:, :3, 3] for link in links], axis=1)

    def poses(self, positions_rad: Floats) -> dict[str, Floats]:
        """Return the pose of every link in the world, each of shape (samples, 4, 4).

        Args:
            positions_rad: Shape (samples, n), in the order of `names`; other joints are at 0.
        """
        poses: dict[str, Floats] = {
            self.root: np.broadcast_to(np.eye(4), (len(positions_rad), 4, 4))
        }
        for hinge in self.hinges:
            pose = poses[hinge.parent] @ hinge.origin
            if hinge.name in self.names and hinge.axis is not None:
                values = positions_rad[:, self.names.index(hinge.name)]
                pose = pose @ _motion(hinge, values)
            poses[hinge.child] = pose
        return poses

    def reach_m(self) -> Floats:
        """Return how far the farthest link origin can be from each joint, shape (n,), m.

        A joint that slides moves everything beyond it by as much as itself: 1.
        """
        beyond: dict[str, float] = {}
        for hinge in reversed(self.hinges):
            length = float(np.linalg.norm(hinge.origin[:3, 3]))
            through = length + beyond.get(hinge.child, 0.0)
            beyond[hinge.parent] = max(beyond.get(hinge.parent, 0.0), through)
        named = {hinge.name: hinge for hinge in self.hinges}
        return np.array(
            [1.0 if named[n].prismatic else beyond.get(named[n].child, 0.0) for n in self.names]
        )


@lru_cache(maxsize=8)
def chain_of(urdf: str, names: tuple[str, ...]) -> Chain:
    """Return the chain that a URDF describes; `names` are the joints that move.

    Raises:
        DescriptionInvalid: It is no URDF, no tree, or lacks a joint.
    """
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        joints = [_hinge(j) for j in etree.fromstring(urdf.encode(), parser).findall("joint")]
        return _sorted(joints, names)
    except (etree.XMLSyntaxError, ValueError, KeyError, AttributeError) as error:
        raise DescriptionInvalid(
            f"The robot's description cannot be read: {error!s:.200}.", "Repair the URDF."
        ) from error


def _sorted(hinges: list[_Hinge], names: tuple[str, ...]) -> Chain:
    children = {hinge.child for hinge in hinges}
    roots = {hinge.parent for hinge in hinges} - children
    missing = set(names) - {hinge.name for hinge in hinges if hinge.axis is not None}
    if len(roots) != 1 or len(children) != len(hinges) or missing:
        raise ValueError(f"roots {sorted(roots)}, joints that are missing {sorted(missing)}")
    ordered, known, waiting = [], set(roots), list(hinges)
    while waiting:
        ready = [hinge for hinge in waiting if hinge.parent in known]
        if not ready:
            raise ValueError("its joints form a ring")
        ordered += ready
        known |= {hinge.child for hinge in ready}
        waiting = [hinge for hinge in waiting if hinge.child not in known]
    return Chain(tuple(ordered), roots.pop(), names)


def _hinge(joint: etree._Element) -> _Hinge:
    kind = joint.get("type", "")
    axis = None
    if kind in ("revolute", "continuous", "prismatic"):
        values = _three(joint.find("axis"), "xyz", "1 0 0")
        axis = values / np.linalg.norm(values)
    elif kind != "fixed":
        raise ValueError(f"a joint of type {kind!r}")
    origin = joint.find("origin")
    placed = _transform(_three(origin, "rpy", "0 0 0"), _three(origin, "xyz", "0 0 0"))
    parent, child = joint.find("parent").get("link"), joint.find("child").get("link")
    return _Hinge(parent, child, joint.get("name", ""), kind == "prismatic", axis, placed)


def _three(element: etree._Element | None, key: str, default: str) -> Floats:
    text = default if element is None else element.get(key, default)
    values = np.array([float(v) for v in text.split()])
    if values.shape != (3,) or not np.isfinite(values).all():
        raise ValueError(f"{key} is {text!r}")
    return values


def _transform(rpy_rad: Floats, xyz_m: Floats) -> Floats:
    transform = np.eye(4)
    roll, pitch, yaw = (
        _rotation(axis, np.array([angle]))[0]
        for axis, angle in zip(np.eye(3), rpy_rad, strict=True)
    )
    transform[:3, :3], transform[:3, 3] = yaw @ pitch @ roll, xyz_m
    return transform


def _motion(hinge: _Hinge, values: Floats) -> Floats:
    transform: Floats = np.tile(np.eye(4), (len(values), 1, 1))
    assert hinge.axis is not None
    if hinge.prismatic:
        transform[:, :3, 3] = values[:, None] * hinge.axis
    else:
        transform[:, :3, :3] = _rotation(hinge.axis, values)
    return transform


def _rotation(axis: Floats, angles_rad: Floats) -> Floats:
    """Return rotations about an axis, shape (angles, 3, 3), by Rodrigues' formula."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sin = np.sin(angles_rad)[:, None, None]
    cos = np.cos(angles_rad)[:, None, None]
    turned: Floats = np.eye(3) + sin * cross + (1 - cos) * (cross @ cross)
    return turned
