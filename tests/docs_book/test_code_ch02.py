from __future__ import annotations

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.spatial.transform import Rotation, Slerp

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "book" / "code"))

import ch02_drift as drift
import ch02_quaternions as quaternions
import ch02_rotations as rotations
import ch02_transforms as transforms

RNG = np.random.default_rng(2)
ROTATIONS = list(Rotation.random(20, random_state=2))


def random_transform() -> np.ndarray:
    return transforms.transform(Rotation.random(random_state=RNG).as_matrix(), RNG.normal(size=3))


def hat(twist: np.ndarray) -> np.ndarray:
    matrix = np.zeros((4, 4))
    matrix[:3, :3] = rotations.skew(twist[3:])
    matrix[:3, 3] = twist[:3]
    return matrix


@pytest.mark.parametrize(
    ("make", "axis"), [(rotations.rot_x, "x"), (rotations.rot_y, "y"), (rotations.rot_z, "z")]
)
def test_elementary_rotations_are_right_handed(make, axis):
    np.testing.assert_allclose(make(0.7), Rotation.from_euler(axis, 0.7).as_matrix(), atol=1e-15)


@pytest.mark.parametrize("r", ROTATIONS)
def test_roll_pitch_yaw_are_rotations_about_fixed_axes(r):
    rpy = rotations.to_rpy(r.as_matrix())
    np.testing.assert_allclose(rpy, r.as_euler("xyz"), atol=1e-12)
    np.testing.assert_allclose(rotations.from_rpy(*rpy), r.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
def test_gimbal_lock_still_gives_angles_of_the_same_rotation(pitch):
    r = rotations.from_rpy(0.4, pitch, 1.1)
    roll, found_pitch, yaw = rotations.to_rpy(r)
    assert roll == 0
    assert found_pitch == pytest.approx(pitch)
    np.testing.assert_allclose(rotations.from_rpy(roll, found_pitch, yaw), r, atol=1e-12)


def test_in_gimbal_lock_only_the_difference_of_yaw_and_roll_counts():
    up = math.pi / 2
    np.testing.assert_allclose(
        rotations.from_rpy(0.4, up, 1.1), rotations.from_rpy(0.1, up, 0.8), atol=1e-12
    )
    np.testing.assert_allclose(
        rotations.from_rpy(0.4, -up, 1.1), rotations.from_rpy(0.1, -up, 1.4), atol=1e-12
    )


@pytest.mark.parametrize("r", ROTATIONS)
def test_axis_and_angle_rebuild_the_rotation(r):
    axis, angle = rotations.axis_angle(r.as_matrix())
    assert np.linalg.norm(axis) == pytest.approx(1)
    np.testing.assert_allclose(axis * angle, r.as_rotvec(), atol=1e-12)
    np.testing.assert_allclose(rotations.rodrigues(axis, angle), r.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("angle", [math.pi, math.pi - 1e-8, math.pi - 1e-4, 1e-7, 0.0])
@pytest.mark.parametrize("axis", [(0.6, 0.0, -0.8), (0.0, 0.0, -1.0), (1 / 3, 2 / 3, 2 / 3)])
def test_axis_angle_holds_at_both_ends_of_the_range(axis, angle):
    r = rotations.rodrigues(axis, angle)
    found_axis, found_angle = rotations.axis_angle(r)
    assert found_angle == pytest.approx(angle, abs=1e-9)
    np.testing.assert_allclose(rotations.rodrigues(found_axis, found_angle), r, atol=1e-8)
    if 1e-9 < math.pi - angle < 3:
        assert found_axis @ np.asarray(axis) > 0


def test_rodrigues_formula_is_the_matrix_exponential():
    axis = np.array([1.0, 2.0, -2.0]) / 3
    np.testing.assert_allclose(
        rotations.rodrigues(axis, 1.3), expm(1.3 * rotations.skew(axis)), atol=1e-14
    )


def test_cube_of_a_unit_skew_matrix_is_its_negative():
    k = rotations.skew([2 / 3, -1 / 3, 2 / 3])
    np.testing.assert_allclose(k @ k @ k, -k, atol=1e-15)


@pytest.mark.parametrize("r", ROTATIONS)
def test_rotating_a_skew_matrix_rotates_its_vector(r):
    omega = np.array([0.3, -1.2, 0.5])
    left = r.as_matrix() @ rotations.skew(omega) @ r.as_matrix().T
    np.testing.assert_allclose(left, rotations.skew(r.as_matrix() @ omega), atol=1e-14)


def test_quaternion_product_composes_rotations():
    for first, second in itertools.pairwise(ROTATIONS):
        a, b = (r.as_quat(scalar_first=True) for r in (first, second))
        np.testing.assert_allclose(
            quaternions.to_matrix(quaternions.multiply(a, b)),
            first.as_matrix() @ second.as_matrix(),
            atol=1e-12,
        )


def test_quaternion_and_its_negative_are_one_rotation():
    q = ROTATIONS[0].as_quat(scalar_first=True)
    np.testing.assert_array_equal(quaternions.to_matrix(q), quaternions.to_matrix(-q))
    np.testing.assert_allclose(quaternions.to_matrix(q), ROTATIONS[0].as_matrix(), atol=1e-12)


def test_sandwich_product_rotates_a_vector():
    q = ROTATIONS[3].as_quat(scalar_first=True)
    conjugate = q * [1, -1, -1, -1]
    p = np.array([0.2, -0.5, 1.0])
    rotated = quaternions.multiply(quaternions.multiply(q, np.array([0, *p])), conjugate)
    np.testing.assert_allclose(rotated, [0, *(ROTATIONS[3].as_matrix() @ p)], atol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_slerp_follows_the_shorter_arc_at_constant_speed(sign):
    ends = Rotation.from_rotvec([[0.1, 0.2, 0.3], [1.0, -0.4, 0.2]])
    a, b = ends.as_quat(scalar_first=True)
    for s in (0.0, 0.25, 0.5, 1.0):
        got = quaternions.to_matrix(quaternions.slerp(a, sign * b, s))
        np.testing.assert_allclose(got, Slerp([0, 1], ends)(s).as_matrix(), atol=1e-12)


def test_slerp_of_nearly_equal_quaternions_is_a_unit_quaternion():
    a = quaternions.from_axis_angle([0, 0, 1], 0.3)
    b = quaternions.from_axis_angle([0, 0, 1], 0.3 + 1e-9)
    assert np.linalg.norm(quaternions.slerp(a, b, 0.5)) == pytest.approx(1)


def test_ros_order_is_moved_to_scalar_first():
    np.testing.assert_array_equal(quaternions.from_ros(0.1, 0.2, 0.3, 0.9), [0.9, 0.1, 0.2, 0.3])


def test_scalar_order_mistake_turns_an_identity_into_half_a_turn():
    misread = np.array([0.0, 0.0, 0.0, 1.0])  # (x, y, z, w) read as (w, x, y, z)
    np.testing.assert_allclose(quaternions.to_matrix(misread), rotations.rot_z(math.pi), atol=1e-15)


def test_inverse_transform_undoes_a_transform():
    t = random_transform()
    np.testing.assert_allclose(transforms.inverse(t) @ t, np.eye(4), atol=1e-14)


def test_camera_example_of_the_chapter_holds():
    t = transforms.transform(rotations.rot_z(math.pi / 2), [0.5, 0.2, 0.9])
    np.testing.assert_allclose(t @ [0.4, 0.1, 0, 1], [0.4, 0.6, 0.9, 1], atol=1e-14)


def test_spatial_and_body_twists_are_joined_by_the_adjoint():
    axis, dt = np.array([0.4, -0.1, 0.3, 0.2, 0.5, -0.7]), 1e-6
    t = random_transform()
    moved = expm(dt * hat(axis)) @ t  # the spatial twist is `axis`
    rate = (moved - t) / dt
    body = np.linalg.inv(t) @ rate
    np.testing.assert_allclose(hat(np.linalg.inv(transforms.adjoint(t)) @ axis), body, atol=1e-5)


def test_adjoint_of_a_product_is_the_product_of_adjoints():
    a, b = random_transform(), random_transform()
    np.testing.assert_allclose(
        transforms.adjoint(a @ b), transforms.adjoint(a) @ transforms.adjoint(b), atol=1e-12
    )


def test_velocity_of_the_frame_origin_follows_from_the_spatial_twist():
    twist, dt = np.array([0.4, -0.1, 0.3, 0.2, 0.5, -0.7]), 1e-7
    t = random_transform()
    moved = expm(dt * hat(twist)) @ t
    expected = twist[:3] + np.cross(twist[3:], t[:3, 3])
    np.testing.assert_allclose((moved - t)[:3, 3] / dt, expected, atol=1e-5)


@pytest.mark.parametrize("pitch", [0.0, 0.15])
def test_screw_motion_is_the_matrix_exponential(pitch):
    screw = transforms.screw_axis([0.3, -0.2, 0.5], [2 / 3, -1 / 3, 2 / 3], pitch)
    for theta in (-2.0, 0.4, 3.0):
        np.testing.assert_allclose(
            transforms.exp(screw, theta), expm(theta * hat(screw)), atol=1e-13
        )


def test_pure_translation_is_a_screw_motion_too():
    screw = np.array([0.0, 0.6, 0.8, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(transforms.exp(screw, 0.5)[:3, 3], [0, 0.3, 0.4])


def test_hinge_example_turns_the_origin_about_the_hinge():
    hinge = transforms.screw_axis([1, 0, 0], [0, 0, 1])
    np.testing.assert_allclose(hinge, [0, -1, 0, 0, 0, 1])
    np.testing.assert_allclose(transforms.exp(hinge, math.pi / 2)[:3, 3], [1, -1, 0], atol=1e-14)


def test_euler_steps_drift_as_the_chapter_says_and_repair_restores_a_rotation():
    omega, r = np.array([0.0, 0.0, 1.0]), np.eye(3)
    for _ in range(1000):
        r = drift.euler_step(r, omega, 0.01)
    assert drift.orthogonality_error(r) == pytest.approx((1 + 1e-4) ** 1000 - 1)
    repaired = drift.nearest_rotation(r)
    assert drift.orthogonality_error(repaired) < 1e-12
    assert np.linalg.det(repaired) == pytest.approx(1)


def test_exact_steps_follow_the_exponential():
    omega, r = np.array([0.3, -0.8, 0.5]), np.eye(3)
    for _ in range(100):
        r = drift.exact_step(r, omega, 0.01)
    np.testing.assert_allclose(r, expm(rotations.skew(omega)), atol=1e-12)


def test_nearest_rotation_never_returns_a_reflection():
    repaired = drift.nearest_rotation(np.diag([1.0, 1.0, -0.1]))
    assert np.linalg.det(repaired) == pytest.approx(1)


def test_two_quarter_turns_make_a_third_of_a_turn_about_the_diagonal():
    axis, angle = rotations.axis_angle(rotations.rot_z(math.pi / 2) @ rotations.rot_x(math.pi / 2))
    np.testing.assert_allclose(axis, np.ones(3) / math.sqrt(3), atol=1e-12)
    assert angle == pytest.approx(2 * math.pi / 3)


def test_frames_figure_numbers_hold_in_both_directions():
    t = transforms.transform(rotations.rot_z(math.pi / 6), [2, 0.6, 0])
    np.testing.assert_allclose((t @ [1.6, 0.6, 0, 1])[:2], [3.086, 1.920], atol=5e-4)
    back = transforms.inverse(t) @ [1, 1, 0, 1]
    np.testing.assert_allclose(back[:2], [-0.666, 0.846], atol=5e-4)


def test_adjoint_example_of_a_camera_on_a_moving_base_holds():
    camera_base = transforms.transform(np.eye(3), [-0.2, -0.1, 0])
    twist = transforms.adjoint(camera_base) @ [0.5, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(twist, [0.4, 0.2, 0, 0, 0, 1], atol=1e-15)


def test_roll_and_yaw_race_near_gimbal_lock():
    pitch, rate, dt = math.radians(89), 0.1 / math.cos(math.radians(89)), 1e-7
    yaw_rate = rate * math.sin(pitch)
    before = rotations.from_rpy(0.0, pitch, 0.0)
    after = rotations.from_rpy(rate * dt, pitch, yaw_rate * dt)
    change = (after - before) @ before.T / dt
    np.testing.assert_allclose(change, rotations.skew([0.1, 0, 0]), atol=1e-5)
    assert (rate, yaw_rate) == pytest.approx((5.73, 5.73), abs=5e-3)


def test_quaternion_rate_follows_the_body_angular_velocity():
    q, omega, dt = ROTATIONS[5].as_quat(scalar_first=True), np.array([0.3, -0.8, 0.5]), 1e-7
    rate = 0.5 * quaternions.multiply(q, np.array([0, *omega]))
    moved = quaternions.to_matrix(q + dt * rate)
    expected = ROTATIONS[5].as_matrix() @ rotations.skew(omega)
    np.testing.assert_allclose((moved - quaternions.to_matrix(q)) / dt, expected, atol=1e-5)


def test_orientation_error_in_fixed_axes_completes_the_rotation():
    actual, wanted = ROTATIONS[1].as_matrix(), ROTATIONS[2].as_matrix()
    axis, angle = rotations.axis_angle(wanted @ actual.T)
    np.testing.assert_allclose(rotations.rodrigues(axis, angle) @ actual, wanted, atol=1e-12)


def test_exercise_on_yaw_then_pitch_points_the_nose_down():
    r = rotations.rot_z(math.pi / 2) @ rotations.rot_y(math.pi / 2)
    np.testing.assert_allclose(r[:, 0], [0, 0, -1], atol=1e-15)


def test_exercise_on_the_turned_tool_frame_holds():
    tool = transforms.transform(rotations.rot_z(math.pi / 2), [0.3, 0.6, 1.0])
    cup = transforms.inverse(tool) @ [0.4, 0.6, 0.9, 1]
    np.testing.assert_allclose(cup, [0, -0.1, -0.1, 1], atol=1e-14)


def test_exercise_on_the_axis_of_a_twist_holds():
    v, omega = np.array([0.4, -1, 0.6]), np.array([0, 0, 2.0])
    pitch = omega @ v / (omega @ omega)
    point = np.cross(omega, v) / (omega @ omega)
    np.testing.assert_allclose(point, [0.5, 0.2, 0])
    assert pitch == pytest.approx(0.3)
    np.testing.assert_allclose(2 * transforms.screw_axis(point, omega / 2, pitch), [*v, *omega])


def test_exercise_on_averaging_quaternions_holds():
    quarter = quaternions.from_axis_angle([0, 0, 1], math.pi / 2)
    mean = (np.array([1.0, 0, 0, 0]) + quarter) / 2
    length = np.linalg.norm(mean)
    np.testing.assert_allclose(mean, [0.854, 0, 0, 0.354], atol=5e-4)
    assert length == pytest.approx(0.924, abs=5e-4)
    np.testing.assert_allclose(mean / length, [0.924, 0, 0, 0.383], atol=5e-4)


@pytest.mark.parametrize("r", ROTATIONS)
def test_quaternion_components_follow_from_trace_and_diagonal(r):
    m = r.as_matrix()
    w, x, _, _ = np.abs(r.as_quat(scalar_first=True))
    assert 0.5 * math.sqrt(1 + np.trace(m)) == pytest.approx(w)
    assert 0.5 * math.sqrt(1 + m[0, 0] - m[1, 1] - m[2, 2]) == pytest.approx(x)
    assert abs(m[2, 1] - m[1, 2]) / (4 * w) == pytest.approx(x)
