"""Whether a plan fits a robot: made for it, its joints, its gripper, things that can be held."""

from __future__ import annotations

from lectern.errors import InvalidInput, LimitsExceeded, PlanOutdated, SceneObjectUnknown
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.scene import Scene


def check_fits(plan: Plan, model: RobotModel, scene: Scene) -> None:
    """Check that a robot could take every step of a plan.

    Args:
        plan: To be carried out.
        model: Of the robot.
        scene: Its present surroundings.

    Raises:
        PlanOutdated: The plan is for another robot.
        InvalidInput: A trajectory is for other joints.
        LimitsExceeded: The gripper cannot open so far or close so hard.
        SceneObjectUnknown: What shall be held is not there, or is fixed.
    """
    if plan.robot != model.name:
        raise PlanOutdated(
            f"The plan is for {plan.robot[:80]!r}, and this is {model.name!r}.",
            "Plan with this robot.",
        )
    for step in plan.steps:
        if isinstance(step, Move):
            _check_joints(step, model)
        else:
            check_grip(step, model)
            _check_objects(step, scene)


def _check_joints(move: Move, model: RobotModel) -> None:
    if move.trajectory.names != model.names:
        raise InvalidInput(
            f"The trajectory is for the joints {', '.join(move.trajectory.names)[:200]}.",
            f"Give it for {', '.join(model.names)}, in this order.",
        )


def check_grip(grip: Grip, model: RobotModel) -> None:
    """Check one use of the gripper.

    Raises:
        LimitsExceeded: The width or the force is out of range.
    """
    gripper = model.gripper
    if not 0 <= grip.width_m <= gripper.max_width_m:
        raise LimitsExceeded(
            f"The gripper cannot open to {grip.width_m} m.",
            f"Use 0 to {gripper.max_width_m:g} m.",
        )
    if not 0 < grip.force_n <= gripper.max_force_n:
        raise LimitsExceeded(
            f"The gripper cannot close with {grip.force_n} N.",
            f"Use more than 0 and at most {gripper.max_force_n:g} N.",
        )


def _check_objects(grip: Grip, scene: Scene) -> None:
    for name in filter(None, (grip.attach, grip.detach)):
        if scene.get(name).mass_kg is None:
            raise SceneObjectUnknown(
                f"The object {name!r} is fixed and cannot be gripped.",
                "Name an object that has a mass.",
            )
