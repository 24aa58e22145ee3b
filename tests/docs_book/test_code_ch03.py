"""The code and the worked numbers of chapter 3."""

# ruff: noqa: N806 - matrices carry the letters they have in the book

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "book" / "code"))

import ch03_fk as fk
import ch03_jacobian as jac
import ch03_planar as planar
import ch03_rates as rates
from ch02_rotations import from_rpy
from ch02_transforms import adjoint

Q2R = np.radians([30.0, 60.0])
Q3R = np.radians([90.0, 30.0, 60.0])
RANDOM = np.random.default_rng(3).uniform(-3.0, 3.0, size=(20, 3))
TOLERANCE = 6e-4  # the text rounds to three decimals


def elbow_pose(q: np.ndarray) -> np.ndarray:
    return fk.elbow_frames(q)[-1]


def elbow_jacobian(q: np.ndarray) -> np.ndarray:
    return jac.geometric_jacobian(fk.elbow_frames(q), "RRR")


def test_planar_arm_has_the_worked_position_velocity_and_torques():
    J = planar.jacobian(Q2R, 0.5, 0.4)
    assert_allclose(planar.tool_position(Q2R, 0.5, 0.4), [0.433, 0.65], atol=TOLERANCE)
    assert_allclose(J, [[-0.65, -0.4], [0.433, 0.0]], atol=TOLERANCE)
    velocity = J @ [0.5, -0.2]
    assert_allclose(velocity, [-0.245, 0.217], atol=TOLERANCE)
    assert np.linalg.norm(velocity) == pytest.approx(0.327, abs=TOLERANCE)
    assert_allclose(J.T @ [0.0, 9.81], [4.25, 0.0], atol=6e-3)
    assert_allclose(J.T @ [20.0, 0.0], [-13.0, -8.0], atol=1e-9)
    assert_allclose(np.linalg.solve(J, [0.1, 0.0]), [0.0, -0.25], atol=1e-9)


@pytest.mark.parametrize("q", RANDOM[:, :2])
def test_planar_determinant_is_l1_l2_sin_q2(q):
    determinant = np.linalg.det(planar.jacobian(q, 0.5, 0.4))
    assert determinant == pytest.approx(0.5 * 0.4 * np.sin(q[1]), abs=1e-12)


@pytest.mark.parametrize("q", RANDOM)
def test_dh_conventions_and_product_of_exponentials_agree(q):
    by_dh = elbow_pose(q)
    by_poe = fk.poe(fk.ELBOW_SCREWS, elbow_pose(np.zeros(3)), q)
    modified = np.eye(4)
    for (a, alpha, d), theta in zip(fk.ELBOW_MODIFIED, q, strict=True):
        modified = modified @ fk.dh_modified(a, alpha, d, theta)
    modified = modified @ fk.dh_standard(0.4, 0.0, 0.0, 0.0)  # the forearm, fixed
    assert_allclose(by_poe, by_dh, atol=1e-12)
    assert_allclose(modified, by_dh, atol=1e-12)


def test_a_modified_table_read_as_standard_gives_another_pose():
    wrong = np.eye(4)
    for (a, alpha, d), theta in zip(fk.ELBOW_MODIFIED, Q3R, strict=True):
        wrong = wrong @ fk.dh_standard(a, alpha, d, theta)
    assert not np.allclose(wrong @ fk.dh_standard(0.4, 0.0, 0.0, 0.0), elbow_pose(Q3R), atol=0.1)


@pytest.mark.parametrize("q", RANDOM)
def test_elbow_position_follows_the_closed_formula(q):
    reach = 0.5 * np.cos(q[1]) + 0.4 * np.cos(q[1] + q[2])
    height = 0.4 + 0.5 * np.sin(q[1]) + 0.4 * np.sin(q[1] + q[2])
    expected = [reach * np.cos(q[0]), reach * np.sin(q[0]), height]
    assert_allclose(elbow_pose(q)[:3, 3], expected, atol=1e-12)


def test_elbow_arm_has_the_worked_pose_screw_and_jacobian():
    assert_allclose(elbow_pose(Q3R)[:3, 3], [0.0, 0.433, 1.05], atol=TOLERANCE)
    assert_allclose(fk.ELBOW_SCREWS[2], [0.4, 0.0, -0.5, 0.0, -1.0, 0.0], atol=1e-12)
    expected = [[-0.433, 0.0, 0.0], [0.0, -0.65, -0.4], [0.0, 0.433, 0.0]]
    assert_allclose(elbow_jacobian(Q3R)[:3], expected, atol=TOLERANCE)


@pytest.mark.parametrize("q", RANDOM)
def test_geometric_jacobian_agrees_with_finite_differences(q):
    assert_allclose(elbow_jacobian(q), jac.numerical_jacobian(elbow_pose, q), atol=1e-8)


def test_prismatic_column_agrees_with_finite_differences():
    def frames(q):
        first = fk.dh_standard(0.1, np.pi / 2, 0.3, q[0])
        return [np.eye(4), first, first @ fk.dh_standard(0.0, 0.0, q[1], 0.4)]

    q = np.array([0.7, 0.25])
    numerical = jac.numerical_jacobian(lambda q: frames(q)[-1], q)
    assert_allclose(jac.geometric_jacobian(frames(q), "RP"), numerical, atol=1e-8)


@pytest.mark.parametrize("q", RANDOM)
def test_space_jacobian_is_the_adjoint_of_the_body_jacobian(q):
    T, mixed = elbow_pose(q), elbow_jacobian(q)
    body = jac.body_from_mixed(mixed, T)
    assert_allclose(jac.space_from_mixed(mixed, T), adjoint(T) @ body, atol=1e-12)


def test_space_jacobian_at_zero_holds_the_screw_axes():
    space = jac.space_from_mixed(elbow_jacobian(np.zeros(3)), elbow_pose(np.zeros(3)))
    assert_allclose(space.T, fk.ELBOW_SCREWS, atol=1e-12)


def test_one_motion_has_the_worked_numbers_in_each_frame():
    T, mixed = elbow_pose(Q3R), elbow_jacobian(Q3R)
    motion = np.array([0.2, 0.1, -0.3])
    assert_allclose((mixed @ motion)[:3], [-0.087, 0.055, 0.043], atol=TOLERANCE)
    body = jac.body_from_mixed(mixed, T) @ motion
    assert_allclose(body[:3], [0.043, -0.055, -0.087], atol=TOLERANCE)
    space = jac.space_from_mixed(mixed, T) @ motion
    assert_allclose(space[:3], [0.0, -0.155, 0.13], atol=TOLERANCE)


def test_roll_pitch_yaw_rates_map_to_the_angular_velocity():
    angles, speeds, h = np.array([0.3, -0.8, 1.2]), np.array([0.5, 0.2, -0.4]), 1e-6
    change = from_rpy(*(angles + h * speeds)) - from_rpy(*(angles - h * speeds))
    W = change / (2 * h) @ from_rpy(*angles).T
    E = jac.rpy_rate_matrix(*angles)
    assert_allclose([W[2, 1], W[0, 2], W[1, 0]], E @ speeds, atol=1e-9)
    assert np.linalg.det(E) == pytest.approx(np.cos(-0.8))


def test_a_horizontal_turn_at_80_degrees_pitch_needs_a_roll_rate_of_5_8():
    E = jac.rpy_rate_matrix(0.0, np.radians(80.0), 0.0)
    assert np.linalg.solve(E, [1.0, 0.0, 0.0])[0] == pytest.approx(5.76, abs=0.01)


def test_manipulability_and_condition_number_have_the_worked_values():
    J = planar.jacobian(Q2R, 0.5, 0.4)
    sigma = np.linalg.svd(J, compute_uv=False)
    assert_allclose(sigma, [0.854, 0.203], atol=TOLERANCE)
    assert rates.manipulability(J) == pytest.approx(0.173, abs=TOLERANCE)
    assert rates.manipulability(J) == pytest.approx(np.sqrt(np.linalg.det(J @ J.T)))
    assert np.linalg.cond(J) == pytest.approx(4.2, abs=0.05)
    near = planar.jacobian(np.radians([0.0, 1.0]), 0.5, 0.4)
    assert rates.manipulability(near) == pytest.approx(0.0035, abs=5e-5)
    assert np.linalg.cond(near) == pytest.approx(278, abs=0.5)


@pytest.mark.parametrize(
    ("degrees", "exact", "damped"),
    [
        (60.0, [-0.115, 0.404], [-0.106, 0.382]),
        (10.0, [-1.134, 2.574], [-0.373, 0.862]),
        (1.0, [-11.458, 25.783], [-0.056, 0.129]),
        (0.1, [-114.591, 257.831], [-0.006, 0.013]),
    ],
)
def test_rates_near_the_stretched_singularity_match_the_table(degrees, exact, damped):
    J = planar.jacobian(np.radians([0.0, degrees]), 0.5, 0.4)
    v = np.array([-0.1, 0.0])
    assert_allclose(np.linalg.solve(J, v), exact, atol=TOLERANCE)
    assert_allclose(rates.damped_pinv(J, 0.05) @ v, damped, atol=TOLERANCE)


@pytest.mark.parametrize("q", RANDOM[:, :2])
def test_damped_rates_never_exceed_the_stated_bound(q):
    inverse = rates.damped_pinv(planar.jacobian(q, 0.5, 0.4), 0.05)
    assert np.linalg.norm(inverse, 2) <= 1.0 / (2 * 0.05) + 1e-9


def test_undamped_inverse_of_a_full_rank_jacobian_is_the_pseudo_inverse():
    J = rates.planar_jacobian(np.radians([30.0, 60.0, -90.0]), np.array([0.5, 0.4, 0.2]))
    assert_allclose(rates.damped_pinv(J, 0.0), np.linalg.pinv(J), atol=1e-10)


def test_redundant_arm_has_the_worked_null_space_motion():
    J = rates.planar_jacobian(np.radians([30.0, 60.0, -90.0]), np.array([0.5, 0.4, 0.2]))
    v = np.array([0.1, 0.0])
    assert_allclose(J, [[-0.65, -0.4, 0.0], [0.633, 0.2, 0.2]], atol=TOLERANCE)
    assert_allclose(J @ [1.0, -1.625, -1.540], [0.0, 0.0], atol=TOLERANCE)
    assert_allclose(rates.null_space_rates(J, v, np.zeros(3)), [-0.004, -0.244, 0.255], atol=6e-4)
    wished = rates.null_space_rates(J, v, np.array([0.0, 0.0, 1.0]))
    assert_allclose(wished, [-0.26, 0.172, 0.65], atol=TOLERANCE)
    assert_allclose(J @ wished, v, atol=1e-12)


def test_planar_jacobian_of_two_links_is_the_2r_jacobian():
    lengths = np.array([0.5, 0.4])
    assert_allclose(rates.planar_jacobian(Q2R, lengths), planar.jacobian(Q2R, 0.5, 0.4))


def test_resolved_rate_control_follows_the_line():
    q, worst = rates.track_line(Q2R, np.array([-0.1, 0.0]), 3.0, 0.01)
    assert worst < 2.1e-5
    assert_allclose(planar.tool_position(q, 0.5, 0.4), [0.133, 0.65], atol=1e-3)


def test_without_feedback_the_tool_drifts_off_the_line():
    _, with_feedback = rates.track_line(Q2R, np.array([-0.1, 0.0]), 3.0, 0.01)
    _, without = rates.track_line(Q2R, np.array([-0.1, 0.0]), 3.0, 0.01, gain=0.0)
    assert without > 10 * with_feedback


def central_difference_error(h: float) -> float:
    columns = [
        (planar.tool_position(Q2R + e, 0.5, 0.4) - planar.tool_position(Q2R - e, 0.5, 0.4))
        / (2 * h)
        for e in h * np.eye(2)
    ]
    return float(np.abs(np.array(columns).T - planar.jacobian(Q2R, 0.5, 0.4)).max())


def test_step_size_of_the_finite_difference_check_matters_as_told():
    assert central_difference_error(1e-2) == pytest.approx(1.1e-5, rel=0.05)
    assert central_difference_error(1e-6) < 1e-10
    assert central_difference_error(1e-12) > 1e-5


def test_exercise_answers():
    J = planar.jacobian(np.radians([0.0, 90.0]), 0.3, 0.2)
    assert_allclose(J @ [1.0, 1.0], [-0.4, 0.3], atol=1e-12)
    isotropic = planar.jacobian(np.radians([0.0, 135.0]), 0.4 * np.sqrt(2), 0.4)
    assert np.linalg.cond(isotropic) == pytest.approx(1.0)
    assert np.linalg.det(elbow_jacobian(Q3R)[:3]) == pytest.approx(-0.075, abs=1e-4)
    reached = np.diag([0.3, 1.0]) @ rates.damped_pinv(np.diag([0.3, 1.0]), 0.0625)
    assert reached[0, 0] == pytest.approx(0.958, abs=TOLERANCE)


@pytest.mark.parametrize("q", RANDOM)
def test_elbow_determinant_has_the_closed_form(q):
    reach = 0.5 * np.cos(q[1]) + 0.4 * np.cos(q[1] + q[2])
    expected = -0.5 * 0.4 * np.sin(q[2]) * reach
    assert np.linalg.det(elbow_jacobian(q)[:3]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("ch03_planar.py", "velocity"),
        ("ch03_fk.py", "largest difference"),
        ("ch03_jacobian.py", "largest error"),
        ("ch03_rates.py", "line followed to 0.02 mm"),
    ],
)
def test_programs_run_on_their_own(program, says, capsys):
    runpy.run_path(str(Path(fk.__file__).with_name(program)), run_name="__main__")
    assert says in capsys.readouterr().out
