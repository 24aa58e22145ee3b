"""Which joint angles reach a pose? Up to eight sets do, and the arm visits each it may."""

from __future__ import annotations

import math
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

# Postures that look the same are drawn this far from each other.
_APART_M = 0.04
# By whether the shoulder is turned and the wrist flipped.
_DASHES: dict[tuple[bool, bool], Any] = {
    (False, False): "-",
    (False, True): (0, (4, 1.5)),
    (True, False): (0, (1, 1)),
    (True, True): (0, (5, 1.2, 1, 1.2)),
}


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
    section_title = "Workspace and redundancy"
    Parameters = InverseKinematicsParameters

    async def run(self, stage: Stage, parameters: InverseKinematicsParameters) -> DemoResult:
        """Solve, compare with the planner's own solutions, and visit those that can be visited."""
        from lectern.robot.planning.kinematics import Kinematics

        model, pose = stage.view.model, tool_pose(parameters)
        found = chain.inverse(pose)
        fates = {posture: limit_fault(model, q) for posture, q in found.items()}
        await stage.prepare()
        for posture, q in found.items():
            if not fates[posture]:
                stage.tell(f"Trying: {posture}.")
                fates[posture] = await visit(stage, q, parameters.speed_scale)
        planner = Kinematics(model).inverse(Pose.from_matrix(pose))
        stage.tell(in_words(found, fates))
        return DemoResult(
            numbers=count(model, pose, found, fates, len(planner)),
            series={
                "postures": list(found),
                "shapes": numbered(found),
                "joint_positions_deg": rounded(np.degrees(np.array(list(found.values()))), 2),
                "fates": list(fates.values()),
            },
            pictures={
                "solutions": await stage.compute(
                    style.picture, lambda figure: draw(figure, pose, found, fates), 620
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
    errors_nm = [1e9 * float(np.abs(chain.tool_pose(q) - pose).max()) for q in found.values()]
    within = [q for q in found.values() if not limit_fault(model, q)]
    return {
        "solutions": len(found),
        "solutions_within_limits": len(within),
        "solutions_of_the_planner": planner,
        "solutions_in_words": in_words(found, fates),
        "visited": sum(fate == "visited" for fate in fates.values()),
        "in_collision": sum(fate == "in collision" for fate in fates.values()),
        **({"largest_pose_error_nm": rounded(max(errors_nm), 3)} if errors_nm else {}),
        "tool_position_m": rounded(pose[:3, 3]),
    }


def in_words(found: dict[str, Floats], fates: dict[str, str]) -> str:
    """Return in one sentence what was found."""
    if not found:
        return (
            "No solution exists: this pose asks for a wrist farther from the shoulder, or nearer "
            "to it, than the elbow allows."
        )
    visited = sum(fate == "visited" for fate in fates.values())
    seen = len(shapes(found))
    return (
        f"{len(found)} solutions, seen as {seen} {'shape' if seen == 1 else 'shapes'} of the arm; "
        f"{visited or 'none'} visited."
    )


def shapes(found: dict[str, Floats]) -> list[list[str]]:
    """Return the postures in groups that look the same: their links stand in the same places.

    The arm's shoulder has no offset, so half a turn of it with the upper arm laid over backwards
    changes nothing that can be seen, and neither does half a turn of joint 4 with joint 5 bent the
    other way.
    """
    groups: list[list[str]] = []
    for posture, q in found.items():
        points = chain.skeleton(q)
        same = (g for g in groups if np.allclose(chain.skeleton(found[g[0]]), points, atol=1e-6))
        group = next(same, None)
        if group is None:
            groups.append([posture])
        else:
            group.append(posture)
    return groups


def _rz(angle_rad: float) -> Floats:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _ry(angle_rad: float) -> Floats:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def numbered(found: dict[str, Floats]) -> list[int]:
    """Return for each posture the number, from 1, of the shape that it has."""
    groups = shapes(found)
    return [1 + next(i for i, group in enumerate(groups) if name in group) for name in found]


def draw(figure: Figure, pose: Floats, found: dict[str, Floats], fates: dict[str, str]) -> None:
    """Draw the arm in every posture and where the tool shall be; list what became of each.

    Postures that look the same are drawn beside each other, each in a line of its own kind.
    """
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.05])
    axes = style.space(figure, grid[0], "One pose, with every posture")
    for posture, points in beside(found).items():
        alpha = 1.0 if fates[posture] == "visited" else 0.35
        style.draw_line(axes, points, _colour(posture), _DASHES[_turns(posture)], alpha)
    axes.plot(*pose[:3, 3], "x", color=style.RED, markersize=8, markeredgewidth=2, zorder=7)
    axes.text(*(pose[:3, 3] + 0.03), "tool", fontsize=8.5, color=style.RED)
    style.frame_space(axes, np.vstack([pose[:3, 3], *map(chain.skeleton, found.values())]))
    axes.view_init(elev=22, azim=_azimuth_deg(found) - 48)
    _list_fates(figure, grid[1], found, fates)


def beside(found: dict[str, Floats]) -> dict[str, Floats]:
    """Return the points of every posture, those that look the same moved apart sideways, m.

    What all shapes share, the column and the hand, is moved apart by half as much.
    """
    placed = {}
    for shape, group in enumerate(shapes(found)):
        for place, posture in enumerate(group):
            q = found[posture]
            # At right angles to the plane in which upper arm and forearm lie; a turned shoulder
            # has the same plane.
            sideways = np.array([-np.sin(q[0]), np.cos(q[0]), 0.0])
            sideways *= -1.0 if "turned" in posture else 1.0
            away_m = _APART_M * (place + shape / 2 - len(group) / 2)
            placed[posture] = chain.skeleton(q) + away_m * sideways
    return placed


def _azimuth_deg(found: dict[str, Floats]) -> float:
    """Return where the plane of upper arm and forearm points, to look at it from aside."""
    return math.degrees(next(iter(found.values()))[0]) if found else 0.0


def _colour(posture: str) -> str:
    return style.BLUE if "elbow up" in posture else style.ORANGE


def _turns(posture: str) -> tuple[bool, bool]:
    return "shoulder turned" in posture, "wrist flipped" in posture


def _list_fates(
    figure: Figure, place: Any, found: dict[str, Floats], fates: dict[str, str]
) -> None:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_title(
        "What became of each", fontsize=10, fontweight="bold", color=style.INK, loc="left"
    )
    height = 0.96
    for number, group in enumerate(shapes(found), 1):
        _write(axes, height, f"Shape {number}: these {len(group)} look the same")
        for line, posture in enumerate(group, 1):
            _list_one(axes, height - 0.09 * line, posture, fates[posture])
        height -= 0.09 * len(group) + 0.12
    if not found:
        _write(axes, height, "No solution exists.")
    else:
        _write(axes, 0.02, f"Drawn {1000 * _APART_M:.0f} mm apart, so that none hides another.")


def _list_one(axes: Any, height: float, posture: str, fate: str) -> None:
    color, dashes = _colour(posture), _DASHES[_turns(posture)]
    axes.plot([0.0, 0.11], [height, height], color=color, linewidth=2, linestyle=dashes)
    axes.text(0.14, height, posture, fontsize=8.5, color=color, va="center")
    axes.text(0.14, height - 0.038, fate, fontsize=7.5, color=style.INK, va="center")


def _write(axes: Any, height: float, text: str) -> None:
    axes.text(0.0, height, text, fontsize=8.5, color=style.INK, va="center")
