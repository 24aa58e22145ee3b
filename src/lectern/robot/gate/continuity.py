"""Whether the steps of a plan fit each other, the robot's present state and the scene."""

from __future__ import annotations

import numpy as np

from lectern.errors import PlanOutdated, SceneObjectInvalid, TrajectoryInvalid
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import START_TOLERANCE_RAD
from lectern.robot.scene import Scene
from lectern.robot.state import RobotState
from lectern.robot.trajectory import Trajectory

JOIN_TOLERANCE_RAD = 1e-6
REST_TOLERANCE_RAD_S = 1e-6


def check_continuity(plan: Plan, state: RobotState, model: RobotModel) -> None:
    """Check that each move starts where the former ended, and starts and ends at rest.

    Raises:
        PlanOutdated: The robot is not where the plan begins.
        TrajectoryInvalid: Two moves do not meet, or one does not begin or end at rest.
    """
    here, tolerance = state.of(model.names), START_TOLERANCE_RAD
    for number, step in enumerate(plan.steps, start=1):
        if type(step) is Move:
            _check_start(step.trajectory, here, tolerance, number)
            _check_rest(step.trajectory, number)
            here, tolerance = step.trajectory.positions[-1], JOIN_TOLERANCE_RAD


def _check_start(path: Trajectory, here: Floats, tolerance: float, number: int) -> None:
    gaps = np.abs(path.positions[0] - here)
    if (gaps <= tolerance).all():
        return
    joint = int(np.argmax(gaps))
    if tolerance == START_TOLERANCE_RAD:
        raise PlanOutdated(
            f"{path.names[joint]} is {gaps[joint]:.4f} rad from where the plan begins.",
            "Plan the motion from where the robot is now.",
        )
    raise TrajectoryInvalid(
        f"Step {number} of the plan begins {gaps[joint]:.4g} rad from where {path.names[joint]} "
        "was left.",
        "Let each move start where the former ended.",
    )


def _check_rest(path: Trajectory, number: int) -> None:
    for name, row in (("begin", 0), ("end", -1)):
        if not (np.abs(path.velocities[row]) <= REST_TOLERANCE_RAD_S).all():
            raise TrajectoryInvalid(
                f"Step {number} of the plan does not {name} at rest.",
                "Let each move begin and end with velocities of zero.",
            )


def check_holding(plan: Plan, scene: Scene) -> None:
    """Check that what a plan takes is there to be taken, and what it lets go of is held.

    Raises:
        SceneObjectUnknown: There is no such object.
        SceneObjectInvalid: It cannot be carried, or is held already, or is not held, or shall be
            taken and let go of at once.
    """
    held = set(scene.attached)
    for grip in (step for step in plan.steps if type(step) is Grip):
        both = grip.attach and grip.attach == grip.detach
        _require(not both, f"One grip cannot take {grip.attach[:80]!r} and let go of it.")
        if grip.detach:
            _require(grip.detach in held, f"The robot does not hold {grip.detach[:80]!r}.")
            held.discard(grip.detach)
        if grip.attach:
            movable = scene.get(grip.attach).mass_kg is not None
            _require(movable, f"The object {grip.attach!r} is fixed.")
            _require(grip.attach not in held, f"The robot holds {grip.attach!r} already.")
            held.add(grip.attach)


def _require(condition: bool, detail: str) -> None:
    if not condition:
        raise SceneObjectInvalid(detail, "Look at the scene and plan anew.")
