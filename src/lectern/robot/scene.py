"""The robot's surroundings: an immutable set of named objects, some held by the robot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from lectern.errors import SceneObjectInvalid, SceneObjectUnknown
from lectern.robot.geometry import Pose, Vector3

MAX_OBJECTS = 200
MAX_EXTENT_M = 20.0
MAX_AWAY_M = 100.0
# What physics with steps of 1 ms can carry beside an arm of 16 kg.
MIN_MASS_KG, MAX_MASS_KG = 1e-3, 100.0
MAX_FRICTION = 10.0
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
Colour: TypeAlias = tuple[float, float, float]
_V = TypeVar("_V")


@dataclass(frozen=True)
class Box:
    """A cuboid around its origin; full edge lengths, m."""

    size_m: Vector3


@dataclass(frozen=True)
class Sphere:
    """A ball around its origin."""

    radius_m: float


@dataclass(frozen=True)
class Cylinder:
    """A cylinder around its origin, along its z-axis."""

    radius_m: float
    length_m: float


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh from an STL or OBJ file; what counts in a contact is its convex hull."""

    path: Path
    scale: float = 1.0


Shape: TypeAlias = Box | Sphere | Cylinder | Mesh


@dataclass(frozen=True)
class SceneObject:
    """One thing near the robot.

    Attributes:
        name: Letters, digits, `_` and `-`, at most 64.
        shape: Its form.
        pose: Of its origin, in the world.
        mass_kg: What it weighs; None: it is fixed and never moves.
        friction: Coulomb friction of its surface.
        colour: Red, green, blue, 0 to 1.
    """

    name: str
    shape: Shape
    pose: Pose
    mass_kg: float | None = None
    friction: float = 0.9
    colour: Colour = (0.6, 0.62, 0.65)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SceneObjectInvalid(
                f"{self.name[:80]!r} cannot name an object.",
                "Use a letter, then letters, digits, _ and -, at most 64.",
            )
        if not all(math.isfinite(v) and 0 < v <= MAX_EXTENT_M for v in _extents(self.shape)):
            raise SceneObjectInvalid(
                f"The object {self.name!r} has a size that is not above 0 and at most "
                f"{MAX_EXTENT_M:g} m.",
                "Give sizes in metres.",
            )
        if max(map(abs, self.pose.position_m)) > MAX_AWAY_M:
            raise SceneObjectInvalid(
                f"The object {self.name!r} is more than {MAX_AWAY_M:g} m away.",
                "Give its position in metres.",
            )
        if self.mass_kg is not None and not MIN_MASS_KG <= self.mass_kg <= MAX_MASS_KG:
            raise SceneObjectInvalid(
                f"The object {self.name!r} has the mass {self.mass_kg} kg.",
                f"Give {MIN_MASS_KG:g} to {MAX_MASS_KG:g} kg, or none for what never moves.",
            )
        if not 0 <= self.friction <= MAX_FRICTION or not all(0 <= c <= 1 for c in self.colour):
            raise SceneObjectInvalid(
                f"The object {self.name!r} has a friction or a colour out of range.",
                f"Friction is 0 to {MAX_FRICTION:g}; red, green and blue are 0 to 1.",
            )


@dataclass(frozen=True)
class Attachment:
    """How the robot holds an object.

    Attributes:
        link: The link that carries it.
        pose: Of the object, in that link's frame.
    """

    link: str
    pose: Pose


@dataclass(frozen=True)
class Scene:
    """Objects by name; every change returns a new scene.

    Attributes:
        objects: Everything near the robot, attached objects included.
        attached: Those the robot holds; their pose follows the link.
    """

    objects: Mapping[str, SceneObject] = field(default_factory=lambda: MappingProxyType({}))
    attached: Mapping[str, Attachment] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, *objects: SceneObject) -> Scene:
        """Return a scene of these objects.

        Raises:
            SceneObjectInvalid: Two have the same name.
        """
        scene = cls()
        for item in objects:
            scene = scene.add(item)
        return scene

    def add(self, item: SceneObject) -> Scene:
        """Add an object.

        Raises:
            SceneObjectInvalid: The name is taken, or there are too many objects.
        """
        if item.name in self.objects:
            raise SceneObjectInvalid(
                f"An object named {item.name!r} exists already.",
                "Remove it, or use another name.",
            )
        if len(self.objects) >= MAX_OBJECTS:
            raise SceneObjectInvalid(
                f"The scene holds {MAX_OBJECTS} objects, which is the limit.", "Remove some first."
            )
        return replace(self, objects=MappingProxyType({**self.objects, item.name: item}))

    def get(self, name: str) -> SceneObject:
        """Return one object.

        Raises:
            SceneObjectUnknown: No object has this name.
        """
        if name not in self.objects:
            known = ", ".join(sorted(self.objects)) or "none"
            raise SceneObjectUnknown(
                f"There is no object {name[:80]!r} in the scene.", f"The objects are: {known}."
            )
        return self.objects[name]

    def move(self, name: str, pose: Pose) -> Scene:
        """Put an object elsewhere, in world coordinates."""
        moved = replace(self.get(name), pose=pose)
        return replace(self, objects=MappingProxyType({**self.objects, name: moved}))

    def remove(self, name: str) -> Scene:
        """Take an object away; the robot lets go of it."""
        self.get(name)
        return Scene(_without(self.objects, name), _without(self.attached, name))

    def changed(self, base: Scene, wanted: Scene) -> Scene:
        """Return this scene with what differs between two others changed, and nothing else.

        What is given another pose or shape is let go of; what is gone already is not missed.

        Args:
            base: The scene as it was when the change was thought of.
            wanted: The same scene with the change.

        Raises:
            SceneObjectInvalid: The name of a new object is taken by now.
            SceneObjectUnknown: An object that should change is gone by now.
        """
        scene = self
        for name in base.objects.keys() - wanted.objects.keys():
            scene = scene.remove(name) if name in scene.objects else scene
        for name, item in wanted.objects.items():
            if name not in base.objects:
                scene = scene.add(item)
            elif item != base.objects[name]:
                scene.get(name)
                objects = MappingProxyType({**scene.objects, name: item})
                scene = Scene(objects, _without(scene.attached, name))
        return scene._holding(base.attached, wanted.attached)

    def _holding(self, before: Mapping[str, Attachment], after: Mapping[str, Attachment]) -> Scene:
        scene = self
        for name in before.keys() - after.keys():
            if name in scene.attached:
                scene = scene.detach(name, scene.get(name).pose)
        for name, attachment in after.items():
            if before.get(name) != attachment:
                scene = scene.attach(name, attachment)
        return scene

    def attach(self, name: str, attachment: Attachment) -> Scene:
        """Let a link carry an object from now on."""
        self.get(name)
        return replace(self, attached=MappingProxyType({**self.attached, name: attachment}))

    def detach(self, name: str, pose: Pose) -> Scene:
        """Let go of an object, which then rests at a pose in the world."""
        return replace(self.move(name, pose), attached=_without(self.attached, name))


def _without(items: Mapping[str, _V], name: str) -> Mapping[str, _V]:
    return MappingProxyType({key: value for key, value in items.items() if key != name})


def _extents(shape: Shape) -> tuple[float, ...]:
    if isinstance(shape, Box):
        return shape.size_m if len(shape.size_m) == 3 else (math.nan,)
    if isinstance(shape, Sphere):
        return (shape.radius_m,)
    if isinstance(shape, Cylinder):
        return (shape.radius_m, shape.length_m)
    return (shape.scale,)
