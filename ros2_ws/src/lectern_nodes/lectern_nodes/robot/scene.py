"""The scene on the graph: a frame for each object, and markers that stand in those frames."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

from lectern.graph.robot_messages import (
    header_message,
    pose_message,
    transform_message,
    vector_message,
)
from lectern.robot.geometry import Pose
from lectern.robot.robot import RobotView
from lectern.robot.scene import Box, Cylinder, Mesh, Scene, SceneObject, Sphere
from lectern_nodes.robot import types
from lectern_nodes.robot.latched import LATCHED, StaticFrames
from lectern_nodes.robot.offers import MARKERS

# A namespace of their own, so that no object can pass for a link of the robot.
FRAME = "scene/"


class SceneFrames:
    """Where the objects are.

    Args:
        view: The robot that they are around.
        static: Takes those that never move.
        prefix: Put in front of every frame.
        markers: Takes the objects when they change.
    """

    def __init__(
        self, view: RobotView, static: StaticFrames, prefix: str, markers: SceneMarkers
    ) -> None:
        self._view = view
        self._static = static
        self._prefix = prefix
        self._markers = markers
        self._known: tuple[Any, ...] | None = None

    def moving(self, stamp_s: float) -> list[Any]:
        """Return the transforms of objects that can move, and tell what else has changed."""
        scene = self._view.scene()
        known = tuple(_looks(item) for item in scene.objects.values())
        if known != self._known:
            self._known = known
            self._announce(scene, stamp_s)
        movable = (item for item in scene.objects.values() if item.mass_kg is not None)
        return [self._transform(item, stamp_s) for item in movable]

    def _announce(self, scene: Scene, stamp_s: float) -> None:
        fixed = [item for item in scene.objects.values() if item.mass_kg is None]
        self._static.put("scene", [self._transform(item, stamp_s) for item in fixed])
        self._markers.publish(scene)

    def _transform(self, item: SceneObject, stamp_s: float) -> Any:
        return transform_message(types, item.pose, FRAME + item.name, stamp_s, self._prefix)


class SceneMarkers:
    """What the objects look like, for RViz.

    Args:
        node: Whose topic it is.
        prefix: Put in front of every frame.
    """

    def __init__(self, node: Node, prefix: str) -> None:
        self._publisher = node.create_publisher(types.MarkerArray, MARKERS, LATCHED)
        self._prefix = prefix

    def publish(self, scene: Scene) -> None:
        """Publish every object, in place of those before."""
        clear = types.Marker(action=types.Marker.DELETEALL)
        markers = [self._marker(number, item) for number, item in enumerate(scene.objects.values())]
        self._publisher.publish(types.MarkerArray(markers=[clear, *markers]))

    def _marker(self, number: int, item: SceneObject) -> Any:
        red, green, blue = item.colour
        kind, size, resource = _shape(item)
        return types.Marker(
            # Time zero: wherever the frame is when the marker is drawn.
            header=header_message(types, 0.0, self._prefix + FRAME + item.name),
            ns="scene",
            id=number,
            type=kind,
            action=types.Marker.ADD,
            pose=pose_message(types, Pose((0.0, 0.0, 0.0))),
            scale=vector_message(types, size),
            color=types.ColorRGBA(r=red, g=green, b=blue, a=1.0),
            # It follows its frame, and needs no message while the object moves.
            frame_locked=True,
            text=item.name,
            mesh_resource=resource,
        )


def _looks(item: SceneObject) -> tuple[Any, ...]:
    """Return everything about an object but where it is, and that too if it never moves."""
    place = item.pose if item.mass_kg is None else None
    return item.name, item.shape, item.colour, place


def _shape(item: SceneObject) -> tuple[int, tuple[float, float, float], str]:
    """Return kind, size in m and mesh of an object's marker."""
    shape = item.shape
    if isinstance(shape, Box):
        return types.Marker.CUBE, shape.size_m, ""
    if isinstance(shape, Sphere):
        return types.Marker.SPHERE, (2 * shape.radius_m,) * 3, ""
    if isinstance(shape, Cylinder):
        return types.Marker.CYLINDER, (2 * shape.radius_m, 2 * shape.radius_m, shape.length_m), ""
    assert isinstance(shape, Mesh)
    return types.Marker.MESH_RESOURCE, (shape.scale,) * 3, shape.path.absolute().as_uri()
