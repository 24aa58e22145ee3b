from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lectern.robot.arm import textbook_arm
from lectern.robot.planning.path import length_rad, shortened
from lectern.robot.planning.timing import (
    LONGEST_STEP_S,
    MOST_STEPS,
    nudged,
    peaks,
    pieces,
    rounded,
    timed,
)

MODEL = textbook_arm()
SEEDS = st.integers(0, 10_000)


def corners(seed, count):
    random = np.random.default_rng(seed)
    return random.uniform(MODEL.lower, MODEL.upper, (count, 6))


@settings(max_examples=25, deadline=None)
@example(seed=0, count=6, scale=0.05, radius=0.5)
@given(
    seed=SEEDS,
    count=st.integers(2, 6),
    scale=st.sampled_from([0.05, 0.5, 1.0]),
    radius=st.floats(0.001, 0.6),
)
def test_speed_and_acceleration_stay_within_the_limits_between_points(seed, count, scale, radius):
    path = rounded(corners(seed, count), np.full(count - 2, radius))
    trajectory = timed(path, MODEL, scale)
    fastest, strongest = peaks(trajectory)
    assert (fastest <= MODEL.max_velocity * scale * (1 + 1e-6)).all()
    assert (strongest <= MODEL.max_acceleration * scale * (1 + 1e-6)).all()
    np.testing.assert_allclose(trajectory.velocities[[0, -1]], 0.0)
    # A motion of minutes has longer steps, for their number is bounded.
    step_s = max(LONGEST_STEP_S, trajectory.duration_s / MOST_STEPS)
    assert np.diff(trajectory.times_s).max() <= 1.6 * step_s


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_closed_form_peaks_are_those_of_dense_samples(seed):
    trajectory = timed(rounded(corners(seed, 3), np.array([0.3])), MODEL, 1.0)
    times = np.linspace(0, trajectory.duration_s, 20_001)
    _, velocity, acceleration = trajectory.sample(times)
    fastest, strongest = peaks(trajectory)
    assert (np.abs(velocity).max(axis=0) <= fastest + 1e-9).all()
    assert (np.abs(acceleration).max(axis=0) <= strongest + 1e-9).all()
    np.testing.assert_allclose(np.abs(velocity).max(axis=0), fastest, rtol=1e-2)


def test_one_straight_motion_takes_the_time_that_its_slowest_joint_needs():
    start, end = np.zeros(6), np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    trajectory = timed(rounded(np.array([start, end]), np.array([])), MODEL, 1.0)
    v, a = MODEL.max_velocity[0], MODEL.max_acceleration[0]
    assert trajectory.duration_s == pytest.approx(2.0 / v + v / a, rel=0.01)


def test_half_the_speed_scale_halves_speed_and_acceleration():
    path = rounded(corners(4, 3), np.array([0.3]))
    fastest, strongest = peaks(timed(path, MODEL, 0.5))
    assert (fastest <= MODEL.max_velocity / 2 * (1 + 1e-6)).all()
    assert (strongest <= MODEL.max_acceleration / 2 * (1 + 1e-6)).all()


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_trajectory_stays_on_its_path(seed):
    path = rounded(corners(seed, 4), np.full(2, 0.4))
    trajectory = timed(path, MODEL, 1.0)
    dense = path(np.linspace(*path.path_interval, 20_001))
    times = np.random.default_rng(seed).uniform(0, trajectory.duration_s, 50)
    for q in trajectory.sample(times)[0]:
        assert np.abs(dense - q).max(axis=1).min() < 2e-3


def test_rounding_keeps_the_ends_and_cuts_corners_by_less_than_its_radius():
    points = corners(7, 4)
    curve = rounded(points, np.full(2, 0.2))
    start, end = curve(curve.path_interval)
    np.testing.assert_allclose([start, end], points[[0, -1]], atol=1e-12)
    dense = curve(np.linspace(*curve.path_interval, 5001))
    for corner in points:
        assert np.linalg.norm(dense - corner, axis=1).min() < 0.2


def test_control_points_give_the_trajectory_back():
    trajectory = timed(rounded(corners(9, 3), np.array([0.3])), MODEL, 1.0)
    a, b, c, d = pieces(trajectory).transpose(1, 0, 2)
    middle = (trajectory.times_s[1:] + trajectory.times_s[:-1]) / 2
    np.testing.assert_allclose(
        (a + 3 * b + 3 * c + d) / 8, trajectory.sample(middle)[0], atol=1e-12
    )


def test_standing_still_moves_nothing():
    trajectory = nudged(MODEL, np.ones(6), np.ones(6), 1.0)
    assert trajectory.duration_s > 0
    fastest, _ = peaks(trajectory)
    assert fastest.max() == 0.0


@pytest.mark.parametrize("scale", [1.0, 0.001])
@pytest.mark.parametrize("apart_rad", [1e-9, 1e-6, 1e-4])
def test_a_nudge_arrives_within_the_limits(apart_rad, scale):
    trajectory = nudged(MODEL, np.zeros(6), np.full(6, apart_rad), scale)
    np.testing.assert_array_equal(trajectory.positions[-1], np.full(6, apart_rad))
    fastest, hardest = peaks(trajectory)
    assert (fastest <= scale * MODEL.max_velocity).all()
    assert (hardest <= scale * MODEL.max_acceleration).all()


def detour():
    """A path around the corner of a square, in two of six joints."""
    path = np.zeros((7, 6))
    path[:, 0] = [0, 0, 0.2, 0.9, 1.4, 1.7, 2]
    path[:, 1] = [0, 1.2, 1.5, 1.9, 1.4, 0.8, 0]
    return path


def outside_square(first, second):
    between = first + np.linspace(0, 1, 200)[:, None] * (second - first)
    blocked = (between[:, 0] > 0.5) & (between[:, 0] < 1.5) & (between[:, 1] < 1.0)
    return not blocked.any()


def test_shortening_keeps_the_ends_and_every_piece_free():
    short = shortened(detour(), outside_square, seed=1)
    np.testing.assert_allclose(short[[0, -1]], detour()[[0, -1]])
    assert all(outside_square(a, b) for a, b in pairwise(short))
    assert length_rad(short) < 0.95 * length_rad(detour())


def test_shortening_is_the_same_for_a_seed():
    first, second = (shortened(detour(), outside_square, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_shortening_skips_every_corner_where_nothing_is_in_the_way():
    assert len(shortened(detour(), lambda a, b: True, seed=1)) == 2
