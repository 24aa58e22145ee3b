"""From a path to a trajectory: as fast as the limits of the joints allow, and not faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from lectern.robot.demos import style
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage, rounded
from lectern.robot.demos.motions import dense
from lectern.robot.demos.values import SixAnglesDeg, SpeedScale
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A limit counts as reached from this share of it on.
_REACHED = 0.95


class TrajectoryParameters(Parameters):
    """From where to where, and how fast."""

    start_deg: SixAnglesDeg = Field(
        (-60, 90, -60, 0, 30, 0), description="Joints 1 to 6 at the start."
    )
    end_deg: SixAnglesDeg = Field(
        (70, 60, -80, 60, -60, 90), description="Joints 1 to 6 at the end."
    )
    speed_scale: SpeedScale = Field(
        1.0, description="Share of the velocity and acceleration limits that may be used."
    )


@dataclass(frozen=True)
class Profile:
    """A trajectory as shares of the limits.

    Attributes:
        times_s: Shape (n,).
        positions_rad: Shape (n, 6).
        velocity: Velocities divided by their limits, shape (n, 6).
        acceleration: Accelerations divided by their limits, shape (n, 6).
    """

    times_s: Floats
    positions_rad: Floats
    velocity: Floats
    acceleration: Floats


class TrajectoryDemo(Demo[TrajectoryParameters]):
    """A time-parametrised trajectory with its limits."""

    name = "trajectory"
    title = "Time-parametrised trajectory: which limit holds the arm back"
    section = "01-what-a-robot-is.md#actuators-torque-and-gears"
    section_title = "Actuators, torque and gears"
    Parameters = TrajectoryParameters

    async def run(self, stage: Stage, parameters: TrajectoryParameters) -> DemoResult:
        """Plan from start to end, show the limits that are active, and let the arm do it."""
        start, end = (
            tuple(np.radians(a).tolist()) for a in (parameters.start_deg, parameters.end_deg)
        )
        await stage.prepare()
        await stage.session.move(PlanRequest(JointGoal(start), seed=stage.seed))
        request = PlanRequest(JointGoal(end), speed_scale=parameters.speed_scale, seed=stage.seed)
        plan = await stage.view.plan(request)
        stage.tell("Following the trajectory.")
        done = await stage.session.perform(plan)
        profile = profile_of(plan, stage.view.model)
        names, scale = stage.view.model.names, parameters.speed_scale
        return DemoResult(
            numbers={
                **judge(profile, names, scale),
                "shortest_possible_s": rounded(
                    shortest_s(np.array(end) - np.array(start), stage.view.model, scale), 3
                ),
                "largest_tracking_error_mrad": rounded(1e3 * done.max_error_rad, 2),
            },
            series=series(profile),
            pictures={
                "profile": await stage.compute(
                    style.picture, lambda figure: draw(figure, profile, names, scale), 720
                )
            },
        )


def profile_of(plan: Plan, model: RobotModel) -> Profile:
    """Return a plan's motion as shares of the limits."""
    times_s, positions, velocities, accelerations = dense(plan)
    return Profile(
        times_s, positions, velocities / model.max_velocity, accelerations / model.max_acceleration
    )


def shortest_s(distance_rad: Floats, model: RobotModel, scale: float) -> float:
    """Return the time below which no trajectory can be, from rest to rest.

    The joint that needs most time alone, speeding up and slowing down at its limits: a trapezium of
    velocity, or a triangle where the distance is too short to reach full speed.
    """
    distance, speed = np.abs(distance_rad), scale * model.max_velocity
    acceleration = scale * model.max_acceleration
    triangle = 2 * np.sqrt(distance / acceleration)
    trapezium = distance / speed + speed / acceleration
    return float(np.where(distance < speed**2 / acceleration, triangle, trapezium).max())


def judge(profile: Profile, names: tuple[str, ...], scale: float) -> dict[str, Any]:
    """Return the duration, and which limit is active for what share of it.

    Where a joint comes to full speed both limits are nearly reached; the nearer one counts, so that
    the shares are of one whole.
    """
    fastest = np.abs(profile.velocity).max(axis=1) / scale
    strongest = np.abs(profile.acceleration).max(axis=1) / scale
    at_speed = (fastest >= _REACHED) & (fastest >= strongest)
    at_acceleration = (strongest >= _REACHED) & (strongest > fastest)
    velocity, acceleration = np.abs(profile.velocity), np.abs(profile.acceleration)
    return {
        "duration_s": rounded(float(profile.times_s[-1]), 3),
        "velocity_limit_active_percent": rounded(100 * float(at_speed.mean()), 1),
        "acceleration_limit_active_percent": rounded(100 * float(at_acceleration.mean()), 1),
        "highest_velocity_percent_of_limit": rounded(100 * float(velocity.max()), 1),
        "highest_acceleration_percent_of_limit": rounded(100 * float(acceleration.max()), 1),
        "joint_that_limits_velocity": names[int(velocity.max(axis=0).argmax())],
        "joint_that_limits_acceleration": names[int(acceleration.max(axis=0).argmax())],
    }


def series(profile: Profile) -> dict[str, Any]:
    """Return at most 200 rows."""
    rows = np.linspace(0, len(profile.times_s) - 1, min(200, len(profile.times_s))).astype(int)
    return {
        "times_s": rounded(profile.times_s[rows]),
        "positions_rad": rounded(profile.positions_rad[rows]),
        "velocity_percent_of_limit": rounded(100 * profile.velocity[rows], 2),
        "acceleration_percent_of_limit": rounded(100 * profile.acceleration[rows], 2),
    }


def draw(figure: Figure, profile: Profile, names: tuple[str, ...], scale: float) -> None:
    """Draw positions, velocities and accelerations over time, the last two against their limits."""
    grid = figure.add_gridspec(3, 1)
    panels = (
        ("Position", "degrees", np.degrees(profile.positions_rad), 0.0),
        ("Velocity", "% of limit", 100 * profile.velocity, 100 * scale),
        ("Acceleration", "% of limit", 100 * profile.acceleration, 100 * scale),
    )
    for row, (title, unit, curves, limit) in enumerate(panels):
        axes = style.plot(figure, grid[row], title, "time (s)" if row == 2 else "", unit)
        for curve, color in zip(curves.T, style.CYCLE, strict=True):
            axes.plot(profile.times_s, curve, color=color, linewidth=1.6)
        axes.set_xlim(0.0, 1.16 * profile.times_s[-1])
        if limit:
            axes.axhspan(limit, 1.12 * limit, color=style.RED, alpha=0.15, linewidth=0)
            axes.axhspan(-1.12 * limit, -limit, color=style.RED, alpha=0.15, linewidth=0)
            axes.set_ylim(-1.12 * limit, 1.12 * limit)
    for line, (name, color) in enumerate(zip(names, style.CYCLE, strict=True)):
        figure.axes[0].text(
            0.885,
            0.97 - 0.16 * line,
            name,
            color=color,
            fontsize=8.5,
            va="top",
            transform=figure.axes[0].transAxes,
        )
