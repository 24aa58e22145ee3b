"""Motions that a demo computes itself, and what can be measured while the arm carries them out."""

from __future__ import annotations

import numpy as np

from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.plan import Move, Plan
from lectern.robot.robot import Measurement
from lectern.robot.state import Activity
from lectern.robot.trajectory import Trajectory


def plan_of(model: RobotModel, trajectory: Trajectory) -> Plan:
    """Return a plan of one motion."""
    return Plan(model.name, (Move(trajectory),))


def through(
    model: RobotModel, middle_rad: Floats, rates_rad_per_s: Floats, cruise_s: float
) -> Trajectory:
    """Return a motion that passes `middle_rad` at constant joint rates, from rest to rest.

    Every joint speeds up evenly, cruises for `cruise_s`, and slows down; half of the acceleration
    limits is used.
    """
    ramp_s = max(0.1, float(np.max(np.abs(rates_rad_per_s) / (0.5 * model.max_acceleration))))
    rest, rates = np.zeros_like(rates_rad_per_s), rates_rad_per_s
    offsets_s = np.array([-(cruise_s + ramp_s), -cruise_s, cruise_s, cruise_s + ramp_s]) / 2
    return Trajectory(
        model.names,
        np.cumsum([0.0, ramp_s, cruise_s, ramp_s]),
        middle_rad + offsets_s[:, None] * rates,
        np.array([rest, rates, rates, rest]),
    )


def sampled(model: RobotModel, times_s: Floats, positions_rad: Floats) -> Trajectory:
    """Return the motion through samples, shape (points, n), at rest at both ends."""
    velocities = np.gradient(positions_rad, times_s, axis=0)
    velocities[[0, -1]] = 0.0
    return Trajectory(model.names, times_s, positions_rad, velocities)


def slowed(
    model: RobotModel, trajectory: Trajectory, share: float = 0.9
) -> tuple[Trajectory, float]:
    """Return the motion slowed down to `share` of the limits, and the factor."""
    speed, acceleration = peaks(trajectory)
    factor = max(
        1.0,
        float(np.max(speed / (share * model.max_velocity))),
        float(np.sqrt(np.max(acceleration / (share * model.max_acceleration)))),
    )
    times_s, velocities = trajectory.times_s * factor, trajectory.velocities / factor
    return Trajectory(trajectory.names, times_s, trajectory.positions, velocities), factor


def peaks(trajectory: Trajectory) -> tuple[Floats, Floats]:
    """Return the highest speed, rad/s, and acceleration, rad/s^2, of each joint, exactly."""
    _, b, c, d = trajectory.cubics()
    h = np.diff(trajectory.times_s)[:, None]
    turn = np.clip(-c / np.where(np.abs(d) > 1e-12, 3 * d, 1.0), 0.0, h)
    speeds = [np.abs(b + t * (2 * c + t * 3 * d)) for t in (0.0 * h, turn, h)]
    accelerations = [np.abs(2 * c + 6 * d * t) for t in (0.0 * h, h)]
    return np.max(speeds, axis=(0, 1)), np.max(accelerations, axis=(0, 1))


def moves(plan: Plan) -> list[Trajectory]:
    """Return the trajectories of a plan, in order."""
    return [step.trajectory for step in plan.steps if isinstance(step, Move)]


def dense(plan: Plan, step_s: float = 0.01) -> tuple[Floats, Floats, Floats, Floats]:
    """Return times, positions, velocities and accelerations of a plan's moves, evenly sampled."""
    times, parts, start_s = [], [], 0.0
    for trajectory in moves(plan):
        count = max(2, round(trajectory.duration_s / step_s) + 1)
        local: Floats = np.linspace(0.0, trajectory.duration_s, count, dtype=np.float64)
        times.append(start_s + local)
        parts.append(trajectory.sample(local))
        start_s += trajectory.duration_s
    position, velocity, acceleration = (
        np.concatenate([part[index] for part in parts]) for index in range(3)
    )
    return np.concatenate(times), position, velocity, acceleration


def while_moving(measurements: list[Measurement]) -> list[Measurement]:
    """Return those measurements that were made while a plan was carried out."""
    return [m for m in measurements if m.state.activity is Activity.MOVING]
