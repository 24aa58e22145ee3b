"""The scenes that ship with Lectern: the workbench, and those that planning is measured in."""

from __future__ import annotations

from lectern.robot.geometry import Pose
from lectern.robot.scene import Box, Scene, SceneObject

CUBE_EDGE_M = 0.04
# Mass of a cube of beech wood, about 700 kg/m^3.
CUBE_MASS_KG = 0.045
_OAK = (0.72, 0.58, 0.42)


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
