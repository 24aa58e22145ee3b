"""Straight in joint space or straight in task space: the same end, two paths of the tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import dense
from lectern.robot.demos.values import PointM, SpeedScale
from lectern.robot.geometry import Floats, Pose
from lectern.robot.goals import JointGoal, LineGoal, PlanRequest
from lectern.robot.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Half a turn about x: the tool's axis points straight down.
_DOWN = (1.0, 0.0, 0.0, 0.0)
_SHOWN = 100  # points of each path in the result


class InterpolationParameters(Parameters):
    """From where to where the tool goes, pointing down all the way."""

    start_m: PointM = Field((0.45, -0.4, 0.3), description="Where the tool starts: x, y, z.")
    end_m: PointM = Field((0.45, 0.4, 0.3), description="Where it ends: x, y, z.")
    speed_scale: SpeedScale = Field(0.6, description="Share of the speed limits to move with.")


class Interpolation(Demo[InterpolationParameters]):
    """Interpolating joint angles, and interpolating the pose of the tool."""

    name = "interpolation"
    title = "Joint against Cartesian interpolation: two paths to one pose"
    section = "01-what-a-robot-is.md#configuration-space-and-task-space"
    section_title = "Configuration space and task space"
    Parameters = InterpolationParameters

    async def run(self, stage: Stage, parameters: InterpolationParameters) -> DemoResult:
        """Plan both, let the arm do both, and measure how far each is from the line."""
        scale, seed = parameters.speed_scale, stage.seed
        end = Pose(parameters.end_m, _DOWN)
        await stage.prepare(pose="ready")
        await stage.session.move(
            PlanRequest(LineGoal(Pose(parameters.start_m, _DOWN)), speed_scale=scale, seed=seed)
        )
        line = await stage.view.plan(PlanRequest(LineGoal(end), speed_scale=scale, seed=seed))
        stage.tell("Along the straight line of the tool.")
        await stage.session.perform(line)
        there, back = _ends(line)
        stage.tell("Back to the start, and along the straight line of the joints.")
        await stage.session.move(PlanRequest(JointGoal(back), speed_scale=scale, seed=seed))
        joint = await stage.view.plan(PlanRequest(JointGoal(there), speed_scale=scale, seed=seed))
        await stage.session.perform(joint)
        paths = {"joint": path(joint), "cartesian": path(line)}
        return DemoResult(
            numbers={**compare(paths), **durations(joint, line)},
            series={f"{name}_path_m": rounded(_thin(points)) for name, points in paths.items()},
            pictures={
                "paths": await stage.compute(style.picture, lambda figure: draw(figure, paths), 520)
            },
        )


def _ends(plan: Plan) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the joint positions at the end and at the start of a plan."""
    _, positions, _, _ = dense(plan)
    return tuple(positions[-1].tolist()), tuple(positions[0].tolist())


def path(plan: Plan) -> Floats:
    """Return the tool's path of a plan, shape (points, 3), m."""
    return chain.tool_path(dense(plan)[1])


def deviation(points_m: Floats) -> Floats:
    """Return the distance of each point from the straight line between the first and the last."""
    along = points_m[-1] - points_m[0]
    along = along / np.linalg.norm(along)
    away = points_m - points_m[0]
    return np.asarray(np.linalg.norm(away - np.outer(away @ along, along), axis=1))


def length(points_m: Floats) -> float:
    """Return the length of a path, m."""
    return float(np.linalg.norm(np.diff(points_m, axis=0), axis=1).sum())


def compare(paths: dict[str, Floats]) -> dict[str, Any]:
    """Return length and deviation of each path."""
    numbers: dict[str, Any] = {
        "distance_m": rounded(float(np.linalg.norm(paths["joint"][-1] - paths["joint"][0])), 3)
    }
    for name, points in paths.items():
        numbers[f"{name}_length_m"] = rounded(length(points), 3)
        numbers[f"{name}_largest_deviation_mm"] = rounded(1e3 * float(deviation(points).max()), 2)
    return numbers


def durations(joint: Plan, line: Plan) -> dict[str, Any]:
    """Return how long both motions take."""
    return {
        "joint_duration_s": rounded(joint.duration_s, 2),
        "cartesian_duration_s": rounded(line.duration_s, 2),
    }


def _thin(points_m: Floats) -> Floats:
    return np.asarray(points_m[np.linspace(0, len(points_m) - 1, _SHOWN).astype(int)])


def draw(figure: Figure, paths: dict[str, Floats]) -> None:
    """Draw both paths from above, and how far each is from the line."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.2])
    above = style.plot(figure, grid[0], "Path of the tool, from above", "x (m)", "y (m)")
    beside = style.plot(
        figure, grid[1], "Distance from the straight line", "share of the path (%)", "mm"
    )
    for (name, points), color in zip(paths.items(), (style.ORANGE, style.BLUE), strict=True):
        away_mm = 1e3 * deviation(points)
        share = np.linspace(0, 100, len(points))
        above.plot(points[:, 0], points[:, 1], color=color)
        beside.plot(share, away_mm, color=color)
        top = int(np.argmax(away_mm)) if away_mm.max() > 1 else len(points) // 2
        style.mark(beside, (share[top], away_mm[top]), name, color, xytext=(0, 6))
        side = {"xytext": (6, 0)} if name == "joint" else {"xytext": (-6, 0), "ha": "right"}
        style.mark(above, points[len(points) // 2, :2], name, color, **side)
    above.plot(0, 0, "o", color=style.INK, markersize=7)
    style.mark(above, (0, 0), "base", style.INK)
    above.set_aspect("equal")
    above.margins(0.15)
    beside.margins(y=0.15)
