"""Somebody else's trajectory, as the exact one that the motion gate checks and the robot follows.

ROS 2's joint_trajectory_controller, MoveIt and DDS commands send points: positions at times, with
velocities or without, with accelerations or without. What the arm does between them is decided
here, once, so that the gate checks the very curve that is followed:

- positions only: a cubic through the points that never overshoots one. The velocities are those of
  Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants",
  1984, and zero at both ends. The controller's own choice, straight lines, would let the speed
  jump at every point.
- velocities too: the cubic that meets them, as the controller follows it.
- accelerations too: the controller follows the quintic that meets them. Cubics that touch it often
  enough follow it, never further away than the two tolerances below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator  # type: ignore[import-untyped]

from lectern.errors import LimitsExceeded, PlanOutdated, TrajectoryInvalid
from lectern.robot.gate.continuity import REST_TOLERANCE_RAD_S
from lectern.robot.gate.tools import MAX_FOLLOWED_POINTS
from lectern.robot.geometry import Floats
from lectern.robot.model import LIMIT_TOLERANCE, RobotModel
from lectern.robot.robot import START_TOLERANCE_RAD
from lectern.robot.trajectory import Trajectory

# Furthest that a cubic may be from the quintic it stands for, rad, and in acceleration, rad/s^2.
QUINTIC_TOLERANCE_RAD = 1e-6
QUINTIC_TOLERANCE_RAD_S2 = 0.02
# How long an arm that is at its only point is told to stay there.
_STAY_S = 0.1


@dataclass(frozen=True)
class CommandedPoint:
    """One point of a commanded trajectory, joints in the order of the trajectory's names.

    Attributes:
        time_from_start_s: When to be there, in seconds from the start.
        positions: Where, rad or m.
        velocities: How fast, rad/s or m/s; empty: not said.
        accelerations: Rad/s^2 or m/s^2; empty: not said.
    """

    time_from_start_s: float
    positions: Sequence[float]
    velocities: Sequence[float] = ()
    accelerations: Sequence[float] = ()


@dataclass(frozen=True, eq=False)
class _Knots:
    """Points as arrays, joints in the robot's order; None: not said."""

    times_s: Floats
    positions: Floats
    velocities: Floats | None
    accelerations: Floats | None


def commanded(
    model: RobotModel,
    names: Sequence[str],
    points: Sequence[CommandedPoint],
    present_rad: Sequence[float] | Floats,
) -> Trajectory:
    """Return the trajectory that commanded points stand for, joints in the robot's order.

    A first point after time 0 is reached from where the robot is, at rest, as the controller does.

    Args:
        model: The robot.
        names: Exactly the arm's joints, in any order.
        points: Times rise strictly; all with the same fields; the last at rest.
        present_rad: Where the arm is, in the order of `model.names`.

    Raises:
        TrajectoryInvalid: A joint or a field is missing or too much, a number is not finite, times
            do not rise, it does not begin or end at rest, or it has too many points.
        LimitsExceeded: A point is outside the joint limits.
        PlanOutdated: It begins at time 0 elsewhere than the robot is.
    """
    order = _order(model, names)
    knots = _knots(points, order)
    _check_times(knots.times_s)
    _check_positions(knots.positions, model)
    knots = _at_rest(_from(knots, _present(present_rad, model), model), model)
    if knots.velocities is None:
        knots = _Knots(knots.times_s, knots.positions, _smooth(knots), None)
    elif knots.accelerations is not None:
        knots = _refined(knots, knots.velocities, knots.accelerations)
    assert knots.velocities is not None
    return Trajectory(model.names, knots.times_s, knots.positions, knots.velocities)


def follow_arguments(trajectory: Trajectory) -> dict[str, Any]:
    """Return a trajectory as the arguments of the gate's tool `follow_trajectory`, to the bit."""
    return {
        "names": list(trajectory.names),
        "times_s": trajectory.times_s.tolist(),
        "positions_rad": trajectory.positions.tolist(),
        "velocities_rad_s": trajectory.velocities.tolist(),
    }


def _order(model: RobotModel, names: Sequence[str]) -> list[int]:
    """Return where each of the robot's joints is among the names."""
    given = list(names)
    unknown = [name for name in given if name not in model.names]
    missing = [name for name in model.names if name not in given]
    if unknown or missing or len(given) != len(model.names):
        fault = (
            f"names {str(unknown[0])[:80]!r}, which is no joint of the arm"
            if unknown
            else f"does not name {missing[0]}"
            if missing
            else "names a joint twice"
        )
        raise TrajectoryInvalid(
            f"The trajectory {fault}.", f"Name each of {', '.join(model.names)} once."
        )
    return [given.index(name) for name in model.names]


def _knots(points: Sequence[CommandedPoint], order: list[int]) -> _Knots:
    if not 0 < len(points) < MAX_FOLLOWED_POINTS:  # where the robot is may become one more
        raise TrajectoryInvalid(
            f"The trajectory has {len(points)} points.", f"Send 1 to {MAX_FOLLOWED_POINTS - 1}."
        )
    times = _array([[point.time_from_start_s] for point in points], "time", [0])
    positions = _array([point.positions for point in points], "positions", order)
    velocities = _optional([point.velocities for point in points], "velocities", order)
    accelerations = _optional([point.accelerations for point in points], "accelerations", order)
    if velocities is None and accelerations is not None:
        raise TrajectoryInvalid(
            "The trajectory has accelerations without velocities.", "Send both, or neither."
        )
    return _Knots(times[:, 0], positions, velocities, accelerations)


def _optional(rows: list[Sequence[float]], what: str, order: list[int]) -> Floats | None:
    """Return the rows as an array; None where no point has any."""
    having = [len(row) > 0 for row in rows]
    if not any(having):
        return None
    if not all(having):
        raise TrajectoryInvalid(
            f"Point {having.index(False) + 1} has no {what}, though others have.",
            f"Give every point {what}, or none.",
        )
    return _array(rows, what, order)


def _array(rows: Sequence[Sequence[float]], what: str, order: list[int]) -> Floats:
    """Return finite numbers, shape (points, joints), joints in the robot's order."""
    for number, row in enumerate(rows, start=1):
        if len(row) != len(order):
            raise TrajectoryInvalid(
                f"Point {number} has {len(row)} {what} for {len(order)} joints.",
                "Give one for each joint named.",
            )
    try:
        values = np.array([tuple(row) for row in rows], dtype=np.float64)[:, order]
    except (TypeError, ValueError, OverflowError) as error:
        raise TrajectoryInvalid(f"The {what} are not numbers.", "Send numbers.") from error
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise TrajectoryInvalid(
            f"Point {bad[0][0] + 1} has a {what} that is not finite."
            if what == "time"
            else f"Point {bad[0][0] + 1} has {what} that are not finite.",
            "Send finite numbers.",
        )
    return values


def _check_times(times_s: Floats) -> None:
    if times_s[0] < 0:
        raise TrajectoryInvalid(
            f"Point 1 is at {times_s[0]:g} s, before the start.", "Let times begin at 0 or later."
        )
    stuck = np.flatnonzero(~(np.diff(times_s) > 0))
    if len(stuck):
        number = int(stuck[0])
        raise TrajectoryInvalid(
            f"Point {number + 2} is at {times_s[number + 1]:g} s, not after point {number + 1} at "
            f"{times_s[number]:g} s.",
            "Let times rise from point to point.",
        )


def _check_positions(positions: Floats, model: RobotModel) -> None:
    beyond = np.maximum(model.lower - positions, positions - model.upper) > LIMIT_TOLERANCE
    if not beyond.any():
        return
    row, column = np.argwhere(beyond)[0]
    limits = model.joints[column].limits
    raise LimitsExceeded(
        f"Point {row + 1} has {model.names[column]} at {positions[row, column]:.4f} rad, not in "
        f"{limits.lower:g} to {limits.upper:g}.",
        "Stay within the joint's limits.",
    )


def _present(present_rad: Sequence[float] | Floats, model: RobotModel) -> Floats:
    present = np.asarray(present_rad, dtype=np.float64)
    if present.shape != (len(model.names),) or not np.isfinite(present).all():
        raise TrajectoryInvalid(
            f"Where the robot is, is not {len(model.names)} finite numbers.",
            "Measure where the robot is first.",
        )
    return present


def _from(knots: _Knots, present: Floats, model: RobotModel) -> _Knots:
    """Let a trajectory begin at time 0, where the robot is."""
    if knots.times_s[0] > 0:
        return _preceded(knots, present)
    gaps = np.abs(knots.positions[0] - present)
    joint = int(gaps.argmax())
    if gaps[joint] > START_TOLERANCE_RAD:
        raise PlanOutdated(
            f"Point 1 is at time 0 with {model.names[joint]} {gaps[joint]:.4f} rad from where it "
            "is.",
            "Begin where the robot is, or give the first point a time to get there.",
        )
    return _stayed(knots) if len(knots.times_s) == 1 else knots


def _preceded(knots: _Knots, present: Floats) -> _Knots:
    def with_rest(values: Floats | None) -> Floats | None:
        return None if values is None else np.vstack([np.zeros_like(present), values])

    return _Knots(
        np.concatenate([[0.0], knots.times_s]),
        np.vstack([present, knots.positions]),
        with_rest(knots.velocities),
        with_rest(knots.accelerations),
    )


def _stayed(knots: _Knots) -> _Knots:
    """Return the only point, which is where the robot is, twice."""

    def twice(values: Floats | None) -> Floats | None:
        return None if values is None else np.vstack([values, values])

    positions = np.vstack([knots.positions, knots.positions])
    # An acceleration at a place to stay at would be a way there and back.
    return _Knots(np.array([0.0, _STAY_S]), positions, twice(knots.velocities), None)


def _at_rest(knots: _Knots, model: RobotModel) -> _Knots:
    """Check that velocities, where there are any, are zero at both ends, and make them exactly."""
    if knots.velocities is None:
        return knots
    for row, verb in ((0, "begin"), (-1, "end")):
        speeds = np.abs(knots.velocities[row])
        joint = int(speeds.argmax())
        if speeds[joint] > REST_TOLERANCE_RAD_S:
            raise TrajectoryInvalid(
                f"The trajectory does not {verb} at rest: {model.names[joint]} has "
                f"{speeds[joint]:.4g} rad/s.",
                "Let the first point at time 0 and the last one have velocities of zero.",
            )
    velocities = knots.velocities.copy()
    velocities[[0, -1]] = 0.0
    return _Knots(knots.times_s, knots.positions, velocities, knots.accelerations)


def _smooth(knots: _Knots) -> Floats:
    """Return velocities with which no joint overshoots a point, at rest at both ends."""
    try:
        with np.errstate(all="ignore"):
            curve = PchipInterpolator(knots.times_s, knots.positions, axis=0)
            velocities = np.array(curve(knots.times_s, 1), dtype=np.float64)
    except ValueError as error:  # a slope that is too steep to compute
        raise TrajectoryInvalid(
            "The trajectory's points follow each other too closely to pass them smoothly.",
            "Let more time pass between points.",
        ) from error
    velocities[[0, -1]] = 0.0
    return velocities


def _refined(knots: _Knots, velocities: Floats, accelerations: Floats) -> _Knots:
    """Return points on the quintics, close enough for cubics to follow them."""
    h = np.diff(knots.times_s)[:, None]
    with np.errstate(all="ignore"):
        quintics = _quintics(knots.positions, velocities, accelerations, h)
        parts = _parts(quintics, knots.times_s)
    which = np.repeat(np.arange(len(parts)), parts)
    first = np.repeat(np.cumsum(parts) - parts, parts)
    share = ((np.arange(len(which)) - first) / parts[which])[:, None]
    a, b, c, d, e, f = (coefficient[which] for coefficient in quintics)
    position = a + share * (b + share * (c + share * (d + share * (e + share * f))))
    rate = b + share * (2 * c + share * (3 * d + share * (4 * e + share * 5 * f)))
    times_s = knots.times_s[which] + share[:, 0] * h[which, 0]
    return _Knots(
        np.append(times_s, knots.times_s[-1]),
        np.vstack([position, knots.positions[-1]]),
        np.vstack([rate / h[which], velocities[-1]]),
        None,
    )


def _quintics(p: Floats, v: Floats, acceleration: Floats, h: Floats) -> tuple[Floats, ...]:
    """Return the six coefficients of each segment, by powers of the share of its time."""
    way = np.diff(p, axis=0)
    v0, v1 = v[:-1] * h, v[1:] * h
    a0, a1 = acceleration[:-1] * h**2, acceleration[1:] * h**2
    return (
        p[:-1],
        v0,
        a0 / 2,
        10 * way - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1,
        -15 * way + 8 * v0 + 7 * v1 + 1.5 * a0 - a1,
        6 * way - 3 * v0 - 3 * v1 - 0.5 * a0 + 0.5 * a1,
    )


def _parts(quintics: tuple[Floats, ...], times_s: Floats) -> NDArray[np.int64]:
    """Return into how many cubics each quintic is cut, shape (segments,).

    Over a length of time t, the cubic that meets positions and velocities is within M t^4 / 384 of
    a function whose fourth derivative is at most M, and within M t^2 / 12 of its second derivative
    (Birkhoff and Priver, "Hermite interpolation errors for derivatives", 1967).
    """
    at_start, at_end = 24 * quintics[4], 24 * quintics[4] + 120 * quintics[5]
    fourth = np.maximum(np.abs(at_start), np.abs(at_end)).max(axis=1)
    for_position = (fourth / (384 * QUINTIC_TOLERANCE_RAD)) ** 0.25
    for_acceleration = np.sqrt(fourth / (12 * QUINTIC_TOLERANCE_RAD_S2)) / np.diff(times_s)
    parts = np.ceil(np.maximum(np.maximum(for_position, for_acceleration), 1.0))
    if not parts.sum() < MAX_FOLLOWED_POINTS:
        worst = int(np.argmax(parts))
        raise TrajectoryInvalid(
            f"The trajectory bends too much to follow, the most between {times_s[worst]:.3f} and "
            f"{times_s[worst + 1]:.3f} s.",
            "Send lower accelerations, or leave them out.",
        )
    counts: NDArray[np.int64] = parts.astype(np.int64)
    return counts
