"""Every demo with its defaults: what it returns, and whether theory agrees."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from lectern.robot.demos.catalogue import DEMOS

pytestmark = pytest.mark.slow

every_name = pytest.mark.parametrize("name", DEMOS)
# Numbers without a unit: counts, shares, flags, names and words.
UNITLESS = re.compile(
    r"solutions|visited|in_collision|measurements|success|tool_z_axis|nodes_of_the_|checked|"
    r"corners|friction_|damping_ratio|condition_number|joint_that_limits|replay_|slow_motion_factor"
)
UNIT = re.compile(
    r"_(m|m2|m3|mm|nm|deg|rad|mrad|s|ms|n|percent|percent_of_limit|kg_m2|rad_per_s|m_per_s|mm_per_s|mm_per_m)$"
)


@every_name
def test_a_result_is_plain_json_with_units_in_its_keys(defaults, name):
    document = defaults[name].result.document()

    json.dumps(document, allow_nan=False)
    for key in document["numbers"]:
        assert UNITLESS.search(key) or UNIT.search(key), key


@every_name
def test_a_picture_is_a_png_of_a_thousand_pixels_and_not_too_heavy(defaults, name):
    pictures = defaults[name].result.pictures

    assert pictures
    for png in pictures.values():
        image = Image.open(io.BytesIO(png))
        assert image.format == "PNG"
        assert image.width == 1000
        assert len(image.convert("RGB").getcolors(1_000_000)) > 10
        assert len(png) < 60_000


def test_only_the_base_is_played_back(defaults):
    played = {name: run.result.playback for name, run in defaults.items()}

    assert [name for name, playback in played.items() if playback] == ["odometry"]
    playback = played["odometry"]
    assert {len(poses) for poses in playback.poses.values()} == {len(playback.times_s)}


def test_the_simulated_tool_is_where_the_dh_product_says(defaults):
    numbers = defaults["forward_kinematics"].result.numbers

    assert numbers["dh_against_urdf_nm"] < 1
    assert numbers["tool_error_mm"] < 1


def test_the_tool_moves_as_the_jacobian_says(defaults):
    numbers = defaults["jacobian"].result.numbers

    # Even in the second of cruising, looked at every 20 ms.
    assert 40 <= numbers["measurements"] <= 51
    assert numbers["largest_difference_mm_per_s"] < 2
    expected = np.prod(numbers["ellipsoid_half_lengths_m"])
    assert numbers["manipulability_m3"] == pytest.approx(expected, abs=5e-4)


def test_damping_bounds_the_joint_rates_in_a_singularity(defaults):
    numbers = defaults["singularity"].result.numbers

    assert abs(numbers["elbow_at_end_deg"]) < 2
    assert numbers["fastest_joint_rate_rad_per_s"] <= numbers["damped_rate_bound_rad_per_s"]
    assert numbers["manipulability_at_end_m2"] < 0.02 * numbers["manipulability_at_start_m2"]


def test_the_arm_visits_every_solution_that_it_may(defaults):
    numbers = defaults["inverse_kinematics"].result.numbers

    assert numbers["solutions"] == numbers["solutions_within_limits"] == 8
    assert numbers["visited"] == numbers["solutions_of_the_planner"] == 8


def test_only_the_cartesian_path_is_straight(defaults):
    numbers = defaults["interpolation"].result.numbers

    assert numbers["cartesian_largest_deviation_mm"] < 1
    assert numbers["cartesian_length_m"] == pytest.approx(numbers["distance_m"], abs=0.001)
    assert numbers["joint_largest_deviation_mm"] > 50
    # Joint 1 alone turns, so the tool runs along an arc around the base: half angle from the ends.
    half = np.arctan2(0.4, 0.45)
    assert numbers["joint_largest_deviation_mm"] == pytest.approx(
        1e3 * np.hypot(0.45, 0.4) * (1 - np.cos(half)), rel=0.02
    )


def test_a_trajectory_keeps_the_limits_and_is_not_faster_than_possible(defaults):
    numbers = defaults["trajectory"].result.numbers

    assert numbers["highest_velocity_percent_of_limit"] <= 100.1
    assert numbers["highest_acceleration_percent_of_limit"] <= 100.1
    assert numbers["shortest_possible_s"] <= numbers["duration_s"] + 0.001
    assert numbers["duration_s"] < 1.1 * numbers["shortest_possible_s"]


def test_the_shortened_path_is_between_the_straight_line_and_the_one_of_the_tree(defaults):
    numbers = defaults["rrt_connect"].result.numbers

    assert numbers["straight_distance_rad"] < numbers["taken_path_length_rad"]
    assert numbers["taken_path_length_rad"] < numbers["tree_path_length_rad"]


def test_the_cube_ends_on_the_tray(defaults):
    numbers = defaults["pick_and_place"].result.numbers

    assert numbers["success"] is True
    assert numbers["placing_error_mm"] < 5
    assert numbers["gripper_width_on_cube_mm"] == pytest.approx(40, abs=1)


def test_the_way_of_the_cube_is_seen_all_along_and_not_only_where_motions_end(defaults):
    ran = defaults["pick_and_place"].result
    times_s, way_m = (np.array(ran.series[key]) for key in ("times_s", "way_of_the_cube_m"))

    assert 200 <= len(way_m) == len(times_s) <= 400
    assert way_m[0] == pytest.approx(ran.numbers["cube_start_m"], abs=0.002)
    assert way_m[-1] == pytest.approx(ran.numbers["cube_end_m"], abs=0.002)
    assert (np.diff(times_s) > 0).all()
    # No faster than the tool: nothing was left out in between.
    assert np.linalg.norm(np.diff(way_m, axis=0), axis=1).max() < 0.03


def test_friction_felt_in_the_joints_is_the_one_that_was_set(defaults):
    numbers = defaults["push"].result.numbers

    assert numbers["weight_n"] == pytest.approx(0.8 * 9.81, abs=0.01)
    normal = numbers["weight_n"] + numbers["pressed_down_by_the_hand_n"]
    assert numbers["coulomb_force_n"] == pytest.approx(0.4 * normal, abs=0.01)
    assert numbers["friction_estimated"] == pytest.approx(0.4, rel=0.1)
    # It is pushed once the finger behind it has come up, after the play of 4 mm.
    assert numbers["block_moved_m"] == pytest.approx(0.3 - 0.004, abs=0.002)
