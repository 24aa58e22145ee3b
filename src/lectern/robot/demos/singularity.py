"""What happens near a singularity: the wrist is pulled out until the elbow is straight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import chain, style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import plan_of, sampled, slowed
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Elbow angles of the table in the book, with joint 2 level.
TABLE_DEG = (60.0, 10.0, 1.0, 0.1)
_STEP_S = 0.005
_GAIN_PER_S = 5.0


class SingularityParameters(Parameters):
    """How fast, from where, and with how much damping."""

    tool_speed_m_per_s: float = Field(
        0.1, ge=0.02, le=0.3, description="Speed at which the wrist centre is pulled."
    )
    damping: float = Field(0.05, ge=0.005, le=0.3, description="Damping factor of least squares.")
    elbow_deg: float = Field(60.0, ge=20, le=120, description="Angle of joint 3 at the start.")
    walk_s: float = Field(3.0, ge=1, le=6, description="How long the wrist is pulled.")


@dataclass(frozen=True)
class Walk:
    """A walk of joints 2 and 3 with damped rates: one row for each time.

    Attributes:
        times_s: Shape (n,).
        angles_rad: Joints 2 and 3, shape (n, 2).
        target_m: Where the wrist should be, radial and up, shape (n, 2).
        wrist_m: Where it is, shape (n, 2).
    """

    times_s: Floats
    angles_rad: Floats
    target_m: Floats
    wrist_m: Floats


class Singularity(Demo[SingularityParameters]):
    """Joint rates for a constant tool speed, by the inverse and by damped least squares."""

    name = "singularity"
    title = "Walking into a singularity: joint rates, exact and damped"
    section = "03-forward-kinematics-and-the-jacobian.md#joint-rates-near-a-singularity"
    section_title = "Joint rates near a singularity"
    Parameters = SingularityParameters

    async def run(self, stage: Stage, parameters: SingularityParameters) -> DemoResult:
        """Compute the rates for many elbow angles, then let the arm walk with damped ones."""
        table = rates_table(parameters.tool_speed_m_per_s, parameters.damping)
        walked = walk(parameters)
        model = stage.view.model
        positions = np.zeros((len(walked.times_s), 6))
        positions[:, 1:3] = walked.angles_rad
        motion, slower = slowed(model, sampled(model, walked.times_s, positions))
        await stage.prepare()
        await stage.session.move(
            PlanRequest(JointGoal(tuple(positions[0].tolist())), seed=stage.seed)
        )
        stage.tell("Pulling the wrist outwards with damped joint rates.")
        done = await stage.session.perform(plan_of(model, motion))
        limit = float(model.max_velocity[1])
        return DemoResult(
            numbers={
                **summary(walked, parameters),
                "joint_2_limit_rad_per_s": limit,
                "slow_motion_factor": rounded(slower, 2),
                "largest_tracking_error_mrad": rounded(1e3 * done.max_error_rad, 2),
            },
            series={**table, **series(walked)},
            pictures={
                "rates": await stage.compute(
                    style.picture, lambda figure: draw(figure, parameters, walked, limit), 520
                )
            },
        )


def planar_jacobian(angles_rad: Floats) -> Floats:
    """Return the 2x2 Jacobian of the wrist, radial and up, by joints 2 and 3: the planar 2R arm."""
    q = np.array([0.0, *angles_rad, 0.0, 0.0, 0.0])
    return chain.elbow_jacobian(q)[[0, 2], 1:]


def planar_wrist(angles_rad: Floats) -> Floats:
    """Return the wrist's place, m: horizontal distance from the shoulder axis, and height."""
    return chain.wrist_centre(np.array([0.0, *angles_rad, 0.0, 0.0, 0.0]))[[0, 2]]


def rates_table(speed_m_per_s: float, damping: float) -> dict[str, Any]:
    """Return the book's table: rates that pull the wrist inwards, joint 2 level, by elbow angle."""
    pull = np.array([-speed_m_per_s, 0.0])
    rows = [planar_jacobian(np.radians([0.0, elbow])) for elbow in TABLE_DEG]
    smallest = [np.linalg.svd(row, compute_uv=False)[-1] for row in rows]
    return {
        "elbow_deg": list(TABLE_DEG),
        "sigma_min_m": rounded(np.array(smallest), 6),
        "manipulability_m2": rounded(np.array([abs(np.linalg.det(row)) for row in rows]), 6),
        "exact_rates_rad_per_s": rounded(np.array([np.linalg.solve(r, pull) for r in rows]), 6),
        "damped_rates_rad_per_s": rounded(
            np.array([chain.damped_pinv(r, damping) @ pull for r in rows]), 6
        ),
    }


def walk(parameters: SingularityParameters) -> Walk:
    """Pull the wrist outwards along a level line by damped resolved-rate control."""
    angles = np.radians([0.0, parameters.elbow_deg])
    target, rows = planar_wrist(angles), []
    count = round(parameters.walk_s / _STEP_S)
    for step in range(count + 1):
        rows.append([step * _STEP_S, *angles, *target, *planar_wrist(angles)])
        pull = np.array([_profile(step / count) * parameters.tool_speed_m_per_s, 0.0])
        wanted = pull + _GAIN_PER_S * (target - planar_wrist(angles))
        # Without a bound the pull would grow for ever once the target is out of reach.
        wanted *= min(1.0, parameters.tool_speed_m_per_s / max(float(np.linalg.norm(wanted)), 1e-9))
        rates = chain.damped_pinv(planar_jacobian(angles), parameters.damping) @ wanted
        angles, target = angles + rates * _STEP_S, target + pull * _STEP_S
    table = np.array(rows)
    return Walk(table[:, 0], table[:, 1:3], table[:, 3:5], table[:, 5:7])


def _profile(share: float) -> float:
    """Speed up over the first tenth of the walk and slow down over the last."""
    return float(np.clip(min(share, 1.0 - share) / 0.1, 0.0, 1.0))


def summary(walked: Walk, parameters: SingularityParameters) -> dict[str, Any]:
    """Return where the walk ended and how fast the joints turned, damped and by the inverse."""
    rates = np.gradient(walked.angles_rad, walked.times_s, axis=0)
    behind = np.linalg.norm(walked.target_m - walked.wrist_m, axis=1)
    return {
        "elbow_at_end_deg": rounded(float(np.degrees(walked.angles_rad[-1, 1])), 2),
        "manipulability_at_start_m2": rounded(_manipulability(walked.angles_rad[0])),
        "manipulability_at_end_m2": rounded(_manipulability(walked.angles_rad[-1])),
        "fastest_joint_rate_rad_per_s": rounded(float(np.abs(rates).max()), 3),
        # |q'| <= |v| / (2 lambda), chapter 3.
        "damped_rate_bound_rad_per_s": rounded(
            parameters.tool_speed_m_per_s / (2 * parameters.damping), 3
        ),
        "distance_behind_target_mm": rounded(1e3 * float(behind[-1]), 1),
    }


def series(walked: Walk) -> dict[str, Any]:
    """Return the walk at twenty rows a second."""
    thin = slice(None, None, 10)
    values = np.array([_manipulability(angles) for angles in walked.angles_rad[thin]])
    return {
        "walk_times_s": rounded(walked.times_s[thin], 3),
        "walk_elbow_deg": rounded(np.degrees(walked.angles_rad[thin, 1]), 3),
        "walk_manipulability_m2": rounded(values, 5),
        "walk_wrist_m": rounded(walked.wrist_m[thin]),
        "walk_target_m": rounded(walked.target_m[thin]),
    }


def _manipulability(angles_rad: Floats) -> float:
    return float(abs(np.linalg.det(planar_jacobian(angles_rad))))


def draw(
    figure: Figure, parameters: SingularityParameters, walked: Walk, limit_rad_per_s: float
) -> None:
    """Draw the walk from the side, and the rates over the elbow angle."""
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.25])
    _draw_side(figure, grid[:, 0], walked)
    elbow_deg = np.geomspace(0.1, 90, 200)
    pull = np.array([-parameters.tool_speed_m_per_s, 0.0])
    jacobians = [planar_jacobian(np.radians([0.0, angle])) for angle in elbow_deg]
    exact = np.array([np.linalg.norm(np.linalg.solve(j, pull)) for j in jacobians])
    damped = np.array([chain.damped_pinv(j, parameters.damping) @ pull for j in jacobians])
    reached = np.array([-(j @ rates)[0] for j, rates in zip(jacobians, damped, strict=True)])
    top = style.plot(figure, grid[0, 1], "Joint speed for a fixed tool speed", "", "rad/s")
    top.loglog(elbow_deg, exact, color=style.RED)
    top.loglog(elbow_deg, np.linalg.norm(damped, axis=1), color=style.BLUE)
    top.axhline(limit_rad_per_s, color=style.GREY, linestyle="--", linewidth=1)
    style.mark(top, (0.12, limit_rad_per_s), "limit of joint 2", style.GREY)
    style.mark(top, (elbow_deg[60], exact[60]), "inverse", style.RED)
    style.mark(
        top, (elbow_deg[70], np.linalg.norm(damped[70])), "damped", style.BLUE, xytext=(6, -8)
    )
    below = style.plot(
        figure, grid[1, 1], "Tool speed reached", "elbow angle, joint 3 (degrees)", "m/s"
    )
    below.semilogx(elbow_deg, reached, color=style.BLUE)
    below.axhline(parameters.tool_speed_m_per_s, color=style.RED, linewidth=1.8)
    style.mark(below, (0.12, parameters.tool_speed_m_per_s), "inverse", style.RED, xytext=(4, -12))
    style.mark(below, (elbow_deg[120], reached[120]), "damped", style.BLUE, xytext=(-44, 4))
    for axes in (top, below):
        axes.minorticks_off()
    below.set_ylim(0, 1.1 * parameters.tool_speed_m_per_s)


def _draw_side(figure: Figure, place: Any, walked: Walk) -> None:
    axes = style.plot(figure, place, "The walk, from the side", "reach (m)", "height (m)")
    for index, color in ((0, style.LIGHT), (len(walked.times_s) // 3, style.GREY), (-1, style.INK)):
        q = np.array([0.0, *walked.angles_rad[index], 0.0, 0.0, 0.0])
        style.draw_arm(axes, chain.skeleton(q)[:4, [0, 2]], color)
    axes.plot(*walked.target_m.T, color=style.RED, linewidth=1.4, linestyle=":")
    axes.plot(*walked.wrist_m.T, color=style.BLUE, linewidth=2)
    style.mark(axes, walked.target_m[-1], "wanted", style.RED, xytext=(-4, 6), ha="right")
    style.mark(axes, walked.wrist_m[-1], "reached", style.BLUE, xytext=(-2, -14))
    axes.set_aspect("equal")
    axes.set_xlim(-0.1, 1.15)
    axes.set_ylim(0.0, 1.15)
