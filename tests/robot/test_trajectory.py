from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.errors import TrajectoryInvalid
from lectern.robot.trajectory import MAX_POINTS, Trajectory

NAMES = ("a", "b")


def trajectory(**fields) -> Trajectory:
    good = {
        "names": NAMES,
        "times_s": [0.0, 1.0, 3.0],
        "positions": [[0.0, 1.0], [0.5, 0.0], [1.0, -1.0]],
        "velocities": [[0.0, 0.0], [0.4, -0.3], [0.0, 0.0]],
    }
    return Trajectory(**{**good, **fields})


def test_a_trajectory_passes_through_its_points_with_their_velocities():
    given_ = trajectory()
    positions, velocities, _ = given_.sample(given_.times_s)
    assert np.allclose(positions, given_.positions)
    assert np.allclose(velocities, given_.velocities)


@given(st.floats(0.01, 2.99))
def test_velocity_and_acceleration_are_the_derivatives_of_position(t):
    h = 1e-5
    if abs(t - 1.0) < 2 * h:  # the acceleration jumps at a point
        t += 4 * h
    positions, velocities, accelerations = trajectory().sample(np.array([t - h, t, t + h]))
    assert np.allclose((positions[2] - positions[0]) / (2 * h), velocities[1], atol=1e-6)
    assert np.allclose((velocities[2] - velocities[0]) / (2 * h), accelerations[1], atol=1e-6)


def test_before_and_after_it_holds_still():
    positions, velocities, accelerations = trajectory().sample(np.array([-1.0, 9.0]))
    assert np.allclose(positions, [[0.0, 1.0], [1.0, -1.0]])
    assert not velocities.any()
    assert not accelerations.any()


def test_its_arrays_are_its_own_and_read_only():
    positions = np.zeros((3, 2))
    made = trajectory(positions=positions)
    positions[0] = 9.0
    assert not made.positions.any()
    with pytest.raises(ValueError, match="read-only"):
        made.positions[0] = 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"names": ("a", "c")},
        {"names": ("b", "a")},
        {"times_s": [0.0, 1.0, 3.0000001]},
        {"positions": [[0.0, 1.0], [0.5, 0.0], [1.0, -1.0000001]]},
        {"velocities": [[0.0, 0.0], [0.4, -0.3000001], [0.0, 0.0]]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_a_trajectory_is_in_its_digest(change):
    assert trajectory(**change).digest() != trajectory().digest()


def test_equal_trajectories_have_equal_digests():
    assert trajectory().digest() == trajectory().digest()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"times_s": [0.1, 1.0, 3.0]}, id="does not begin at 0"),
        pytest.param({"times_s": [0.0, 1.0, 1.0]}, id="time stands still"),
        pytest.param({"times_s": [0.0, 2.0, 1.0]}, id="time runs back"),
        pytest.param({"times_s": [0.0, np.nan, 3.0]}, id="time is no number"),
        pytest.param({"times_s": 0.0}, id="one time"),
        pytest.param({"times_s": [[0.0, 1.0, 3.0]]}, id="times in a table"),
        pytest.param({"positions": [[0.0, 1.0], [0.5, np.inf], [1.0, -1.0]]}, id="infinite"),
        pytest.param({"velocities": [[0.0, 0.0], [np.nan, 0.0], [0.0, 0.0]]}, id="no number"),
        pytest.param({"positions": [[0.0], [0.5], [1.0]]}, id="a joint is missing"),
        pytest.param({"positions": [[0.0, 1.0], [0.5]]}, id="ragged"),
        pytest.param({"velocities": "fast"}, id="text"),
        pytest.param({"names": ("a", "a")}, id="a joint named twice"),
        pytest.param(
            {"names": (), "positions": np.zeros((3, 0)), "velocities": np.zeros((3, 0))},
            id="no joints",
        ),
        pytest.param(
            {"times_s": [0.0], "positions": [[0.0, 0.0]], "velocities": [[0.0, 0.0]]},
            id="one point",
        ),
    ],
)
def test_what_is_no_trajectory_is_refused(fields):
    with pytest.raises(TrajectoryInvalid):
        trajectory(**fields)


def test_a_trajectory_has_a_largest_length():
    points = MAX_POINTS + 1
    with pytest.raises(TrajectoryInvalid, match=str(MAX_POINTS)):
        Trajectory(("a",), np.arange(points), np.zeros((points, 1)), np.zeros((points, 1)))
