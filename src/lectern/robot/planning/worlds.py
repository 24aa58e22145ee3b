"""Collision worlds of the scenes used last, ready for the next request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from lectern.robot.model import RobotModel
from lectern.robot.planning.collision import CollisionWorld
from lectern.robot.scene import Attachment, Mesh, Scene, SceneObject

_KEPT = 8
_Key: TypeAlias = tuple[float, tuple[SceneObject, ...], tuple[tuple[str, Attachment], ...]]


class Worlds:
    """Lends worlds, each to one borrower at a time; thread-safe.

    To build one takes 3 to 8 ms, and one scene is mostly planned in and checked several times.
    """

    def __init__(self, model: RobotModel) -> None:
        self._model = model
        self._idle: OrderedDict[_Key, CollisionWorld] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, scene: Scene, finger_m: float) -> Iterator[CollisionWorld]:
        """Lend the world of a scene with the fingers at a position, m.

        Raises:
            SceneObjectInvalid: See `CollisionWorld`.
        """
        if any(isinstance(item.shape, Mesh) for item in scene.objects.values()):
            yield CollisionWorld(self._model, scene, finger_m)  # its file may have changed
            return
        key = (finger_m, tuple(scene.objects.values()), tuple(scene.attached.items()))
        with self._lock:
            world = self._idle.pop(key, None)
        world = world or CollisionWorld(self._model, scene, finger_m)
        try:
            yield world
        finally:
            self._keep(key, world)

    def _keep(self, key: _Key, world: CollisionWorld) -> None:
        with self._lock:
            self._idle[key] = world
            if len(self._idle) > _KEPT:
                self._idle.popitem(last=False)
