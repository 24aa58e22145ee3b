"""The book's kinematics against the library's and against differences."""

from __future__ import annotations

import numpy as np
import pytest

from lectern.robot.demos import chain
from lectern.robot.geometry import Pose
from lectern.robot.planning.kinematics import Kinematics


@pytest.fixture(scope="module")
def kinematics(arm):
    return Kinematics(arm)


@pytest.fixture(scope="module")
def postures(arm):
    return np.random.default_rng(4).uniform(arm.lower, arm.upper, (40, 6))


def test_the_elbow_arm_of_the_book_has_its_tip_at_the_wrist_centre():
    q = np.radians([90, 30, 60, 0, 0, 0])

    assert chain.wrist_centre(q) == pytest.approx([0.0, 0.5 * np.sqrt(0.75), 1.05], abs=1e-12)


def test_the_dh_product_is_the_pose_by_the_urdf(kinematics, postures):
    for q in postures:
        assert chain.tool_pose(q) == pytest.approx(kinematics.forward(q).matrix(), abs=1e-9)


def test_the_columns_of_the_jacobian_are_those_of_the_library(kinematics, postures):
    for q in postures:
        assert chain.tool_jacobian(q) == pytest.approx(kinematics.jacobian(q), abs=1e-9)


def test_the_elbow_jacobian_is_the_change_of_the_wrist(postures):
    step = 1e-6
    for q in postures:
        moved = [
            (chain.wrist_centre(q + d) - chain.wrist_centre(q - d)) / (2 * step)
            for d in step * np.eye(6)[:3]
        ]
        assert chain.elbow_jacobian(q) == pytest.approx(np.array(moved).T, abs=1e-8)


def test_every_solution_of_the_inverse_reaches_the_pose_and_one_is_where_it_came_from(postures):
    for q in postures:
        pose = chain.tool_pose(q)
        found = chain.inverse(pose).values()
        assert all(np.allclose(chain.tool_pose(s), pose, atol=1e-9) for s in found)
        assert min(np.abs(s - q).max() for s in found) < 1e-6


def test_solutions_within_limits_are_those_that_the_planner_finds(arm, kinematics, postures):
    for q in postures:
        found = chain.inverse(chain.tool_pose(q)).values()
        within = [s for s in found if ((s >= arm.lower) & (s <= arm.upper)).all()]
        assert len(within) == len(kinematics.inverse(Pose.from_matrix(chain.tool_pose(q))))


def test_the_elbow_is_up_where_the_posture_says_so(postures):
    for q in postures:
        for posture, s in chain.inverse(chain.tool_pose(q)).items():
            _, shoulder, elbow, wrist, _ = chain.skeleton(s)
            line = wrist - shoulder
            upwards = np.cross(np.cross(line, [0, 0, 1]), line)
            assert ((elbow - shoulder) @ upwards > 0) == ("elbow up" in posture)


def test_out_of_reach_there_is_no_solution():
    pose = np.eye(4)
    pose[:3, 3] = (1.5, 0.0, 0.5)

    assert chain.inverse(pose) == {}


def test_at_a_wrist_singularity_the_solutions_still_reach_the_pose():
    pose = chain.tool_pose(np.array([0.3, 1.2, -1.5, 0.4, 0.0, 0.2]))

    assert all(np.allclose(chain.tool_pose(s), pose) for s in chain.inverse(pose).values())
