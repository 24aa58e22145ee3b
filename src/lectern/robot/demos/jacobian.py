"""How fast is the tool? One column per joint, added up, then measured while the arm moves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import itself, plan_of, recording, through
from lectern.robot.demos.values import SixAnglesDeg, SixRatesRadPerS
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.state import RobotState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CRUISE_S = 1.0


class JacobianParameters(Parameters):
    """Where the arm passes, and how fast its joints turn there."""

    joint_positions_deg: SixAnglesDeg = Field(
        (90, 30, 60, 0, 30, 0), description="Joints 1 to 6 at the moment that is looked at."
    )
    joint_rates_rad_per_s: SixRatesRadPerS = Field(
        (0.0, 0.5, -0.2, 0, 0, 0), description="How fast each joint turns there."
    )


class Jacobian(Demo[JacobianParameters]):
    """The tool's velocity as a sum of columns, its ellipsoid, and a measurement."""

    name = "jacobian"
    title = "The Jacobian: tool velocity from joint velocities, and manipulability"
    section = "03-forward-kinematics-and-the-jacobian.md#tool-velocity-from-joint-velocities"
    Parameters = JacobianParameters

    async def run(self, stage: Stage, parameters: JacobianParameters) -> DemoResult:
        """Pass the joint positions at constant rates and measure the tool's velocity."""
        q = np.radians(parameters.joint_positions_deg)
        rates = np.array(parameters.joint_rates_rad_per_s)
        model = stage.view.model
        motion = through(model, q, rates, CRUISE_S)
        await stage.prepare()
        goal = JointGoal(tuple(motion.positions[0].tolist()))
        await stage.session.move(PlanRequest(goal, seed=stage.seed))
        stage.tell("Passing the joint positions at constant joint rates.")
        async with recording(stage.view, itself) as states:
            await stage.session.perform(plan_of(model, motion))
        samples = measure(model, states)
        return DemoResult(
            numbers={**predict(q, rates), **judge(samples)},
            series={key: rounded(values) for key, values in samples.items()},
            pictures={
                "velocity": await stage.compute(
                    style.picture, lambda figure: draw(figure, q, rates, samples), 560
                )
            },
        )


def predict(q_rad: Floats, rates_rad_per_s: Floats) -> dict[str, Any]:
    """Return what the Jacobian says: velocities, and how easily the tool moves."""
    jacobian, elbow = chain.tool_jacobian(q_rad), chain.elbow_jacobian(q_rad)
    tool, wrist = jacobian @ rates_rad_per_s, elbow @ rates_rad_per_s[:3]
    values = np.linalg.svd(jacobian[:3], compute_uv=False)
    planar = np.linalg.svd(elbow[:, 1:], compute_uv=False)
    return {
        "tool_velocity_m_per_s": rounded(tool[:3], 3),
        "tool_speed_m_per_s": rounded(float(np.linalg.norm(tool[:3])), 3),
        "tool_angular_velocity_rad_per_s": rounded(tool[3:], 3),
        "wrist_velocity_m_per_s": rounded(wrist, 3),
        "wrist_speed_m_per_s": rounded(float(np.linalg.norm(wrist)), 3),
        "wrist_jacobian_m": rounded(elbow, 3),
        "wrist_jacobian_determinant_m3": rounded(float(np.linalg.det(elbow)), 3),
        "ellipsoid_half_lengths_m": rounded(values, 3),
        "manipulability_m3": rounded(float(np.prod(values)), 4),
        # Joints 2 and 3 alone move the wrist as the book's planar 2R arm:
        "planar_singular_values_m": rounded(planar, 3),
        "planar_manipulability_m2": rounded(float(np.prod(planar)), 4),
        "planar_condition_number": rounded(float(planar[0] / planar[1]), 1)
        if planar[1] > 1e-9
        else "infinite",
    }


def measure(model: RobotModel, states: list[RobotState]) -> dict[str, Floats]:
    """Return the tool's velocity over time: J times the measured joint rates, and displacement.

    Both belong to the middle between two measurements: the product is the mean of those at its
    ends, the displacement of the tool is divided by the time it took.
    """
    rows = []
    for before, after in itertools.pairwise(_thinned(states)):
        span_s = after.stamp_s - before.stamp_s
        predicted = (_by_jacobian(model, before) + _by_jacobian(model, after)) / 2
        moved = _tool(model, after) - _tool(model, before)
        at_s = (before.stamp_s + after.stamp_s) / 2 - states[0].stamp_s
        rows.append([at_s, *predicted, *moved / span_s])
    table = np.array(rows).reshape(-1, 7)
    return {
        "times_s": table[:, 0],
        "predicted_m_per_s": table[:, 1:4],
        "measured_m_per_s": table[:, 4:7],
    }


def judge(samples: dict[str, Floats]) -> dict[str, Any]:
    """Return how far the Jacobian's velocity is from the tool's displacement, at most."""
    differences = np.linalg.norm(samples["predicted_m_per_s"] - samples["measured_m_per_s"], axis=1)
    worst = float(differences.max()) if len(differences) else 0.0
    return {
        "measurements": len(differences),
        "largest_difference_mm_per_s": rounded(1e3 * worst, 2),
    }


def _tool(model: RobotModel, state: RobotState) -> Floats:
    return chain.tool_pose(state.of(model.names))[:3, 3]


def _by_jacobian(model: RobotModel, state: RobotState) -> Floats:
    rates = state.velocities[[state.names.index(name) for name in model.names]]
    return np.asarray(chain.tool_jacobian(state.of(model.names))[:3] @ rates)


def _thinned(states: list[RobotState], step_s: float = 0.02) -> list[RobotState]:
    kept = states[:1]
    for state in states[1:]:
        if state.stamp_s >= kept[-1].stamp_s + step_s - 1e-9:
            kept.append(state)
    return kept


def draw(
    figure: Figure, q_rad: Floats, rates_rad_per_s: Floats, samples: dict[str, Floats]
) -> None:
    """Draw the columns at the tool with its ellipsoid, and the velocity over time."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    _draw_columns(figure, grid[0], q_rad, rates_rad_per_s)
    axes = style.plot(figure, grid[1], "Tool velocity", "time (s)", "m/s")
    times_s = samples["times_s"]
    for index, color in enumerate((style.RED, style.GREEN, style.BLUE)):
        predicted, measured = (samples[f"{k}_m_per_s"][:, index] for k in ("predicted", "measured"))
        axes.plot(times_s, predicted, color=color, linewidth=1.8)
        axes.plot(times_s[::4], measured[::4], "o", color=color, markersize=3.5)
        if len(times_s):
            middle = len(times_s) // 2
            style.mark(axes, (times_s[middle], predicted[middle]), "xyz"[index], color)
    axes.text(
        0.02,
        0.02,
        "lines: J times joint rates\ndots: measured displacement",
        transform=axes.transAxes,
        fontsize=8,
        color=style.GREY,
    )


def _draw_columns(figure: Figure, place: Any, q_rad: Floats, rates_rad_per_s: Floats) -> None:
    axes = style.space(figure, place, "Columns times rates, and the ellipsoid")
    points = chain.skeleton(q_rad)
    tool, jacobian = points[-1], chain.tool_jacobian(q_rad)[:3]
    style.draw_arm(axes, points, style.GREY)
    axes.plot_wireframe(
        *_ellipsoid(jacobian, tool),
        color=style.PURPLE,
        alpha=0.35,
        linewidth=0.6,
        rstride=2,
        cstride=2,
    )
    at, names = tool, []
    for number, arrow in enumerate((jacobian * rates_rad_per_s).T, 1):
        if np.linalg.norm(arrow) > 1e-3:
            color = style.CYCLE[number % 5]
            _arrow(axes, at, arrow, color)
            names.append((f"joint {number}: {np.linalg.norm(arrow):.3f} m/s", color))
            at = at + arrow
    _arrow(axes, tool, at - tool, style.INK)
    names.append((f"tool: {np.linalg.norm(at - tool):.3f} m/s", style.INK))
    for line, (name, color) in enumerate(names):
        axes.text2D(0.62, 0.36 - 0.05 * line, name, color=color, transform=axes.transAxes, size=8.5)
    style.frame_space(axes, np.vstack([points, at]), 0.15)
    axes.view_init(elev=14, azim=-30)


def _arrow(axes: Any, start: Floats, arrow: Floats, color: str) -> None:
    axes.quiver(*start, *arrow, color=color, linewidth=2.2, arrow_length_ratio=0.15, zorder=7)


def _ellipsoid(jacobian: Floats, centre: Floats, scale: float = 0.2) -> Floats:
    """Return a mesh of the tool velocities that joint rates of norm 1 reach, scaled."""
    u, values, _ = np.linalg.svd(jacobian)
    around, up = np.meshgrid(np.linspace(0, 2 * np.pi, 33), np.linspace(0, np.pi, 17))
    ball = np.array([np.cos(around) * np.sin(up), np.sin(around) * np.sin(up), np.cos(up)])
    mesh = np.einsum("ij,jkl->ikl", u * values * scale, ball)
    return np.asarray(mesh + centre[:, None, None])
