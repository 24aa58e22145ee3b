import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.errors import DescriptionInvalid, GoalUnreachable, InvalidInput
from lectern.robot.arm import textbook_arm
from lectern.robot.description import dh_table
from lectern.robot.geometry import Pose
from lectern.robot.planning.inverse import SphericalWrist
from lectern.robot.planning.kinematics import Kinematics

MODEL = textbook_arm()
KINEMATICS = Kinematics(MODEL)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6)


def within_limits(shares):
    return MODEL.lower + np.array(shares) * (MODEL.upper - MODEL.lower)


def by_dh(q):
    """The product of the book's standard DH matrices, written independently of the arm's code."""
    pose = np.eye(4)
    for row, angle in zip(dh_table(), q, strict=True):
        theta = angle + row.theta_offset_rad
        c, s, ca, sa = np.cos(theta), np.sin(theta), np.cos(row.alpha_rad), np.sin(row.alpha_rad)
        pose = pose @ np.array(
            [
                [c, -s * ca, s * sa, row.a_m * c],
                [s, c * ca, -c * sa, row.a_m * s],
                [0, sa, ca, row.d_m],
                [0, 0, 0, 1],
            ]
        )
    return pose


@settings(deadline=None)
@given(SHARES)
def test_forward_kinematics_equals_the_product_of_the_dh_matrices(shares):
    q = within_limits(shares)
    np.testing.assert_allclose(KINEMATICS.forward(q).matrix(), by_dh(q), atol=1e-9)


@settings(deadline=None)
@given(SHARES)
def test_the_jacobian_equals_finite_differences(shares):
    q, h = within_limits(shares), 1e-6
    columns = []
    for step in np.eye(6) * h:
        after, before = by_dh(q + step), by_dh(q - step)
        turn = (after[:3, :3] - before[:3, :3]) / (2 * h) @ by_dh(q)[:3, :3].T
        spin = [turn[2, 1], turn[0, 2], turn[1, 0]]
        columns.append([*((after - before)[:3, 3] / (2 * h)), *spin])
    np.testing.assert_allclose(KINEMATICS.jacobian(q), np.array(columns).T, atol=1e-7)


@settings(deadline=None)
@given(SHARES)
def test_manipulability_is_the_determinant_and_never_negative(shares):
    q = within_limits(shares)
    expected = abs(np.linalg.det(KINEMATICS.jacobian(q)))
    assert KINEMATICS.manipulability(q) == pytest.approx(expected, abs=1e-12)


def test_manipulability_is_zero_where_the_arm_is_stretched():
    assert KINEMATICS.manipulability(MODEL.named["stretched"]) < 1e-12


def test_the_textbook_arm_is_solved_in_closed_form():
    assert KINEMATICS.closed_form


@settings(deadline=None)
@given(SHARES)
def test_every_inverse_solution_reaches_the_pose_within_the_limits(shares):
    pose = KINEMATICS.forward(within_limits(shares))
    solutions = KINEMATICS.inverse(pose)
    assert solutions
    for q in solutions:
        np.testing.assert_allclose(by_dh(q), pose.matrix(), atol=1e-8)
        assert (q >= MODEL.lower).all()
        assert (q <= MODEL.upper).all()


@settings(deadline=None)
@given(SHARES)
def test_the_inverse_finds_the_positions_a_pose_came_from_and_gives_them_first(shares):
    q = within_limits(shares)
    q[4] = q[4] if abs(q[4]) > 1e-2 else 1e-2  # at the wrist's singularity a whole line fits
    nearest = KINEMATICS.inverse(KINEMATICS.forward(q), near=q)[0]
    np.testing.assert_allclose(nearest, q, atol=1e-5)


def test_the_inverse_finds_all_eight_solutions_of_a_pose_that_has_them():
    q = np.array([0.3, 1.9, -1.2, 0.8, 1.0, -0.5])
    pose = KINEMATICS.forward(q)
    every = KINEMATICS._wrist.solutions(pose.matrix(), np.zeros(6))
    assert len(every) == 8
    for one in every:
        np.testing.assert_allclose(by_dh(one), pose.matrix(), atol=1e-9)
    apart = [np.abs(np.sin((a - b) / 2)).max() for i, a in enumerate(every) for b in every[:i]]
    assert min(apart) > 1e-3


def test_iteration_finds_no_solution_that_the_closed_form_misses():
    iterating = Kinematics(MODEL)
    iterating._wrist = None
    random = np.random.default_rng(5)
    for _ in range(5):
        pose = KINEMATICS.forward(random.uniform(MODEL.lower, MODEL.upper))
        closed = KINEMATICS.inverse(pose)
        found = iterating.inverse(pose, seed=1)
        assert found
        assert all(min(np.abs(q - c).max() for c in closed) < 1e-5 for q in found)


def test_iteration_is_the_same_for_a_seed():
    iterating = Kinematics(MODEL)
    iterating._wrist = None
    pose = KINEMATICS.forward(MODEL.named["ready"])
    first, second = (iterating.inverse(pose, seed=3, attempts=5) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", sorted(MODEL.named))
def test_named_poses_are_found_again_even_at_singularities(name):
    q = np.array(MODEL.named[name])
    solutions = KINEMATICS.inverse(KINEMATICS.forward(q), near=q)
    np.testing.assert_allclose(solutions[0], q, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3))
def test_a_pose_out_of_reach_has_no_solution(position):
    if np.linalg.norm(np.array(position) - [0, 0, 0.4]) < 1.11:
        position[0] += 3.0
    assert KINEMATICS.inverse(Pose(tuple(position))) == []


def test_an_unreachable_pose_is_refused_with_its_place():
    with pytest.raises(GoalUnreachable, match=r"\(2\.000, 0\.000, 0\.500\)"):
        KINEMATICS.reach(Pose((2.0, 0.0, 0.5)))


def test_a_pose_that_only_limits_forbid_is_refused_with_the_joint():
    beyond = np.array([3.1, 2.7, 0.0, 2.0, -2.1, 1.0])
    with pytest.raises(GoalUnreachable, match="joint_5"):
        KINEMATICS.reach(KINEMATICS.forward(beyond))


@pytest.mark.parametrize(
    "positions",
    [pytest.param([0.0] * 5, id="too few"), pytest.param([np.nan] * 6, id="not a number")],
)
def test_malformed_joint_positions_are_refused(positions):
    with pytest.raises(InvalidInput, match="joint_1"):
        KINEMATICS.forward(positions)


def test_an_unknown_link_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="forearm_link"):
        KINEMATICS.link_pose([0.0] * 6, "tail_link")


def test_a_pose_in_another_frame_is_refused():
    with pytest.raises(InvalidInput, match="camera"):
        KINEMATICS.inverse(Pose((0.5, 0.0, 0.5), frame="camera"))


def test_a_description_that_is_no_xml_is_refused():
    from dataclasses import replace

    with pytest.raises(DescriptionInvalid):
        Kinematics(replace(MODEL, urdf="<robot"))


def test_a_description_without_a_joint_is_refused_with_its_name():
    from dataclasses import replace

    urdf = MODEL.urdf.replace('"joint_4"', '"joint_four"')
    with pytest.raises(DescriptionInvalid, match="joint_4"):
        Kinematics(replace(MODEL, urdf=urdf))


def test_an_arm_whose_wrist_axes_do_not_meet_is_solved_by_iteration():
    from dataclasses import replace

    urdf = MODEL.urdf.replace('xyz="0.05 0 0"', 'xyz="0.05 0.03 0"')
    assert urdf != MODEL.urdf
    offset = Kinematics(replace(MODEL, urdf=urdf))
    assert not offset.closed_form
    q = np.array([0.2, 1.3, -1.8, 0.3, -0.7, 0.4])
    pose = offset.forward(q)
    solutions = offset.inverse(pose, near=q + 0.1)
    np.testing.assert_allclose(solutions[0], q, atol=1e-5)


def test_the_closed_form_is_read_off_the_model():
    wrist = KINEMATICS._wrist
    assert isinstance(wrist, SphericalWrist)
    np.testing.assert_allclose(wrist.points[3], [0.9, 0.0, 0.4], atol=1e-12)
