"""The simulations of the demos against closed forms, without a robot."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lectern.robot.demos import chain, interpolation, motions, odometry, pid, rrt_connect
from lectern.robot.demos import inverse_kinematics as inverse
from lectern.robot.demos import pick_and_place as pick
from lectern.robot.demos import singularity as walk
from lectern.robot.demos import trajectory as timing
from lectern.robot.description import base_numbers
from lectern.robot.geometry import Pose
from lectern.robot.robot import Measurement
from lectern.robot.scenes import bench
from lectern.robot.state import Activity, RobotState
from lectern.robot.trajectory import Trajectory


def respond(arm, compensated: bool, **parameters):
    asked = pid.PidParameters(**parameters)
    return pid.judge(asked, pid.respond(arm, asked, compensated))


@pytest.mark.parametrize("kp", [300.0, 600.0, 1500.0])
def test_without_compensation_a_pd_law_rests_where_kp_times_the_error_is_gravity(arm, kp):
    numbers = respond(arm, False, kp_nm_per_rad=kp, kd_nm_s_per_rad=60)

    # Dry friction of 0.2 N m may hold the joint a little before.
    slack_deg = math.degrees(0.25 / kp)
    assert numbers["steady_state_error_deg"] == pytest.approx(
        math.degrees(numbers["gravity_torque_nm"] / kp), abs=slack_deg
    )


def test_with_compensation_the_error_is_only_friction(arm):
    numbers = respond(arm, True, kp_nm_per_rad=600, kd_nm_s_per_rad=60)

    assert abs(numbers["steady_state_error_deg"]) <= math.degrees(0.25 / 600)


def test_an_integral_removes_the_error(arm):
    numbers = respond(arm, False, ki_nm_per_rad_s=1500, kd_nm_s_per_rad=60, duration_s=5)

    assert abs(numbers["steady_state_error_deg"]) < 0.05


@pytest.mark.parametrize("kd", [10.0, 25.0, 45.0])
def test_the_overshoot_is_that_of_a_second_order_system(arm, kd):
    # A small step: no motor comes to its limit, and gravity hardly changes.
    numbers = respond(arm, True, step_deg=10, kd_nm_s_per_rad=kd)

    zeta = (kd + 0.5) / (2 * math.sqrt(600 * numbers["inertia_kg_m2"]))
    expected = 100 * math.exp(-math.pi * zeta / math.sqrt(1 - zeta**2))
    assert numbers["overshoot_percent"] == pytest.approx(expected, abs=2.0)
    assert numbers["second_order_overshoot_percent"] == pytest.approx(expected, abs=0.1)


def test_no_motor_gives_more_than_its_limit(arm):
    numbers = respond(arm, True, kp_nm_per_rad=3000, step_deg=25)

    assert numbers["highest_torque_nm"] <= arm.max_effort[1]


def test_gravity_at_the_locked_arm_is_that_of_the_whole_arm(arm):
    """One joint left of the whole description holds what all links of it weigh."""
    pin = pytest.importorskip("pinocchio")
    whole = pin.buildModelFromXML(arm.urdf)
    q = pin.neutral(whole)
    q[:6] = np.radians(pid.START_DEG)
    gravity = pin.computeGeneralizedGravity(whole, whole.createData(), q)

    for index, joint in ((1, "joint_2"), (2, "joint_3")):
        response = pid.respond(arm, pid.PidParameters(joint=joint, kd_nm_s_per_rad=0), True)
        # At the very first moment nothing has moved: kp times the step, and gravity.
        first = response.torque_nm[0] - 600 * math.radians(12)
        assert min(first, arm.max_effort[index]) == pytest.approx(
            min(gravity[index], arm.max_effort[index] - 600 * math.radians(12)), rel=1e-4
        )


def drive(**parameters):
    asked, base = odometry.OdometryParameters(**parameters), base_numbers()
    driven = odometry.simulate(asked, base)
    believed = odometry.integrate(driven.wheels_rad, *odometry.believed_size(asked, base))
    return driven, believed, odometry.judge(asked, base, driven, believed)


@pytest.mark.parametrize(
    ("radius", "track"),
    [(0.0, 5.0), (0.0, -4.0), (3.0, 0.0), (-2.0, 2.0)],
)
def test_wrong_sizes_turn_the_heading_by_their_ratio(radius, track):
    _, _, numbers = drive(route="circle", radius_error_percent=radius, track_error_percent=track)

    expected = 360 * ((1 + radius / 100) / (1 + track / 100) - 1)
    assert numbers["final_heading_error_deg"] == pytest.approx(expected, abs=0.3)
    assert numbers["heading_error_by_wrong_sizes_deg"] == pytest.approx(expected, abs=0.01)


def test_with_a_wrong_track_a_circle_is_believed_to_be_an_arc_of_another_radius():
    _, believed, numbers = drive(route="circle", size_m=2.0, track_error_percent=5)

    # The way is right, the turn is not: an arc of 2 pi / 1.05 with 1.05 times the radius.
    turn, radius = 2 * math.pi / 1.05, 1.05
    expected = (radius * math.sin(turn), radius * (1 - math.cos(turn)))
    assert believed[-1, :2] == pytest.approx(expected, abs=0.02)
    assert numbers["path_length_m"] == pytest.approx(2 * math.pi, rel=0.01)


def test_with_the_right_sizes_on_a_rough_floor_odometry_is_right_to_millimetres():
    _, _, numbers = drive(track_error_percent=0)

    assert numbers["drift_mm_per_m"] < 1
    assert abs(numbers["final_heading_error_deg"]) < 0.3


def test_on_a_slippery_floor_the_right_sizes_do_not_help():
    _, _, numbers = drive(track_error_percent=0, floor_friction=0.05)

    assert numbers["drift_mm_per_m"] > 10


def test_a_drive_is_the_same_every_time():
    first, _, _ = drive(route="circle")
    second, _, _ = drive(route="circle")

    assert np.array_equal(first.truth, second.truth)


def test_wheels_that_turn_equally_drive_straight_and_opposite_ones_on_the_spot():
    ahead = odometry.integrate(np.array([[0.0, 0.0], [2.0, 2.0]]), 0.05, 0.4)
    spot = odometry.integrate(np.array([[0.0, 0.0], [-2.0, 2.0]]), 0.05, 0.4)

    assert ahead[-1] == pytest.approx([0.1, 0.0, 0.0])
    assert spot[-1] == pytest.approx([0.0, 0.0, 0.5])


def test_a_trapezium_covers_its_distance_at_no_more_than_its_speed():
    speeds = odometry.trapezium(1.0, 0.3, 0.5)

    assert speeds.sum() * 0.001 == pytest.approx(1.0)
    assert speeds.max() == pytest.approx(0.3, rel=0.01)


def test_the_rates_of_the_walk_never_exceed_the_bound_of_damped_least_squares():
    asked = walk.SingularityParameters(tool_speed_m_per_s=0.2, damping=0.04)
    rates = np.gradient(walk.walk(asked).angles_rad, 0.005, axis=0)

    assert np.linalg.norm(rates, axis=1).max() <= 0.2 / (2 * 0.04) * 1.01


def test_manipulability_of_the_planar_arm_is_the_product_of_its_links_and_the_sine():
    table = walk.rates_table(0.1, 0.05)

    expected = 0.5 * 0.4 * np.sin(np.radians(table["elbow_deg"]))
    assert table["manipulability_m2"] == pytest.approx(expected, abs=1e-6)


def test_the_shortest_time_of_one_joint_is_that_of_its_trapezium(arm):
    far, near = np.zeros(6), np.zeros(6)
    far[0], near[0] = 2.0, 0.1

    # joint_1: 2 rad/s and 5 rad/s^2.
    assert timing.shortest_s(far, arm, 1.0) == pytest.approx(2.0 / 2.0 + 2.0 / 5.0)
    assert timing.shortest_s(near, arm, 1.0) == pytest.approx(2 * math.sqrt(0.1 / 5.0))


@pytest.mark.parametrize("scale", [0.01, 0.6, 1.0])
def test_at_every_moment_no_more_than_one_limit_counts_as_active(arm, scale):
    times_s = np.linspace(0.0, 3.0, 301)
    speed, acceleration = np.zeros((2, 301, 6))
    # A trapezium of velocity: near its corners both limits are within a few percent.
    speed[:, 0] = np.clip(1.5 - np.abs(times_s - 1.5), 0.0, 1.0) * scale
    acceleration[:, 0] = np.where(np.abs(times_s - 1.5) >= 0.5, scale, 0.0)
    profile = timing.Profile(times_s, np.zeros((301, 6)), speed, acceleration)

    numbers = timing.judge(profile, arm.names, scale)

    velocity, other = (
        numbers[f"{kind}_limit_active_percent"] for kind in ("velocity", "acceleration")
    )
    assert velocity == pytest.approx(33.3, abs=1.0)
    assert velocity + other == pytest.approx(100, abs=0.11)


def solutions(**parameters):
    pose = inverse.tool_pose(inverse.InverseKinematicsParameters(**parameters))
    return pose, chain.inverse(pose)


def test_postures_with_the_same_elbow_look_the_same():
    _, found = solutions()

    groups = inverse.shapes(found)

    assert [len(group) for group in groups] == [4, 4]
    assert {"elbow up" in posture for posture in groups[0]} == {True}
    assert {"elbow up" in posture for posture in groups[1]} == {False}
    assert inverse.numbered(found) == [1 if "elbow up" in posture else 2 for posture in found]


def test_no_posture_is_drawn_over_another():
    _, found = solutions()

    drawn = list(inverse.beside(found).values())

    for index, points in enumerate(drawn):
        for other in drawn[index + 1 :]:
            assert np.linalg.norm(points - other, axis=1).min() > 0.015


def test_where_no_solution_exists_nothing_is_said_about_errors(arm):
    pose, found = solutions(position_m=(1.1, 0.0, 1.2))

    numbers = inverse.count(arm, pose, found, {}, 0)

    assert numbers["solutions"] == 0
    assert "largest_pose_error_nm" not in numbers
    assert numbers["solutions_in_words"].startswith("No solution exists: ")


def test_where_solutions_exist_their_shapes_and_visits_are_counted(arm):
    pose, found = solutions()
    fates = dict.fromkeys(found, "in collision")

    numbers = inverse.count(arm, pose, found, fates, 8)

    assert numbers["largest_pose_error_nm"] < 1
    assert numbers["solutions_in_words"] == (
        "8 solutions, seen as 2 shapes of the arm; none visited."
    )


def test_the_way_of_a_cube_begins_when_it_leaves_and_ends_when_it_rests(arm):
    heights_m = [0.02] * 50 + [0.02 + 0.001 * i for i in range(1, 101)] + [0.12] * 50
    nothing = np.zeros(0)
    measurements = [
        Measurement(
            RobotState((), nothing, nothing, nothing, 7 + 0.01 * i, Activity.MOVING),
            bench().move(pick.CUBE, Pose((0.5, 0.1, z))),
        )
        for i, z in enumerate(heights_m)
    ]

    way = pick.way_of_the_cube(measurements)
    resting = pick.way_of_the_cube(measurements[:50])

    assert way[0] == pytest.approx([0.0, 0.5, 0.1, 0.02])
    assert way[-1] == pytest.approx([1.0, 0.5, 0.1, 0.12])
    assert way[:, 3] == pytest.approx(0.02 + 0.1 * way[:, 0])
    assert np.ptp(resting[:, 3]) == 0


def test_deviation_is_measured_at_right_angles_to_the_line():
    points = np.array([[0.0, 0, 0], [0.3, 0.2, 0], [1.0, 0, 0]])

    assert interpolation.deviation(points) == pytest.approx([0.0, 0.2, 0.0])


def test_a_motion_through_a_posture_has_the_rates_there(arm):
    middle, rates = np.full(6, 0.2), np.array([0.3, -0.1, 0.0, 0.5, 0.0, 0.2])
    motion = motions.through(arm, middle, rates, 1.0)

    position, velocity, _ = motion.sample(np.array([motion.duration_s / 2]))

    assert position[0] == pytest.approx(middle)
    assert velocity[0] == pytest.approx(rates)
    assert (motions.peaks(motion)[1] <= 0.5 * arm.max_acceleration + 1e-9).all()


def test_a_slowed_motion_keeps_its_share_of_the_limits(arm):
    fast = Trajectory(
        arm.names, np.array([0.0, 0.1, 0.2]), np.linspace([0.0] * 6, [1.0] * 6, 3), np.zeros((3, 6))
    )

    slow, factor = motions.slowed(arm, fast, 0.8)

    speed, acceleration = motions.peaks(slow)
    assert factor > 1
    assert slow.duration_s == pytest.approx(0.2 * factor)
    shares = np.concatenate([speed / arm.max_velocity, acceleration / arm.max_acceleration])
    assert shares.max() == pytest.approx(0.8)


def test_both_trees_meet_and_every_point_of_the_path_is_free(arm):
    from lectern.robot.planning.planner import Planner

    asked = rrt_connect.RrtConnectParameters()
    scene = rrt_connect.surroundings(asked)

    found = rrt_connect.grow(arm, scene, asked.step_rad, seed=3)

    start, goal = rrt_connect.ends()
    assert np.array_equal(found.path[0], start)
    assert np.array_equal(found.path[-1], goal)
    planner = Planner(arm)
    assert not any(planner.robot_contacts(q, 0.04, scene) for q in found.path)
    steps = np.linalg.norm(np.diff(found.path, axis=0), axis=1)
    assert steps.max() <= asked.step_rad + 1e-9


def test_a_search_is_the_same_for_a_seed_and_another_for_another(arm):
    scene = rrt_connect.surroundings(rrt_connect.RrtConnectParameters())

    first, second, other = (rrt_connect.grow(arm, scene, 0.3, seed) for seed in (1, 1, 2))

    assert np.array_equal(first.path, second.path)
    assert not np.array_equal(first.path, other.path)


def test_the_cube_stands_where_the_seed_or_the_parameters_say():
    by_seed = [pick.cube_pose(pick.PickAndPlaceParameters(), seed) for seed in (5, 5, 6)]
    asked = pick.PickAndPlaceParameters(cube_x_m=0.5, cube_y_m=0.1, cube_yaw_deg=30)

    assert by_seed[0] == by_seed[1] != by_seed[2]
    given = pick.cube_pose(asked, 5)
    assert given.position_m == (0.5, 0.1, 0.02)
    assert math.degrees(pick.yaw_of(given)) == pytest.approx(30)


@pytest.mark.parametrize("yaw_deg", [-170, -46, 0, 44, 46, 100])
def test_a_grasp_points_down_and_closes_on_two_faces(yaw_deg):
    tool = pick.grasp((0.5, 0.0, 0.02), math.radians(yaw_deg)).matrix()

    assert tool[:3, 2] == pytest.approx([0, 0, -1])
    closing = math.degrees(math.atan2(tool[1, 1], tool[0, 1]))
    assert (closing - yaw_deg) % 90 == pytest.approx(0, abs=1e-6) or (
        closing - yaw_deg
    ) % 90 == pytest.approx(90, abs=1e-6)


def test_a_cube_beside_its_place_or_on_its_edge_is_no_success():
    scene = bench()
    place = pick.place_on(scene.get("tray"))
    held = type("Held", (), {"gripper_width_m": 0.04})
    x, y, z = place.position_m
    ends = {
        "there": place,
        "beside": Pose((x + 0.05, y, z)),
        "on edge": Pose((x, y, z), (0.38268, 0.0, 0.0, 0.92388)),
        "fallen through": Pose((x, y, 0.02)),
    }

    judged = {
        name: pick.judge(scene.move(pick.CUBE, end), place, place, held)["success"]
        for name, end in ends.items()
    }

    assert judged == {"there": True, "beside": False, "on edge": False, "fallen through": False}


def test_the_tool_path_of_a_line_of_joints_starts_and_ends_where_the_joints_do():
    a, b = rrt_connect.ends()

    path = chain.tool_path(rrt_connect.between(a, b))

    assert path[0] == pytest.approx(chain.tool_pose(a)[:3, 3])
    assert path[-1] == pytest.approx(chain.tool_pose(b)[:3, 3])
