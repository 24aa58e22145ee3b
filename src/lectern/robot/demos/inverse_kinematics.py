"""Which joint angles reach a pose? Up to eight sets do, and the arm visits each it may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.errors import GoalInCollision, PathBlocked, PlanningTimeout
from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.values import PointM, SpeedScale
from lectern.robot.geometry import Floats, Pose
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class InverseKinematicsParameters(Parameters):
    """The pose of the tool."""

    position_m: PointM = Field((0.45, 0.2, 0.6), description="Where the tool shall be: x, y, z.")
    tilt_deg: float = Field(
        90.0, ge=0, le=180, description="Angle of the tool's axis to straight up; 180 points down."
    )
    heading_deg: float = Field(
        0.0, ge=-180, le=180, description="Direction in which a tilted tool points, from x to y."
    )
    turn_deg: float = Field(
        0.0, ge=-180, le=180, description="Turn of the tool about its own axis."
    )
    speed_scale: SpeedScale = Field(0.7, description="Share of the speed limits to move with.")


class InverseKinematics(Demo[InverseKinematicsParameters]):
    """All solutions of the inverse kinematics for one pose, in closed form."""

    name = "inverse_kinematics"
    title = "Inverse kinematics: one pose of the tool, several postures of the arm"
    section = "01-what-a-robot-is.md#workspace-and-redundancy"
    Parameters = InverseKinematicsParameters

    async def run(self, stage: Stage, parameters: InverseKinematicsParameters) -> DemoResult:
        """Solve, compare with the planner's own solutions, and visit those that can be visited."""
        from lectern.robot.embedded.kinematics import Kinematics

        model, pose = stage.view.model, tool_pose(parameters)
        found = chain.inverse(pose)
        fates = {posture: limit_fault(model, q) for posture, q in found.items()}
        await stage.prepare()
        for posture, q in found.items():
            if not fates[posture]:
                stage.tell(f"Trying: {posture}.")
                fates[posture] = await visit(stage, q, parameters.speed_scale)
        planner = Kinematics(model).inverse(Pose.from_matrix(pose))
        return DemoResult(
            numbers=count(model, pose, found, fates, len(planner)),
            series={
                "postures": list(found),
                "joint_positions_deg": rounded(np.degrees(np.array(list(found.values()))), 2),
                "fates": list(fates.values()),
            },
            pictures={
                "solutions": await stage.compute(
                    style.picture, lambda figure: draw(figure, found, fates), 620
                )
            },
        )


def tool_pose(parameters: InverseKinematicsParameters) -> Floats:
    """Return the pose Rz(heading) Ry(tilt) Rz(turn - heading) at the position, shape (4, 4)."""
    heading, tilt, turn = np.radians(
        [parameters.heading_deg, parameters.tilt_deg, parameters.turn_deg]
    )
    pose = np.eye(4)
    pose[:3, :3] = _rz(heading) @ _ry(tilt) @ _rz(turn - heading)
    pose[:3, 3] = parameters.position_m
    return pose


def limit_fault(model: RobotModel, q_rad: Floats) -> str:
    """Return which joints are outside their limits, in words; empty: none."""
    outside = [
        name
        for name, value, low, high in zip(model.names, q_rad, model.lower, model.upper, strict=True)
        if not low <= value <= high
    ]
    return f"beyond the limit of {', '.join(outside)}" if outside else ""


async def visit(stage: Stage, q_rad: Floats, speed_scale: float) -> str:
    """Move there; return what became of it."""
    goal = JointGoal(tuple(q_rad.tolist()))
    request = PlanRequest(goal, speed_scale=speed_scale, seed=stage.seed)
    try:
        plan = await stage.view.plan(request)
    except GoalInCollision:
        return "in collision"
    except (PathBlocked, PlanningTimeout):
        return "no path found"
    await stage.session.perform(plan)
    return "visited"


def count(
    model: RobotModel, pose: Floats, found: dict[str, Floats], fates: dict[str, str], planner: int
) -> dict[str, Any]:
    """Return how many solutions there are, and how exactly they reach the pose."""
    errors = [np.abs(chain.tool_pose(q) - pose).max() for q in found.values()]
    within = [q for q in found.values() if not limit_fault(model, q)]
    return {
        "solutions": len(found),
        "solutions_within_limits": len(within),
        "solutions_of_the_planner": planner,
        "visited": sum(fate == "visited" for fate in fates.values()),
        "in_collision": sum(fate == "in collision" for fate in fates.values()),
        "largest_pose_error_nm": rounded(1e9 * float(max(errors, default=0.0)), 3),
        "tool_position_m": rounded(pose[:3, 3]),
    }


def _rz(angle_rad: float) -> Floats:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _ry(angle_rad: float) -> Floats:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def draw(figure: Figure, found: dict[str, Floats], fates: dict[str, str]) -> None:
    """Draw the arm in every posture, and list what became of each.

    Postures that differ in the wrist or in the shoulder's turn lie on one another here.
    """
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.05])
    axes = style.space(figure, grid[0], "One pose, seen with every posture")
    for posture, q in found.items():
        color, alpha = _colour(posture), 1.0 if fates[posture] == "visited" else 0.25
        style.draw_arm(axes, chain.skeleton(q), color, alpha)
    style.frame_space(axes, np.vstack([chain.skeleton(q) for q in found.values()] or [np.zeros(3)]))
    axes.view_init(elev=20, azim=-60)
    _list_fates(figure, grid[1], fates)


def _colour(posture: str) -> str:
    return style.BLUE if "elbow up" in posture else style.ORANGE


def _list_fates(figure: Figure, place: Any, fates: dict[str, str]) -> None:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    axes.set_title(
        "What became of each", fontsize=10, fontweight="bold", color=style.INK, loc="left"
    )
    for line, (posture, fate) in enumerate(fates.items()):
        color = _colour(posture)
        height = 0.94 - line * 0.115
        axes.text(0.0, height, posture, fontsize=9, color=color, transform=axes.transAxes)
        axes.text(
            0.03, height - 0.045, fate, fontsize=8.5, color=style.INK, transform=axes.transAxes
        )
