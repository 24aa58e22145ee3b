"""Where links are, and whether they may be there."""

from __future__ import annotations

import numpy as np
import pytest
from gatekit import ARM, HOME, path
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.errors import DescriptionInvalid, InvalidInput, LimitsExceeded
from lectern.robot.chain import chain_of
from lectern.robot.gate import Workspace
from lectern.robot.gate.extremes import extremes
from lectern.robot.planning.kinematics import Kinematics

CHAIN = chain_of(ARM.urdf, ARM.names)
KINEMATICS = Kinematics(ARM)
joints = st.tuples(*(st.floats(j.limits.lower, j.limits.upper) for j in ARM.joints))


@settings(max_examples=50, deadline=None)
@given(joints)
def test_the_gates_own_kinematics_agree_with_pinocchio(q):
    ours = CHAIN.poses(np.array([q]))[ARM.tool_frame][0]
    assert np.allclose(ours, KINEMATICS.forward(np.array(q)).matrix(), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(joints, joints)
def test_no_link_is_farther_than_its_reach_allows(q, other):
    # The tool moves at most as far as every joint's turn times its reach.
    a, b = CHAIN.origins_m(np.array([q, other]), CHAIN.moved())
    bound = np.abs(np.array(q) - other) @ CHAIN.reach_m()
    assert (np.linalg.norm(a - b, axis=1) <= bound + 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(joints, st.floats(-0.3, 0.6), st.integers(2, 12))
def test_a_path_that_leaves_the_workspace_at_any_instant_is_refused(goal, floor, points):
    workspace = Workspace(floor_z_m=floor)
    trajectory = path(goal=goal, points=points)
    q, _, _ = trajectory.sample(np.linspace(0, trajectory.duration_s, 3000))
    deepest = (floor - CHAIN.origins_m(q, CHAIN.moved())[..., 2]).max()
    try:
        workspace.check_path(CHAIN, trajectory, extremes(trajectory))
    except LimitsExceeded:
        assert deepest > 0
    else:
        assert deepest <= workspace.tolerance_m


def test_a_path_that_leaves_between_its_points_only_is_refused():
    # Both points are the pose home; in between, joint 2 swings down and back.
    turned = np.array([HOME, HOME])
    velocities = np.zeros_like(turned)
    velocities[0, 1], velocities[1, 1] = 3.0, -3.0
    trajectory = type(path())(ARM.names, np.array([0.0, 4.0]), turned, velocities)
    middle = CHAIN.origins_m(trajectory.sample(np.array([2.0]))[0], CHAIN.moved())
    floor = float(middle[..., 2].min()) + 0.05
    ends = CHAIN.origins_m(turned, CHAIN.moved())
    workspace = Workspace(floor_z_m=floor)
    assert (ends[..., 2] > floor).all()
    with pytest.raises(LimitsExceeded, match="leaves the workspace"):
        workspace.check_path(CHAIN, trajectory, extremes(trajectory))


@pytest.mark.parametrize(
    ("workspace", "point"),
    [
        pytest.param(Workspace(), (0.0, 0.0, -0.006), id="below the floor"),
        pytest.param(Workspace(high_m=(0.5, 0.5, 0.5)), (0.51, 0.0, 0.1), id="beside the box"),
        pytest.param(Workspace(low_m=(0.0, -1.0, 0.0)), (-0.1, 0.0, 0.1), id="behind the box"),
        pytest.param(Workspace(radius_m=1.0), (0.8, 0.8, 0.1), id="outside the ball"),
        pytest.param(Workspace(), (float("nan"), 0.0, 0.1), id="no number"),
    ],
)
def test_a_point_outside_the_workspace_is_refused(workspace, point):
    with pytest.raises(LimitsExceeded):
        workspace.check_point(point, "goal")


def test_a_point_on_the_floor_is_inside():
    Workspace().check_point((0.4, 0.0, 0.0), "goal")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"low_m": (1.0, 0, 0), "high_m": (0.0, 1, 1)}, id="corners the wrong way"),
        pytest.param({"radius_m": 0.0}, id="no radius"),
        pytest.param({"floor_z_m": float("nan")}, id="floor that is no number"),
        pytest.param({"radius_m": float("nan")}, id="radius that is no number"),
        pytest.param({"centre_m": (float("inf"), 0, 0)}, id="centre nowhere"),
        pytest.param({"tolerance_m": 0.001}, id="tolerance finer than the looks"),
    ],
)
def test_a_workspace_without_an_inside_cannot_be_made(fields):
    with pytest.raises(InvalidInput):
        Workspace(**fields)


@pytest.mark.parametrize(
    "urdf",
    [
        pytest.param("", id="empty"),
        pytest.param("<robot>", id="broken"),
        pytest.param("<robot/>", id="no joints"),
        pytest.param(ARM.urdf.replace("joint_3", "elbow"), id="a joint is missing"),
        pytest.param(ARM.urdf.replace('"revolute"', '"planar"'), id="a joint of another kind"),
    ],
)
def test_a_description_that_the_gate_cannot_read_has_a_name(urdf):
    with pytest.raises(DescriptionInvalid):
        chain_of(urdf, ARM.names)


def test_a_ring_of_joints_is_no_robot():
    ring = "".join(
        f'<joint name="{n}" type="fixed"><parent link="{a}"/><child link="{b}"/></joint>'
        for n, a, b in [("r", "root", "x"), ("p", "a", "b"), ("q", "b", "a")]
    )
    with pytest.raises(DescriptionInvalid, match="ring"):
        chain_of(f"<robot>{ring}</robot>", ())
