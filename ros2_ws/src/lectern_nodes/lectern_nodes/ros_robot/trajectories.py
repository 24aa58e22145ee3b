"""Trajectories between Lectern and ROS, so that what was approved is what is followed.

ROS counts time in whole nanoseconds. A plan of this robot has only such times, so that its digest
stands for the very message that the controller gets: positions, velocities and no accelerations,
between which joint_trajectory_controller follows the same cubics as `Trajectory`.

MoveIt's own timing is not used. It sends accelerations, which the controller turns into quintics
that exceed the limits between the points; its way through the joints is kept and timed anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lectern.errors import TrajectoryInvalid
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.planning.timing import SplinePath, nudged, peaks, rounded, through, timed
from lectern.robot.trajectory import Trajectory

_NS = 1_000_000_000
_SAME_RAD = 1e-7
_NUDGE_RAD = 1e-4
# How often a trajectory is slowed down a little more until rounding exceeds no limit.
_ATTEMPTS = 6
_LEAST_STRETCH = 1e-6


def duration_message(types: Any, seconds: float) -> Any:
    """Return a `builtin_interfaces/Duration`, to the nearest nanosecond."""
    whole, rest = divmod(round(seconds * _NS), _NS)
    return types.Duration(sec=int(whole), nanosec=int(rest))


def seconds_of(message: Any) -> float:
    """Return the seconds of a `Duration` or `Time`: the number that is nearest to them."""
    return (int(message.sec) * _NS + int(message.nanosec)) / _NS


def trajectory_message(types: Any, trajectory: Trajectory) -> Any:
    """Return a `trajectory_msgs/JointTrajectory` that begins when it arrives.

    Raises:
        TrajectoryInvalid: Two points are within the same nanosecond.
    """
    times = np.round(trajectory.times_s * _NS)
    if not (np.diff(times) > 0).all():
        raise TrajectoryInvalid(
            "The trajectory has two points within a nanosecond.", "Plan the motion anew."
        )
    points = [
        types.JointTrajectoryPoint(
            positions=positions.tolist(),
            velocities=velocities.tolist(),
            time_from_start=duration_message(types, float(time_s)),
        )
        for time_s, positions, velocities in zip(
            trajectory.times_s, trajectory.positions, trajectory.velocities, strict=True
        )
    ]
    return types.JointTrajectory(joint_names=list(trajectory.names), points=points)


def way_of(message: Any, model: RobotModel) -> Floats:
    """Return the positions of a `JointTrajectory`, shape (points, joints), in the model's order.

    Raises:
        TrajectoryInvalid: It lacks a joint, a point or a number.
    """
    names = list(message.joint_names)
    missing = [name for name in model.names if name not in names]
    if missing or not message.points:
        what = f"does not name {missing[0]}" if missing else "has no points"
        raise TrajectoryInvalid(f"MoveIt's trajectory {what}.", "Look at its planning group.")
    order = [names.index(name) for name in model.names]
    try:
        way = np.array([tuple(p.positions) for p in message.points], dtype=np.float64)[:, order]
    except (ValueError, IndexError) as error:
        raise TrajectoryInvalid(
            "MoveIt's trajectory lacks a position.", "Look at its log."
        ) from error
    if not np.isfinite(way).all():
        raise TrajectoryInvalid("MoveIt's trajectory has no finite numbers.", "Look at its log.")
    return way


def retimed(way: Floats, model: RobotModel, speed_scale: float, radius_rad: float) -> Trajectory:
    """Return the fastest trajectory along a way, from rest to rest, in whole nanoseconds.

    Args:
        way: Positions, shape (points, joints), rad.
        model: Gives the limits.
        speed_scale: Share of them to use.
        radius_rad: 0: exactly through every point, on a spline; else: along the straight stretches
            between them, rounding each corner from this far on.
    """
    apart = np.append(True, np.abs(np.diff(way, axis=0)).max(axis=1) > _SAME_RAD)
    points = way[apart]
    if len(points) < 2 or np.abs(points - points[0]).max() < _NUDGE_RAD:
        return whole_nanoseconds(nudged(model, way[0], way[-1], speed_scale), model, speed_scale)
    trajectory = timed(_path(points, radius_rad), model, speed_scale)
    return whole_nanoseconds(_ending(trajectory, way[0], way[-1]), model, speed_scale)


def _path(points: Floats, radius_rad: float) -> SplinePath:
    if radius_rad <= 0:
        return through(points)
    return rounded(points, np.full(len(points) - 2, radius_rad))


def _ending(trajectory: Trajectory, first: Floats, last: Floats) -> Trajectory:
    """Return a trajectory whose ends are exactly those asked for, of which it is a rounding off."""
    positions = trajectory.positions.copy()
    positions[0], positions[-1] = first, last
    return Trajectory(trajectory.names, trajectory.times_s, positions, trajectory.velocities)


def whole_nanoseconds(trajectory: Trajectory, model: RobotModel, speed_scale: float) -> Trajectory:
    """Return the same motion with every time a whole number of nanoseconds.

    Its points are taken from the exact curves at the rounded times. That changes accelerations a
    little, so the motion is slowed down by as much, where it would exceed a limit.
    """
    velocity, acceleration = model.max_velocity * speed_scale, model.max_acceleration * speed_scale
    before = _excess(trajectory, velocity, acceleration)
    stretch = 1.0
    for _ in range(_ATTEMPTS):
        result = _rounded(trajectory, stretch)
        excess = _excess(result, velocity, acceleration)
        if excess <= max(1.0, before):
            break
        stretch = max(stretch * excess, 1.0 + 2 * (stretch - 1.0)) + _LEAST_STRETCH
    return result


def _rounded(trajectory: Trajectory, stretch: float) -> Trajectory:
    """Return the motion, run through evenly slower, at whole nanoseconds."""
    times = np.round(trajectory.times_s * stretch * _NS)
    kept = np.append(True, np.diff(times) > 0)
    kept[-1] = True
    if len(times) > 2 and not np.diff(times)[-1] > 0:
        kept[-2] = False
    times_s = times[kept] / _NS
    positions, velocities, _ = trajectory.sample(times_s / stretch)
    positions[[0, -1]] = trajectory.positions[[0, -1]]
    velocities[[0, -1]] = trajectory.velocities[[0, -1]]
    return Trajectory(trajectory.names, times_s, positions, velocities / stretch)


def _excess(trajectory: Trajectory, velocity: Floats, acceleration: Floats) -> float:
    """Return by which factor the motion would have to be slower to exceed no limit."""
    fastest, strongest = peaks(trajectory)
    by_speed = float((fastest / velocity).max())
    return max(by_speed, float(np.sqrt((strongest / acceleration).max())))
