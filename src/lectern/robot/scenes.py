"""The scenes that ship with Lectern: the workbench, and those that planning is measured in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lectern.robot.geometry import Pose
from lectern.robot.scene import Box, Cylinder, Scene, SceneObject

CUBE_EDGE_M = 0.04
# Mass of a cube of beech wood, about 700 kg/m^3.
CUBE_MASS_KG = 0.045
_OAK = (0.72, 0.58, 0.42)
_STEEL = (0.55, 0.58, 0.62)
# The widest part of the forearm and the hand is 0.124 m across.
_GAP_M = 0.18


def _cube(name: str, x_m: float, y_m: float, colour: tuple[float, float, float]) -> SceneObject:
    edge = (CUBE_EDGE_M, CUBE_EDGE_M, CUBE_EDGE_M)
    pose = Pose((x_m, y_m, CUBE_EDGE_M / 2))
    return SceneObject(name, Box(edge), pose, CUBE_MASS_KG, colour=colour)


def bench() -> Scene:
    """Return a workbench whose top is z = 0, with three cubes and a tray within reach.

    The arm stands on the bench, its base at the world's origin.
    """
    return Scene.of(
        SceneObject("bench", Box((1.6, 1.6, 0.05)), Pose((0.35, 0.0, -0.025)), colour=_OAK),
        SceneObject(
            "tray", Box((0.2, 0.2, 0.02)), Pose((0.45, -0.4, 0.01)), colour=(0.35, 0.38, 0.42)
        ),
        _cube("red_cube", 0.5, 0.1, (0.80, 0.24, 0.20)),
        _cube("green_cube", 0.6, 0.2, (0.25, 0.60, 0.35)),
        _cube("blue_cube", 0.45, 0.3, (0.20, 0.42, 0.75)),
    )


def free() -> Scene:
    """Return the bench alone."""
    return Scene.of(_bench())


def box() -> Scene:
    """Return the bench with a tall box in front of the arm, in the way from side to side."""
    size = (0.25, 0.2, 0.5)
    return Scene.of(
        _bench(),
        SceneObject("box", Box(size), Pose((0.55, 0.0, size[2] / 2)), colour=(0.76, 0.45, 0.25)),
    )


def shelf() -> Scene:
    """Return the bench with a shelf of two by two compartments, open towards the arm."""
    return Scene.of(
        _bench(),
        _board("shelf_bottom", (0.3, 0.82, 0.02), (0.75, 0.0, 0.11)),
        _board("shelf_middle", (0.3, 0.82, 0.02), (0.75, 0.0, 0.42)),
        _board("shelf_top", (0.3, 0.82, 0.02), (0.75, 0.0, 0.73)),
        _board("shelf_left", (0.3, 0.02, 0.74), (0.75, 0.4, 0.37)),
        _board("shelf_centre", (0.3, 0.02, 0.74), (0.75, 0.0, 0.37)),
        _board("shelf_right", (0.3, 0.02, 0.74), (0.75, -0.4, 0.37)),
        _board("shelf_back", (0.02, 0.82, 0.74), (0.91, 0.0, 0.37)),
    )


def narrow_gap() -> Scene:
    """Return the bench with two walls; the gap between them is little wider than the hand."""
    width_m = 0.6
    aside_m = (width_m + _GAP_M) / 2
    return Scene.of(
        _bench(),
        _board("wall_left", (0.04, width_m, 1.0), (0.55, aside_m, 0.5)),
        _board("wall_right", (0.04, width_m, 1.0), (0.55, -aside_m, 0.5)),
    )


# Between the walls of the arena, along x and along y, m.
ARENA_M = (6.0, 5.0)
_WALL_M = 0.1
_WALL_HEIGHT_M = 0.5


def arena() -> Scene:
    """Return what a mobile base drives among: four walls, boxes and pillars, on a floor at z = 0.

    The base begins at the world's origin, in the middle, and looks along x; it has more than a
    metre around it. Two of the boxes are light enough to be pushed.
    """
    length, width = ARENA_M
    aside_x, aside_y = (length + _WALL_M) / 2, (width + _WALL_M) / 2
    z = _WALL_HEIGHT_M / 2
    return Scene.of(
        _board("wall_front", (_WALL_M, width + 2 * _WALL_M, 2 * z), (aside_x, 0.0, z)),
        _board("wall_back", (_WALL_M, width + 2 * _WALL_M, 2 * z), (-aside_x, 0.0, z)),
        _board("wall_left", (length, _WALL_M, 2 * z), (0.0, aside_y, z)),
        _board("wall_right", (length, _WALL_M, 2 * z), (0.0, -aside_y, z)),
        _board("cupboard", (0.4, 0.8, 0.6), (2.1, -1.3, 0.3)),
        _board("table", (0.5, 0.5, 0.4), (-1.9, 1.4, 0.2)),
        _pillar("pillar_left", 0.12, (1.3, 1.5)),
        _pillar("pillar_right", 0.15, (-1.4, -1.5)),
        _carton("carton_left", (1.9, 0.6)),
        _carton("carton_right", (0.4, -1.6)),
    )


def _pillar(name: str, radius_m: float, centre_m: tuple[float, float]) -> SceneObject:
    height_m = 0.6
    pose = Pose((*centre_m, height_m / 2))
    return SceneObject(name, Cylinder(radius_m, height_m), pose, colour=(0.76, 0.45, 0.25))


def _carton(name: str, centre_m: tuple[float, float]) -> SceneObject:
    edge_m = 0.3
    pose = Pose((*centre_m, edge_m / 2))
    return SceneObject(name, Box((edge_m,) * 3), pose, 1.0, friction=0.4, colour=_OAK)


def _bench() -> SceneObject:
    return bench().get("bench")


def _board(
    name: str, size_m: tuple[float, float, float], centre_m: tuple[float, float, float]
) -> SceneObject:
    return SceneObject(name, Box(size_m), Pose(centre_m), colour=_STEEL)


SCENES: Mapping[str, Callable[[], Scene]] = MappingProxyType(
    {"bench": bench, "free": free, "box": box, "shelf": shelf, "narrow_gap": narrow_gap}
)
