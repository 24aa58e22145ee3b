from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lectern.errors import InvalidInput
from lectern.robot.geometry import Pose, quaternion_of

parts = st.floats(-1, 1)
metres = st.floats(-10, 10)


@st.composite
def poses(draw) -> Pose:
    quaternion = draw(st.tuples(parts, parts, parts, parts))
    assume(math.hypot(*quaternion) > 1e-3)
    return Pose(draw(st.tuples(metres, metres, metres)), quaternion)


@given(poses())
def test_a_pose_is_a_rotation_and_survives_its_matrix(pose):
    matrix = pose.matrix()
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3))
    assert np.isclose(np.linalg.det(matrix[:3, :3]), 1.0)
    again = Pose.from_matrix(matrix)
    assert np.allclose(again.matrix(), matrix, atol=1e-9)
    assert again.quaternion_xyzw[3] >= 0


@given(poses(), poses(), hnp.arrays(float, 3, elements=metres))
def test_poses_compose_as_their_effects_do(outer, inner, point):
    def put(pose: Pose, p):
        return (pose.matrix() @ [*p, 1.0])[:3]

    assert np.allclose(put(outer @ inner, point), put(outer, put(inner, point)), atol=1e-7)


@given(poses())
def test_a_pose_and_its_inverse_cancel(pose):
    assert np.allclose((pose @ pose.inverse("tool")).matrix(), np.eye(4), atol=1e-7)
    assert pose.inverse("tool").frame == "tool"


@given(st.floats(-math.pi, math.pi), st.integers(0, 2))
def test_a_half_turn_and_every_other_angle_give_the_right_quaternion(angle, axis):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.roll(np.roll(np.array([[1, 0, 0], [0, c, -s], [0, s, c]]), axis, 0), axis, 1)
    q = np.array(quaternion_of(turn))
    expected = np.zeros(4)
    expected[axis], expected[3] = math.sin(angle / 2), math.cos(angle / 2)
    assert min(np.abs(q - expected).max(), np.abs(q + expected).max()) < 1e-7


def test_a_quarter_turn_about_z_takes_x_to_y():
    half = math.sqrt(0.5)
    matrix = Pose((0, 0, 0), (0, 0, half, half)).matrix()
    assert np.allclose(matrix[:3, :3] @ [1, 0, 0], [0, 1, 0])


@pytest.mark.parametrize(
    ("position", "quaternion"),
    [
        pytest.param((math.nan, 0, 0), (0, 0, 0, 1), id="position that is no number"),
        pytest.param((0, 0, math.inf), (0, 0, 0, 1), id="position at infinity"),
        pytest.param((0, 0, 0), (0, 0, 0, math.nan), id="turn that is no number"),
        pytest.param((0, 0, 0), (0, 0, 0, 0), id="no direction"),
        pytest.param((0, 0, 0), (1e308, 1e308, 1e308, 1e308), id="a length beyond all numbers"),
        pytest.param((0, 0, 0, 0), (0, 0, 1), id="seven numbers, wrongly divided"),
        pytest.param((0, 0), (0, 0, 0, 1), id="too few"),
    ],
)
def test_what_is_no_pose_is_refused(position, quaternion):
    with pytest.raises(InvalidInput):
        Pose(position, quaternion)
