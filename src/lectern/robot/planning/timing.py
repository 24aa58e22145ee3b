"""Time-optimal trajectories along a path, by TOPP-RA.

TOPP-RA (Pham and Pham, "A new approach to time-optimal path parameterization based on reachability
analysis", 2018) keeps the geometry, which has been checked for collisions, and takes about 5 ms
of processor time for a path with three corners. Ruckig 0.19 needs 0.6 ms, but without its cloud
service it plans from rest to rest only: stopping at each corner, the median of 20 such paths took
14 % longer.

A path with corners is first rounded: Schoenberg's spline, whose control points are the path at the
knots' averages, follows straight stretches exactly, has continuous second derivatives, and stays in
the convex hull of the corner it cuts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import toppra
from scipy.interpolate import BSpline, CubicSpline  # type: ignore[import-untyped]
from toppra import algorithm, constraint

from lectern.errors import TrajectoryInvalid
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.trajectory import Trajectory

LONGEST_STEP_S = 0.01
# So many steps are enough for a motion however slow it is.
MOST_STEPS = 10_000
# The grid is refined until no more than this has to be lost to stay within the limits.
_MOST_STRETCH = 1.03
_GRID_RAD = 0.03
_GRID_POINTS = (50, 300)
_GRID_PER_BEND = 6
_SAME_PLACE_RAD = 1e-7
# Time of a trajectory that goes nowhere.
_SHORTEST_S = 0.02


class SplinePath(toppra.interpolator.AbstractGeometricPath):  # type: ignore[misc]
    """A spline of joint positions over its length, as TOPP-RA reads it."""

    def __init__(self, spline: Any, length: float, bends: Floats) -> None:
        self._derivatives = [spline, spline.derivative(1), spline.derivative(2)]
        self._length, self._bends = length, bends

    def grid(self, finer: int) -> Floats:
        """Return places to time the path by: evenly spread, and closer where it bends."""
        count = int(np.clip(self._length / _GRID_RAD, *_GRID_POINTS)) * finer
        shares = np.linspace(0.0, 1.0, _GRID_PER_BEND * finer + 1)
        spans = self._bends[:-1, None] + np.diff(self._bends)[:, None] * shares
        places = np.concatenate([np.linspace(0.0, self._length, count + 1), spans.ravel()])
        places = np.unique(np.clip(places, 0.0, self._length))
        return np.asarray(places[np.append(np.diff(places) > _SAME_PLACE_RAD, True)])

    def __call__(self, path_positions: Any, order: int = 0) -> Floats:
        """Return the path or a derivative of it, shape (places, n)."""
        return np.asarray(self._derivatives[order](path_positions))

    @property
    def dof(self) -> int:
        """How many joints it has."""
        return int(self._derivatives[0](0.0).size)

    @property
    def path_interval(self) -> Floats:
        """Where it begins and ends."""
        return np.array([0.0, self._length])

    @property
    def waypoints(self) -> tuple[Floats, Floats]:
        """Its ends; TOPP-RA only draws them."""
        return self.path_interval, self(self.path_interval)


def rounded(path: Floats, radii_rad: Floats) -> SplinePath:
    """Return a smooth path along straight stretches with rounded corners.

    Args:
        path: Corner points, shape (points, n), no two neighbours the same.
        radii_rad: How far from each inner corner the rounding may begin, shape (points - 2,); less
            where stretches are short.
    """
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    marks = np.concatenate([[0.0], np.cumsum(lengths)])
    reach = np.minimum(radii_rad, np.minimum(lengths[:-1], lengths[1:]) / 2)
    shares = np.linspace(-1.0, 1.0, 5)
    inner = (marks[1:-1, None] + reach[:, None] * shares).ravel()
    inside = np.unique(inner[(inner > 1e-9) & (inner < marks[-1] - 1e-9)])
    knots = np.concatenate([np.zeros(4), inside, np.full(4, marks[-1])])
    averages = (knots[1:-3] + knots[2:-2] + knots[3:-1]) / 3
    control = np.stack([np.interp(averages, marks, column) for column in path.T], axis=1)
    return SplinePath(BSpline(knots, control, 3), float(marks[-1]), inside)


def through(points: Floats) -> SplinePath:
    """Return the cubic spline through points of a smooth path, shape (points, n)."""
    marks = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return SplinePath(CubicSpline(marks, points), float(marks[-1]), np.zeros(1))


def nudged(model: RobotModel, first: Floats, last: Floats, speed_scale: float) -> Trajectory:
    """Return a motion too short for a path to be timed: one cubic from rest to rest.

    The cubic over h seconds peaks at 1.5 d / h in speed and at 6 d / h^2 in acceleration.
    """
    apart = np.abs(last - first)
    by_speed = 1.5 * apart / (speed_scale * model.max_velocity)
    by_acceleration = np.sqrt(6.0 * apart / (speed_scale * model.max_acceleration))
    duration_s = max(_SHORTEST_S, 1.001 * by_speed.max(), 1.001 * by_acceleration.max())
    both = np.array([first, last])
    return Trajectory(model.names, np.array([0.0, duration_s]), both, np.zeros_like(both))


def timed(path: SplinePath, model: RobotModel, speed_scale: float) -> Trajectory:
    """Return the fastest trajectory along a path, from rest to rest.

    Args:
        path: In the joints of the model, rad.
        model: Gives the limits.
        speed_scale: Share of the velocity and of the acceleration limits to use.

    Raises:
        TrajectoryInvalid: The path cannot be timed.
    """
    velocity, acceleration = model.max_velocity * speed_scale, model.max_acceleration * speed_scale
    for finer in (1, 2, 4):
        trajectory = _along(path, model, velocity, acceleration, path.grid(finer))
        stretch = _excess(trajectory, velocity, acceleration)
        if stretch <= _MOST_STRETCH:
            break
    return _slowed(trajectory, stretch)


def _along(
    path: SplinePath, model: RobotModel, velocity: Floats, acceleration: Floats, grid: Floats
) -> Trajectory:
    limits = _limits(tuple(velocity), tuple(acceleration))
    solver = algorithm.TOPPRA(limits, path, gridpoints=grid, solver_wrapper="seidel")
    _, speeds, _ = solver.compute_parameterization(0.0, 0.0)
    if speeds is None or not np.isfinite(speeds).all():
        raise TrajectoryInvalid("The path cannot be timed.", "Plan the motion anew.")
    times, places, rates = _steps(grid, np.maximum(speeds, 0.0))
    positions, velocities = path(places), path(places, 1) * rates[:, None]
    velocities[[0, -1]] = 0.0
    return Trajectory(model.names, times, positions, velocities)


@lru_cache(maxsize=64)
def _limits(velocity: tuple[float, ...], acceleration: tuple[float, ...]) -> list[Any]:
    """Return the limits as TOPP-RA takes them, which formats them as text each time."""
    return [
        constraint.JointVelocityConstraint(_both_ways(velocity)),
        constraint.JointAccelerationConstraint(
            _both_ways(acceleration),
            discretization_scheme=constraint.DiscretizationType.Interpolation,
        ),
    ]


def _both_ways(limits: tuple[float, ...]) -> Floats:
    return np.stack([np.negative(limits), limits], axis=1)


def _steps(grid: Floats, speeds: Floats) -> tuple[Floats, Floats, Floats]:
    """Return times, places on the path and rates there, no two times far apart.

    Between grid points the path's own acceleration is constant, so cubics between them follow the
    trajectory closely; points across a change of acceleration would overshoot it by half.
    """
    moving = (speeds[:-1] + speeds[1:]) / 2
    spans = np.diff(grid) / np.maximum(moving, 1e-9)
    step_s = max(LONGEST_STEP_S, float(spans.sum()) / MOST_STEPS)
    parts = np.maximum(np.ceil(spans / step_s), 1).astype(int)
    index = np.repeat(np.arange(len(spans)), parts)
    share = np.concatenate([np.arange(n) / n for n in parts])
    since = share * spans[index]
    gain = (np.diff(speeds) / spans)[index]
    begin = np.concatenate([[0.0], np.cumsum(spans)])
    times = np.append(begin[index] + since, begin[-1])
    places = np.append(grid[index] + speeds[index] * since + gain * since**2 / 2, grid[-1])
    return times, places, np.append(speeds[index] + gain * since, speeds[-1])


def _excess(trajectory: Trajectory, velocity: Floats, acceleration: Floats) -> float:
    """Return how much longer a trajectory must take to exceed no limit between its points."""
    fastest, strongest = peaks(trajectory)
    speed = float((fastest / velocity).max())
    return max(1.0, speed, float(np.sqrt((strongest / acceleration).max()))) * (1 + 1e-9)


def _slowed(trajectory: Trajectory, stretch: float) -> Trajectory:
    """Return the same curves, run through evenly slower."""
    return Trajectory(
        trajectory.names,
        trajectory.times_s * stretch,
        trajectory.positions,
        trajectory.velocities / stretch,
    )


def peaks(trajectory: Trajectory) -> tuple[Floats, Floats]:
    """Return the highest speed and acceleration of each joint anywhere, each of shape (n,).

    Within a piece the speed is a parabola, highest at an end or at its vertex, and the acceleration
    is linear, highest at an end.
    """
    _, b, c, d = trajectory.cubics()
    h = np.diff(trajectory.times_s)[:, None]
    vertex = np.clip(np.where(np.abs(d) > 1e-12, -c / (3 * np.where(d == 0, 1.0, d)), 0.0), 0.0, h)
    speeds = [np.abs(b + t * (2 * c + t * 3 * d)) for t in (np.zeros_like(h), vertex, h)]
    forces = [np.abs(2 * c), np.abs(2 * c + 6 * d * h)]
    return np.max(speeds, axis=(0, 1)), np.max(forces, axis=(0, 1))


def pieces(trajectory: Trajectory) -> Floats:
    """Return a trajectory's cubics by their Bernstein control points, shape (points - 1, 4, n)."""
    third = np.diff(trajectory.times_s)[:, None] / 3
    p, v = trajectory.positions, trajectory.velocities
    return np.stack([p[:-1], p[:-1] + third * v[:-1], p[1:] - third * v[1:], p[1:]], axis=1)
