"""The closed-form extremes against dense sampling and against polynomials with known turns."""

from __future__ import annotations

import numpy as np
from gatekit import ARM, path
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lectern.robot.gate.extremes import extremes
from lectern.robot.trajectory import Trajectory

values = st.floats(-10, 10, allow_nan=False)
gaps = st.floats(0.01, 5.0)


@st.composite
def trajectories(draw) -> Trajectory:
    points = draw(st.integers(2, 6))
    shape = (points, 2)
    times = np.concatenate([[0.0], np.cumsum(draw(hnp.arrays(float, points - 1, elements=gaps)))])
    positions = draw(hnp.arrays(float, shape, elements=values))
    velocities = draw(hnp.arrays(float, shape, elements=values))
    return Trajectory(("a", "b"), times, positions, velocities)


@settings(max_examples=150, deadline=None)
@given(trajectories())
def test_no_instant_of_a_trajectory_lies_beyond_its_extremes(trajectory):
    reached = extremes(trajectory)
    for k in range(len(trajectory.times_s) - 1):
        start, end = trajectory.times_s[k : k + 2]
        # Not the very end, which belongs to the next segment.
        position, velocity, acceleration = trajectory.sample(
            start + np.linspace(0, 1, 400, endpoint=False) * (end - start)
        )
        slack = 1e-9 * (1 + np.abs(velocity).max() + np.abs(acceleration).max())
        assert (position >= reached.lowest[k] - slack).all()
        assert (position <= reached.highest[k] + slack).all()
        assert (np.abs(velocity) <= reached.speed[k] + slack).all()
        assert (np.abs(acceleration) <= reached.acceleration[k] + slack).all()


@settings(max_examples=150, deadline=None)
@given(trajectories())
def test_the_extremes_are_reached_and_not_merely_bounds(trajectory):
    reached = extremes(trajectory)
    for k in range(len(trajectory.times_s) - 1):
        start, end = trajectory.times_s[k : k + 2]
        position, velocity, _ = trajectory.sample(np.linspace(start, end, 4001)[:-1])
        near = 1e-3 * (1 + np.abs(velocity).max()) * (1 + end - start)
        assert (reached.highest[k] <= position.max(0) + near).all()
        assert (reached.lowest[k] >= position.min(0) - near).all()


def test_the_turn_of_a_known_cubic_is_found():
    # From 0 to 0 in 1 s, leaving with 1 rad/s, arriving with -1 rad/s: t - t^2, 0.25 rad high.
    bump = Trajectory(("a",), [0.0, 1.0], [[0.0], [0.0]], [[1.0], [-1.0]])
    reached = extremes(bump)
    assert np.isclose(reached.highest[0, 0], 0.25)
    assert reached.lowest[0, 0] == 0.0
    assert np.isclose(reached.speed[0, 0], 1.0)
    assert np.isclose(reached.acceleration[0, 0], 2.0)


def test_the_speed_between_two_points_at_rest_is_found():
    # 3 t^2 - 2 t^3: 1.5 rad/s in the middle, 6 rad/s^2 at the ends, at rest at both points.
    step = Trajectory(("a",), [0.0, 1.0], [[0.0], [1.0]], [[0.0], [0.0]])
    reached = extremes(step)
    assert np.isclose(reached.speed[0, 0], 1.5)
    assert np.isclose(reached.acceleration[0, 0], 6.0)


def test_numbers_too_large_to_compute_are_not_within_anything():
    huge = Trajectory(("a",), [0.0, 1e-300], [[-1e308], [1e308]], [[0.0], [0.0]])
    reached = extremes(huge)
    assert not (reached.speed <= 1e9).any()
    assert not (reached.acceleration <= 1e9).any()


def test_standing_still_reaches_nothing_but_where_it_stands():
    reached = extremes(path(goal=path().positions[0], points=2))
    assert (reached.lowest == reached.highest).all()
    assert (reached.speed == 0).all()
    assert reached.speed.shape == (1, len(ARM.names))
