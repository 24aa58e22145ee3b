"""The simulated base: drive, odometry, IMU and lidar, stepped without a clock."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lectern.errors import (
    DescriptionInvalid,
    InvalidInput,
    LimitsExceeded,
    SceneObjectInvalid,
    SimulationFailed,
)
from lectern.robot.base import BaseState, Scan, wheel_speeds
from lectern.robot.description import base_numbers, unfold_base
from lectern.robot.embedded.base.embedded import EmbeddedBase
from lectern.robot.embedded.base.lidar import RANGE_MAX_M, RANGE_MIN_M, RAYS, SCAN_S
from lectern.robot.embedded.base.noise import NO_NOISE, Noise
from lectern.robot.embedded.base.odometry import Odometry
from lectern.robot.embedded.base.simulation import TICK_S, BaseSimulation
from lectern.robot.embedded.base.world import build_base_world
from lectern.robot.geometry import Pose
from lectern.robot.scene import Box, Scene, SceneObject, Sphere
from lectern.robot.scenes import ARENA_M, arena

NUMBERS = base_numbers()
TOP_M_S = NUMBERS.max_wheel_velocity_rad_s * NUMBERS.wheel_radius_m
# Of lidar_link in base_link.
LIDAR_X_M = -0.035


def still_base(surroundings: Scene | None = None, **more: Any) -> EmbeddedBase:
    return EmbeddedBase.start(surroundings, paced=False, noise=more.pop("noise", NO_NOISE), **more)


async def go(base: EmbeddedBase, linear_m_s: float, angular_rad_s: float, for_s: float) -> None:
    """Drive as a face does: ten commands a second."""
    for _ in range(round(for_s / 0.1)):
        base.drive(linear_m_s, angular_rad_s)
        await base.wait(0.1)


def yaw(pose: Pose) -> float:
    x, y, z, w = pose.quaternion_xyzw
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def walls() -> Scene:
    return Scene.of(*(item for name, item in arena().objects.items() if name.startswith("wall_")))


async def test_odometry_is_within_a_millimetre_a_metre_on_a_square() -> None:
    base = still_base(Scene())
    for _ in range(4):
        await go(base, 0.4, 0.0, 2.5)
        await go(base, 0.0, 0.0, 0.5)
        await go(base, 0.0, math.pi / 2, 1.0)
        await go(base, 0.0, 0.0, 0.5)
    state = base.state()
    drift_m = np.subtract(state.pose.position_m, state.true_pose.position_m)
    assert state.pose.frame == "odom"
    assert state.true_pose.frame == "world"
    assert np.linalg.norm(drift_m) < 0.004  # of 4 m
    assert abs(yaw(state.pose) - yaw(state.true_pose)) < 0.01
    # The square itself closes, or both would only agree about standing still.
    assert np.hypot(*state.true_pose.position_m[:2]) < 0.1
    assert sum(state.wheel_positions_rad) / 2 == pytest.approx(4.0 / 0.06, rel=0.02)
    await base.close()


async def test_a_base_that_speeds_up_does_not_run_ahead_of_its_wheels() -> None:
    base = still_base(Scene())
    base.drive(TOP_M_S, 0.0)
    await base.wait(0.4)
    state = base.state()
    assert state.pose.position_m[0] > 0.1
    assert state.true_pose.position_m[0] == pytest.approx(state.pose.position_m[0], abs=3e-4)
    await base.close()


def test_odometry_takes_the_chord_of_an_arc_for_a_way_between_two_readings() -> None:
    odometry = Odometry(NUMBERS, (1.0, 2.0))
    # Half a circle of radius 1 m to the left in twenty readings.
    radius_m, aside_m = 1.0, NUMBERS.wheel_separation_m / 2
    for turned_rad in np.linspace(0.0, math.pi, 21):
        left = 1.0 + turned_rad * (radius_m - aside_m) / NUMBERS.wheel_radius_m
        right = 2.0 + turned_rad * (radius_m + aside_m) / NUMBERS.wheel_radius_m
        odometry.read((left, right))
    assert odometry.pose().position_m == pytest.approx((0.0, 2.0, 0.06), abs=0.003)
    assert odometry.heading_rad == pytest.approx(math.pi)


async def test_wheels_that_slip_deceive_the_odometry_and_a_wall_stops_the_base() -> None:
    base = still_base(walls())
    await go(base, TOP_M_S, 0.0, 6.0)
    state = base.state()
    assert state.true_pose.position_m[0] < ARENA_M[0] / 2
    assert state.pose.position_m[0] > state.true_pose.position_m[0] + 0.3
    await base.close()


async def test_a_light_box_is_pushed_and_a_fixed_one_is_not() -> None:
    place = Pose((0.6, 0.0, 0.15))
    reached_m = {}
    for mass_kg in (1.0, None):
        base = still_base(Scene.of(SceneObject("box", Box((0.3,) * 3), place, mass_kg, 0.4)))
        await go(base, 0.3, 0.0, 4.0)
        reached_m[mass_kg] = base.state().true_pose.position_m[0]
        await base.close()
    assert reached_m[1.0] > 0.8
    assert reached_m[None] < 0.45


@pytest.mark.parametrize(("linear", "angular"), [(0.4, 0.0), (-0.3, 0.5), (0.0, -2.0), (0.2, 1.0)])
async def test_the_base_reaches_the_speed_that_is_asked_for(linear: float, angular: float) -> None:
    base = still_base(Scene())
    await go(base, linear, angular, 1.0)
    state = base.state()
    assert state.linear_m_s == pytest.approx(linear, abs=0.01)
    assert state.angular_rad_s == pytest.approx(angular, abs=0.02)
    left, right = wheel_speeds(linear, angular, NUMBERS)
    assert state.wheel_velocities_rad_s == pytest.approx((left, right), abs=0.15)
    await base.close()


async def test_the_wheels_keep_to_their_acceleration_and_the_motors_to_their_effort() -> None:
    base = still_base(Scene())
    speeds = []
    for linear in (TOP_M_S, -TOP_M_S):
        for _ in range(90):
            base.drive(linear, 0.0)
            await base.wait(TICK_S)
            speeds.append(base.state().wheel_velocities_rad_s)
    await base.close()
    gained = np.abs(np.diff(np.array(speeds), axis=0)) / TICK_S
    most = NUMBERS.max_wheel_acceleration_rad_s2
    assert 0.9 * most < np.median(np.sort(gained, axis=None)[-50:]) < 1.1 * most
    assert np.abs(speeds).max() < 1.03 * NUMBERS.max_wheel_velocity_rad_s
    model = build_base_world(unfold_base(), NUMBERS, Scene()).model
    effort = NUMBERS.max_wheel_effort_nm
    assert model.actuator_forcerange.tolist() == [[-effort, effort]] * 2


async def test_the_watchdog_ends_a_drive_half_a_second_after_its_last_command() -> None:
    base = still_base(Scene())
    ended: list[float] = []
    base.on_expiry(lambda: ended.append(1.0))
    base.drive(0.3, 0.0)
    await base.wait(0.49)
    assert base.driving
    assert base.state().linear_m_s == pytest.approx(0.3, abs=0.02)
    assert not ended
    await base.wait(0.02)
    assert not base.driving
    assert ended == [1.0]
    await base.wait(0.4)
    assert base.state().linear_m_s == pytest.approx(0.0, abs=1e-3)
    await base.wait(2.0)
    assert ended == [1.0]
    await base.close()


async def test_a_stop_brings_the_fastest_drive_to_rest_within_half_a_second_and_20_cm() -> None:
    base = still_base(Scene())
    await go(base, TOP_M_S, 0.0, 1.0)
    base.drive(TOP_M_S, 0.0)
    began_m = base.state().true_pose.position_m[0]
    base.stop()
    assert not base.driving
    await base.wait(0.5)
    state = base.state()
    assert abs(state.linear_m_s) < 1e-3
    assert 0.05 < state.true_pose.position_m[0] - began_m < 0.2
    await base.close()


@pytest.mark.parametrize(
    ("linear", "angular", "wheel"),
    [(0.73, 0.0, "left"), (-0.73, 0.0, "left"), (0.5, 3.0, "right"), (0.0, -4.2, "left")],
)
async def test_a_command_beyond_a_wheels_speed_is_refused_by_the_limits_name(
    linear: float, angular: float, wheel: str
) -> None:
    base = still_base(Scene())
    with pytest.raises(LimitsExceeded, match=rf"{wheel} wheel.*max_wheel_velocity_rad_s is 12"):
        base.drive(linear, angular)
    await base.wait(0.2)
    assert base.state().linear_m_s == pytest.approx(0.0, abs=1e-3)
    await base.close()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "0.1", True])
async def test_a_command_that_is_no_finite_number_is_refused(value: Any) -> None:
    base = still_base(Scene())
    with pytest.raises(InvalidInput, match="linear speed"):
        base.drive(value, 0.0)
    with pytest.raises(InvalidInput, match="angular speed"):
        base.drive(0.0, value)
    assert not base.driving
    await base.close()


async def test_the_imu_feels_gravity_at_rest() -> None:
    base = still_base(Scene())
    await base.wait(1.0)
    sample = base.imu()
    assert np.linalg.norm(sample.linear_acceleration_m_s2) == pytest.approx(9.81, abs=0.001)
    # The caster is sprung: the base leans back by a little more than a thousandth.
    assert sample.linear_acceleration_m_s2 == pytest.approx((0.0, 0.0, 9.81), abs=0.02)
    assert sample.angular_velocity_rad_s == pytest.approx((0.0, 0.0, 0.0), abs=1e-4)
    assert sample.orientation_xyzw == pytest.approx((0.0, 0.0, 0.0, 1.0), abs=1e-3)
    assert sample.stamp_s == pytest.approx(1.0)
    await base.close()


async def test_the_imu_of_a_turning_base_reads_its_yaw_rate_and_its_heading() -> None:
    base = still_base(Scene())
    await go(base, 0.0, 1.5, 2.0)
    sample, state = base.imu(), base.state()
    assert sample.angular_velocity_rad_s[2] == pytest.approx(1.5, rel=0.01)
    assert sample.angular_velocity_rad_s[2] == pytest.approx(state.angular_rad_s, rel=0.005)
    turned = Pose((0.0, 0.0, 0.0), sample.orientation_xyzw)
    assert yaw(turned) == pytest.approx(yaw(state.true_pose), abs=1e-3)
    await base.close()


async def test_the_imu_feels_the_push_of_the_wheels_forward() -> None:
    base = still_base(Scene())
    base.drive(TOP_M_S, 0.0)
    await base.wait(0.2)
    forward = base.imu().linear_acceleration_m_s2[0]
    assert forward == pytest.approx(NUMBERS.max_wheel_acceleration_rad_s2 * 0.06, rel=0.1)
    await base.close()


async def test_the_noise_of_the_imu_is_what_its_covariances_say() -> None:
    noise = Noise()
    base, quiet = still_base(Scene(), noise=noise, seed=3), still_base(Scene())
    differences = []
    for _ in range(400):
        await base.wait(TICK_S)
        await quiet.wait(TICK_S)
        noisy, truth = base.imu(), quiet.imu()
        turn = 2 * np.subtract(noisy.orientation_xyzw, truth.orientation_xyzw)[:3]
        rate = np.subtract(noisy.angular_velocity_rad_s, truth.angular_velocity_rad_s)
        felt = np.subtract(noisy.linear_acceleration_m_s2, truth.linear_acceleration_m_s2)
        differences.append([turn, rate, felt])
    sample = base.imu()
    covariances = (
        sample.orientation_covariance,
        sample.angular_velocity_covariance,
        sample.linear_acceleration_covariance,
    )
    for measured, stated in zip(np.moveaxis(differences, 1, 0), covariances, strict=True):
        matrix = np.reshape(stated, (3, 3))
        assert np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0
        # 400 samples tell a standard deviation to 3.5 %; this is four times as much.
        assert np.std(measured, axis=0) == pytest.approx(np.sqrt(np.diag(matrix)), rel=0.15)
    assert sample.angular_velocity_covariance[0] == pytest.approx(noise.angular_velocity_rad_s**2)
    await base.close()
    await quiet.close()


def to_the_walls(state: BaseState, scan: Scan) -> np.ndarray:
    """Distances along the rays from the lidar to four walls, by geometry alone."""
    heading = yaw(state.true_pose)
    at = np.array(state.true_pose.position_m[:2])
    at = at + LIDAR_X_M * np.array([math.cos(heading), math.sin(heading)])
    angles = heading + scan.angle_min_rad + scan.angle_increment_rad * np.arange(RAYS)
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    with np.errstate(divide="ignore"):
        distances = (np.sign(ways) * np.array(ARENA_M) / 2 - at) / ways
    return distances.min(axis=1)


@pytest.mark.parametrize(
    ("angular", "linear"), [(0.0, 0.0), (0.7, 0.0), (-0.4, 0.5)], ids=["at first", "turned", "away"]
)
async def test_a_scan_has_the_distances_to_the_walls(angular: float, linear: float) -> None:
    base = still_base(walls())
    await go(base, 0.0, angular, 1.0)
    await go(base, linear, 0.0, 1.5)
    await go(base, 0.0, 0.0, 1.0)
    scan = base.scan()
    expected = to_the_walls(base.state(), scan)
    assert scan.ranges_m.shape == (RAYS,)
    assert scan.angle_max_rad == pytest.approx(math.pi - scan.angle_increment_rad)
    assert scan.ranges_m == pytest.approx(expected, abs=0.002)
    await base.close()


async def test_a_scan_sees_a_pillar_in_front_of_the_wall_and_never_the_base_itself() -> None:
    base = still_base()
    scan = base.scan()
    pillar = arena().get("pillar_left")
    x, y, _ = pillar.pose.position_m
    towards = math.atan2(y, x - LIDAR_X_M)
    ray = round((towards - scan.angle_min_rad) / scan.angle_increment_rad)
    near_m = math.hypot(y, x - LIDAR_X_M) - 0.12
    assert scan.ranges_m[ray] == pytest.approx(near_m, abs=0.002)
    assert scan.ranges_m.min() > 0.8
    await base.close()


async def test_a_ray_that_meets_nothing_within_range_is_inf_and_one_too_near_is_minus_inf() -> None:
    # Hangs above the body, right in front of the lidar.
    plate = SceneObject("plate", Box((0.02, 0.1, 0.06)), Pose((0.04, 0.0, 0.155)))
    base = still_base(Scene.of(plate))
    ranges = base.scan().ranges_m
    assert ranges[RAYS // 2] == -np.inf
    assert ranges[0] == np.inf
    assert not np.isfinite(ranges).any()
    await base.close()


async def test_the_noise_of_the_ranges_is_what_is_stated() -> None:
    base, quiet = still_base(noise=Noise(), seed=5), still_base()
    noise = base.scan().ranges_m - quiet.scan().ranges_m
    assert np.std(noise) == pytest.approx(Noise().range_m, rel=0.15)
    assert abs(np.mean(noise)) < 0.003
    await base.close()
    await quiet.close()


async def test_there_are_ten_scans_and_a_hundred_samples_a_second() -> None:
    base = still_base()
    stamps = []
    for _ in range(100):
        await base.wait(TICK_S)
        stamps.append((base.state().stamp_s, base.imu().stamp_s, base.scan().stamp_s))
    states, samples, scans = (
        np.unique(np.round(column, 6)) for column in zip(*stamps, strict=True)
    )
    assert len(states) == len(samples) == 100
    assert np.diff(scans) == pytest.approx(np.full(len(scans) - 1, SCAN_S))
    assert len(scans) == 11
    assert base.scan() is base.scan()
    await base.close()


async def test_the_same_seed_gives_the_same_measurements_however_often_one_looks() -> None:
    async def drive(seed: int, *, looking: bool) -> EmbeddedBase:
        base = EmbeddedBase.start(paced=False, seed=seed)
        for _ in range(20):
            base.drive(0.4, 0.3)
            await base.wait(0.05)
            if looking:
                base.imu(), base.scan(), base.state()
        return base

    first, second, other = (
        await drive(7, looking=True),
        await drive(7, looking=False),
        await drive(8, looking=False),
    )
    assert first.state() == second.state() == other.state()
    assert first.imu() == second.imu()
    assert first.imu() != other.imu()
    np.testing.assert_array_equal(first.scan().ranges_m, second.scan().ranges_m)
    assert (first.scan().ranges_m != other.scan().ranges_m).any()
    for base in (first, second, other):
        await base.close()


def test_the_lidar_is_the_one_that_the_description_gives_to_gazebo() -> None:
    root = ElementTree.fromstring(unfold_base(sim="gazebo"))
    lidar = root.find("gazebo/sensor[@type='gpu_lidar']")
    imu = root.find("gazebo/sensor[@type='imu']")
    assert lidar is not None
    assert imu is not None

    def number(path: str) -> float:
        return float(lidar.findtext(path) or math.nan)

    assert number("lidar/scan/horizontal/samples") == RAYS
    assert number("lidar/range/min") == RANGE_MIN_M
    assert number("lidar/range/max") == RANGE_MAX_M
    assert number("lidar/noise/stddev") == Noise().range_m
    assert 1 / number("update_rate") == SCAN_S
    assert 1 / float(imu.findtext("update_rate") or math.nan) == TICK_S


async def test_the_footprint_lies_on_the_floor_below_the_base() -> None:
    base = still_base(Scene())
    await go(base, 0.3, 0.4, 1.0)
    state = base.state()
    assert state.pose.position_m[2] == NUMBERS.wheel_radius_m
    assert state.footprint.position_m == (*state.pose.position_m[:2], 0.0)
    assert state.footprint.quaternion_xyzw == state.pose.quaternion_xyzw
    assert state.true_pose.position_m[2] == pytest.approx(NUMBERS.wheel_radius_m, abs=5e-4)
    await base.close()


def test_a_drive_that_the_clock_left_behind_ends_with_the_next_tick() -> None:
    world = build_base_world(unfold_base(), NUMBERS, Scene())
    simulation = BaseSimulation(world, NUMBERS)
    simulation.command((5.0, 5.0))
    assert [simulation.advance() for _ in range(10)] == [False] * 10
    simulation.skip_to(1000)
    assert simulation.moment.stamp_s == 10.0
    assert simulation.advance()
    assert not simulation.driving


def test_an_arena_of_anything_but_boxes_and_cylinders_is_refused_by_name() -> None:
    ball = SceneObject("ball", Sphere(0.1), Pose((1.0, 0.0, 0.1)))
    with pytest.raises(SceneObjectInvalid, match="'ball'"):
        EmbeddedBase.start(Scene.of(ball), paced=False)


def test_a_description_without_a_wheel_is_refused() -> None:
    urdf = unfold_base().replace("wheel_left_joint", "wheel_joint")
    with pytest.raises(DescriptionInvalid, match="base"):
        build_base_world(urdf, NUMBERS, Scene())


@pytest.mark.parametrize("deviation", [-0.1, math.nan, math.inf])
def test_noise_that_is_no_standard_deviation_is_refused(deviation: float) -> None:
    with pytest.raises(InvalidInput, match="range_m"):
        Noise(range_m=deviation)


async def test_a_base_that_was_switched_off_says_so() -> None:
    base = still_base(Scene())
    await base.close()
    for ask in (base.state, base.imu, base.scan, lambda: base.drive(0.1, 0.0)):
        with pytest.raises(SimulationFailed, match="switched off"):
            ask()
    base.stop()
