"""Checks of a scene before it becomes the robot's, and what the log says of the change."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lectern.errors import SceneObjectInvalid
from lectern.robot.geometry import WORLD
from lectern.robot.scene import Scene, SceneObject


def check_scene(scene: Scene) -> Scene:
    """Return the scene, made anew, so that nobody else holds what is checked.

    Raises:
        SceneObjectInvalid: It contradicts itself, or an object is not placed in the world.
    """
    if type(scene) is not Scene:
        raise SceneObjectInvalid("This is no scene.", "Give a Scene.")
    fresh = Scene.of(*(_checked(name, item) for name, item in scene.objects.items()))
    for name, attachment in scene.attached.items():
        if name not in fresh.objects or fresh.objects[name].mass_kg is None:
            raise SceneObjectInvalid(
                f"The robot cannot hold {str(name)[:80]!r}.", "Add it, with a mass, first."
            )
        fresh = fresh.attach(name, attachment)
    return fresh


def _checked(name: str, item: SceneObject) -> SceneObject:
    if type(item) is not SceneObject or item.name != name or item.pose.frame != WORLD:
        raise SceneObjectInvalid(
            f"The object {str(name)[:80]!r} is kept under another name or placed in another frame.",
            "Place objects in the world, under their own names.",
        )
    return SceneObject(item.name, item.shape, item.pose, item.mass_kg, item.friction, item.colour)


def fixed(scene: Scene) -> Scene:
    """Return a scene in which nothing can be pushed but what the robot holds."""
    objects = {
        name: item if name in scene.attached else replace(item, mass_kg=None)
        for name, item in scene.objects.items()
    }
    return Scene(MappingProxyType(objects), scene.attached)


def describe_change(before: Scene, after: Scene) -> dict[str, Any]:
    """Return what the log keeps of a change: how many objects, which changed, a digest of all."""
    names = sorted(set(before.objects) | set(after.objects))
    changed = [n for n in names if before.objects.get(n) != after.objects.get(n)]
    content = repr(
        (sorted(map(repr, after.objects.items())), sorted(map(repr, after.attached.items())))
    )
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"objects": len(after.objects), "changed": changed[:20], "digest": digest}
