"""Limits of goal, path, speed, acceleration, workspace and gripper."""

from __future__ import annotations

import numpy as np

from lectern.errors import InvalidInput, LimitsExceeded, TrajectoryInvalid
from lectern.robot.chain import chain_of
from lectern.robot.fitting import check_grip
from lectern.robot.gate.extremes import Extremes, extremes
from lectern.robot.gate.policy import Bounds
from lectern.robot.gate.tools import Intent
from lectern.robot.gate.workspace import Workspace
from lectern.robot.geometry import WORLD, Floats
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.model import LIMIT_TOLERANCE, RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.trajectory import Trajectory

# Rounding only, as a share of the limit: the planner keeps the limits exactly.
SPEED_TOLERANCE = 1e-6
ACCELERATION_TOLERANCE = 1e-6


def check_intent(intent: Intent, model: RobotModel, workspace: Workspace, bounds: Bounds) -> None:
    """Check what is asked for, before any planning.

    Raises:
        InvalidInput: A number is missing or not finite, or a name is unknown.
        LimitsExceeded: It is outside the limits.
    """
    if type(intent) is Grip:
        check_grip(intent, model)
    elif type(intent) is PlanRequest:
        _check_request(intent, bounds)
        if intent.start_rad is not None:
            model.check_positions(np.asarray(intent.start_rad), "start")
        _check_goal(intent, model, workspace)
    else:
        raise InvalidInput("This is neither a motion nor a grip.", "Give a PlanRequest or a Grip.")


def _check_request(request: PlanRequest, bounds: Bounds) -> None:
    if not 0 < request.speed_scale <= 1:
        raise LimitsExceeded(
            f"The speed scale {request.speed_scale} is not above 0 and at most 1.", "Use 0.5."
        )
    if not 0 < request.timeout_s <= bounds.plan_timeout_s:
        raise LimitsExceeded(
            f"The planner cannot search for {request.timeout_s} s.",
            f"Use at most {bounds.plan_timeout_s:g} s.",
        )


def _check_goal(request: PlanRequest, model: RobotModel, workspace: Workspace) -> None:
    goal = request.goal
    if isinstance(goal, JointGoal):
        model.check_positions(np.asarray(goal.positions_rad), "goal")
    elif isinstance(goal, NamedGoal):
        model.check_positions(np.asarray(model.pose_named(goal.name)), "goal")
    elif isinstance(goal, (PoseGoal, LineGoal)):
        if goal.pose.frame != WORLD:
            raise InvalidInput(
                f"The goal is given in the frame {goal.pose.frame[:80]!r}.", "Give it in the world."
            )
        workspace.check_point(goal.pose.position_m, "goal")
    else:
        raise InvalidInput("The goal is of no known kind.", "Give joints, a name, a pose, a line.")


def check_form(plan: Plan, model: RobotModel, bounds: Bounds) -> None:
    """Check that a plan is for this robot and its joints, and not too large.

    Raises:
        InvalidInput: It is for another robot, empty or too large.
        TrajectoryInvalid: Its joints are not the robot's, in the robot's order.
    """
    moves = [step.trajectory for step in plan.steps if type(step) is Move]
    if plan.robot != model.name:
        raise InvalidInput(
            f"The plan is for the robot {plan.robot[:80]!r}, not for {model.name!r}.",
            "Plan the motion with this robot.",
        )
    points = sum(len(path.times_s) for path in moves)
    if not 0 < len(plan.steps) <= bounds.steps or points > bounds.points:
        raise InvalidInput(
            f"The plan has {len(plan.steps)} steps and {points} points.",
            f"Plans have 1 to {bounds.steps} steps and at most {bounds.points} points.",
        )
    if not plan.duration_s <= bounds.duration_s:
        raise InvalidInput(
            f"The plan takes {plan.duration_s:.0f} s.", f"At most {bounds.duration_s:g} s."
        )
    for path in moves:
        if path.names != model.names:
            raise TrajectoryInvalid(
                f"The plan moves {', '.join(path.names)[:200]}, which are not the robot's joints "
                "in their order.",
                f"The order is {', '.join(model.names)}.",
            )


def check_plan(plan: Plan, model: RobotModel, workspace: Workspace) -> None:
    """Check every instant of a plan against every limit.

    Raises:
        LimitsExceeded: One is exceeded; the message names the joint or link and the moment.
    """
    for step in plan.steps:
        if type(step) is Move:
            reached = extremes(step.trajectory)
            _check_joints(step.trajectory, reached, model)
            chain = chain_of(model.urdf, model.names)
            workspace.check_path(chain, step.trajectory, reached)
        elif type(step) is Grip:
            check_grip(step, model)


def check_pace(plan: Plan, speed_scale: float, model: RobotModel) -> None:
    """Check that a plan is as slow as was asked for, at every instant.

    Args:
        plan: Of the robot's own planner.
        speed_scale: Share of the speed and acceleration limits that it may use.
        model: The robot.

    Raises:
        LimitsExceeded: It is faster, or speeds up faster.
    """
    for path in (step.trajectory for step in plan.steps if type(step) is Move):
        reached = extremes(path)
        speed = speed_scale * model.max_velocity * (1 + SPEED_TOLERANCE)
        acceleration = speed_scale * model.max_acceleration * (1 + ACCELERATION_TOLERANCE)
        why = f"of the speed scale {speed_scale:g}"
        _within(path, reached.speed - speed, reached.speed, f"is faster than its share {why}")
        _within(
            path,
            reached.acceleration - acceleration,
            reached.acceleration,
            f"speeds up beyond its share {why}",
        )


def _check_joints(path: Trajectory, reached: Extremes, model: RobotModel) -> None:
    low, high = model.lower - LIMIT_TOLERANCE, model.upper + LIMIT_TOLERANCE
    speed = model.max_velocity * (1 + SPEED_TOLERANCE)
    acceleration = model.max_acceleration * (1 + ACCELERATION_TOLERANCE)
    _within(path, low - reached.lowest, reached.lowest, "is below its lower limit")
    _within(path, reached.highest - high, reached.highest, "is above its upper limit")
    _within(path, reached.speed - speed, reached.speed, "is faster than its limit")
    _within(
        path,
        reached.acceleration - acceleration,
        reached.acceleration,
        "speeds up beyond its limit",
    )


def _within(path: Trajectory, excess: Floats, values: Floats, complaint: str) -> None:
    # Fails closed: a number that is none is not within.
    bad = np.argwhere(~(excess <= 0))
    if len(bad):
        segment, joint = bad[0]
        raise LimitsExceeded(
            f"{path.names[joint]} {complaint} with {values[segment, joint]:.4g} after "
            f"{path.times_s[segment]:.3f} s.",
            "Plan the motion anew, within the limits.",
        )
