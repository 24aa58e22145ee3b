"""How fast is the tool? One column per joint, added up, then measured while the arm moves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import plan_of, through, while_moving
from lectern.robot.demos.values import SixAnglesDeg, SixRatesRadPerS
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.state import RobotState
from lectern.robot.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CRUISE_S = 1.0
# Joint rates this near to what was asked for are even.
_EVEN_RAD_PER_S = 0.005
# An arrow of 1 m/s is drawn 1 m long; the ellipsoid would be as large as the arm.
_ELLIPSOID_SCALE = 0.2


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
    section_title = "Tool velocity from joint velocities"
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
        with stage.view.record() as measurements:
            await stage.session.perform(plan_of(model, motion))
        states = [measurement.state for measurement in while_moving(measurements)]
        samples = measure(model, motion, states)
        return DemoResult(
            numbers={**predict(q, rates), **judge(samples)},
            series={key: rounded(values) for key, values in samples.items()},
            pictures={
                "velocity": await stage.compute(
                    style.picture, lambda figure: draw(figure, motion, q, samples), 560
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


def measure(model: RobotModel, motion: Trajectory, states: list[RobotState]) -> dict[str, Floats]:
    """Return the tool's velocity between measurements: by the Jacobian, and by its displacement.

    By the Jacobian it is the mean of J q' at both ends, q' as measured; by displacement it is the
    way of the tool divided by the time it took. `cruising` is 1 where the joints turned evenly.
    """
    rates = motion.velocities[1]
    rows = []
    for before, after in itertools.pairwise(_thinned(states)):
        span_s = after.stamp_s - before.stamp_s
        even = all(
            np.abs(_rates(model, s) - rates).max() < _EVEN_RAD_PER_S for s in (before, after)
        )
        predicted = (_by_jacobian(model, before) + _by_jacobian(model, after)) / 2
        moved = _tool(model, after) - _tool(model, before)
        at_s = _moment(motion, (before.of(model.names) + after.of(model.names)) / 2)
        rows.append([at_s, even, *predicted, *moved / span_s])
    table = np.array(rows).reshape(-1, 8)
    return {
        "times_s": table[:, 0],
        "cruising": table[:, 1],
        "predicted_m_per_s": table[:, 2:5],
        "measured_m_per_s": table[:, 5:8],
    }


def _moment(motion: Trajectory, q_rad: Floats) -> float:
    """Return when the motion passes joint positions, by the joint that moves most."""
    joint = int(np.abs(motion.positions[-1] - motion.positions[0]).argmax())
    times_s = np.linspace(0.0, motion.duration_s, 500, dtype=np.float64)
    way = motion.sample(times_s)[0][:, joint] - motion.positions[0, joint]
    done = q_rad[joint] - motion.positions[0, joint]
    return float(np.interp(abs(done), np.abs(way), times_s))


def judge(samples: dict[str, Floats]) -> dict[str, Any]:
    """Return how far the Jacobian's velocity is from the tool's displacement while cruising."""
    even = samples["cruising"] > 0
    apart = samples["predicted_m_per_s"][even] - samples["measured_m_per_s"][even]
    worst = float(np.linalg.norm(apart, axis=1).max(initial=0.0))
    return {"measurements": len(apart), "largest_difference_mm_per_s": rounded(1e3 * worst, 2)}


def _rates(model: RobotModel, state: RobotState) -> Floats:
    return state.velocities[[state.names.index(name) for name in model.names]]


def _tool(model: RobotModel, state: RobotState) -> Floats:
    return chain.tool_pose(state.of(model.names))[:3, 3]


def _by_jacobian(model: RobotModel, state: RobotState) -> Floats:
    jacobian = chain.tool_jacobian(state.of(model.names))[:3]
    return np.asarray(jacobian @ _rates(model, state))


def _thinned(states: list[RobotState], step_s: float = 0.02) -> list[RobotState]:
    kept = states[:1]
    for state in states[1:]:
        if state.stamp_s >= kept[-1].stamp_s + step_s - 1e-9:
            kept.append(state)
    return kept


def draw(figure: Figure, motion: Trajectory, q_rad: Floats, samples: dict[str, Floats]) -> None:
    """Draw the columns at the tool with its ellipsoid, and the velocity over time."""
    grid = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    _draw_columns(figure, grid[0], q_rad, motion.velocities[1])
    axes = style.plot(figure, grid[1], "Tool velocity", "time (s)", "m/s")
    times_s = np.linspace(0.0, motion.duration_s, 200, dtype=np.float64)
    positions, rates, _ = motion.sample(times_s)
    expected = np.array(
        [chain.tool_jacobian(q)[:3] @ r for q, r in zip(positions, rates, strict=True)]
    )
    measured, few = samples["measured_m_per_s"], max(1, len(samples["times_s"]) // 20)
    for index, color in enumerate((style.RED, style.GREEN, style.BLUE)):
        axes.plot(times_s, expected[:, index], color=color, linewidth=1.8)
        dots = samples["times_s"][::few], measured[::few, index]
        axes.plot(*dots, "o", color=color, markersize=3.5)
        style.mark(axes, (times_s[100], expected[100, index]), "xyz"[index], color)
    legend = "lines: J times joint rates\ndots: measured displacement"
    axes.text(0.02, 0.02, legend, transform=axes.transAxes, fontsize=8, color=style.GREY)
    axes.margins(y=0.15)


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
    names += [
        ("ellipsoid, drawn", style.PURPLE),
        (f"{_ELLIPSOID_SCALE:g} m for 1 m/s", style.PURPLE),
    ]
    for line, (name, color) in enumerate(names):
        axes.text2D(0.16, 0.62 - 0.05 * line, name, color=color, transform=axes.transAxes, size=8.5)
    style.frame_space(axes, np.vstack([points, at]), 0.15)
    axes.view_init(elev=14, azim=-30)


def _arrow(axes: Any, start: Floats, arrow: Floats, color: str) -> None:
    axes.quiver(*start, *arrow, color=color, linewidth=2.2, arrow_length_ratio=0.15, zorder=7)


def _ellipsoid(jacobian: Floats, centre: Floats) -> Floats:
    """Return a mesh of the tool velocities that joint rates of norm 1 rad/s reach, scaled."""
    u, values, _ = np.linalg.svd(jacobian)
    around, up = np.meshgrid(np.linspace(0, 2 * np.pi, 33), np.linspace(0, np.pi, 17))
    ball = np.array([np.cos(around) * np.sin(up), np.sin(around) * np.sin(up), np.cos(up)])
    mesh = np.einsum("ij,jkl->ikl", u * values * _ELLIPSOID_SCALE, ball)
    return np.asarray(mesh + centre[:, None, None])
