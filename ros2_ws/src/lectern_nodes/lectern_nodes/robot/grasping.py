"""Which object a gripper takes or lets go of; its clients name a position and no object."""

from __future__ import annotations

import numpy as np

from lectern.robot.chain import chain_of
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.scene import Box, Cylinder, Scene, SceneObject, Sphere
from lectern.robot.state import RobotState

# Half the width and half the length of the pads that grip, m; see arm_macro.xacro.
_PAD_HALF_WIDTH_M, _PAD_HALF_LENGTH_M = 0.012, 0.015
# How much wider the gap must become for a command to count as opening, m.
_OPENING_M = 0.001


def taken_or_let_go(
    model: RobotModel, state: RobotState, scene: Scene, width_m: float
) -> dict[str, str]:
    """Return what a grip attaches or detaches, as arguments of the gate's tool `grip`.

    Args:
        model: The robot.
        state: Where arm and fingers are.
        scene: What is around.
        width_m: The gap to be.
    """
    held = [name for name, how in scene.attached.items() if how.link == model.tool_frame]
    gap_m = float(state.of(model.gripper.joints).sum())
    if held:
        return {"detach": held[0]} if width_m > gap_m + _OPENING_M else {}
    met = object_between(model, state, scene)
    if met and width_m < min(gap_m, 2 * _half_extent_m(scene.get(met))):
        return {"attach": met}
    return {}


def object_between(model: RobotModel, state: RobotState, scene: Scene) -> str:
    """Return the movable object that closing fingers would meet; empty: there is none.

    It reaches into the space between the fingers' pads; of several, the nearest to its middle.
    """
    pose = chain_of(model.urdf, model.names).poses(state.of(model.names)[None])
    tool = np.linalg.inv(pose[model.tool_frame][0])
    gap_m = float(state.of(model.gripper.joints).sum())
    found = []
    for item in scene.objects.values():
        place = (tool @ item.pose.matrix())[:3, 3]
        if item.mass_kg is not None and _within(place, item, gap_m):
            found.append((float(np.linalg.norm(place)), item.name))
    return min(found)[1] if found else ""


def _within(place_m: Floats, item: SceneObject, gap_m: float) -> bool:
    """Tell whether an object at a place in the tool's frame is in reach of the pads.

    The tool looks along z, and its fingers close along y.
    """
    half_m = _half_extent_m(item)
    aside, across, ahead = np.abs(place_m)
    return bool(
        across < gap_m / 2
        and aside < _PAD_HALF_WIDTH_M + half_m
        and ahead < _PAD_HALF_LENGTH_M + half_m
    )


def _half_extent_m(item: SceneObject) -> float:
    """Return the radius of the largest ball within an object; of a mesh nothing is known: 0."""
    shape = item.shape
    if isinstance(shape, Box):
        return min(shape.size_m) / 2
    if isinstance(shape, Cylinder):
        return min(shape.radius_m, shape.length_m / 2)
    return shape.radius_m if isinstance(shape, Sphere) else 0.0
