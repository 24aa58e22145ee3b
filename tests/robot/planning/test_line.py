import numpy as np
import pinocchio as pin
import pytest

from lectern.errors import GoalUnreachable, PathBlocked
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.goals import LineGoal, PlanRequest
from lectern.robot.planning.line import between
from lectern.robot.planning.planner import Planner
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.scenes import bench

MODEL = textbook_arm()
PLANNER = Planner(MODEL)
READY = MODEL.named["ready"]
START = PLANNER.kinematics.forward(READY)


def turned(axis, angle):
    rotation = START.matrix()[:3, :3] @ pin.utils.rotate(axis, angle)
    return tuple(pin.Quaternion(rotation).coeffs())


def line_to(position, quaternion=START.quaternion_xyzw, scene=None, **settings):
    goal = LineGoal(Pose(position, quaternion))
    return PLANNER.plan(PlanRequest(goal, **settings), READY, scene or bench())


@pytest.mark.parametrize(
    ("position", "turn"),
    [
        pytest.param((0.5, 0.2, 0.15), ("z", 0.0), id="straight down and aside"),
        pytest.param((0.35, -0.2, 0.5), ("y", 0.6), id="up while tilting"),
        pytest.param((0.45, 0.0, 0.4), ("z", 1.2), id="turning on the spot"),
    ],
)
def test_the_tool_goes_straight_within_a_tenth_of_a_millimetre(position, turn):
    goal = Pose(position, turned(*turn))
    trajectory = line_to(position, goal.quaternion_xyzw).steps[0].trajectory
    start, end = START.matrix(), goal.matrix()
    way, angle = end[:3, 3] - start[:3, 3], np.linalg.norm(pin.log3(start[:3, :3].T @ end[:3, :3]))
    times = np.random.default_rng(1).uniform(0, trajectory.duration_s, 400)
    for q in trajectory.sample(times)[0]:
        pose = PLANNER.kinematics.forward(q).matrix()
        if np.linalg.norm(way) > 1e-3:
            share = (pose[:3, 3] - start[:3, 3]) @ way / (way @ way)
        else:
            share = np.linalg.norm(pin.log3(start[:3, :3].T @ pose[:3, :3])) / angle
        expected = between(start, end, share)
        assert np.linalg.norm(pose[:3, 3] - expected[:3, 3]) < 1e-4
        assert np.linalg.norm(pin.log3(expected[:3, :3].T @ pose[:3, :3])) < 1e-3


def test_a_line_ends_at_its_goal():
    trajectory = line_to((0.5, 0.2, 0.15)).steps[0].trajectory
    reached = PLANNER.kinematics.forward(trajectory.positions[-1])
    np.testing.assert_allclose(reached.position_m, (0.5, 0.2, 0.15), atol=1e-8)


def test_a_line_of_no_length_stays():
    trajectory = line_to(START.position_m).steps[0].trajectory
    assert np.abs(np.diff(trajectory.positions, axis=0)).max() < 1e-6


def test_a_line_through_an_object_is_blocked_and_both_sides_are_named():
    wall = SceneObject("wall", Box((0.4, 0.02, 0.3)), Pose((0.5, 0.2, 0.4)))
    with pytest.raises(PathBlocked, match=r"wall .* % of the straight line"):
        line_to((0.45, 0.4, 0.4), scene=Scene.of(wall))


def test_a_line_that_leaves_the_workspace_says_where():
    with pytest.raises(GoalUnreachable, match=r"straight line ends at \d+ %"):
        line_to((1.6, 0.0, 0.4))


def test_a_line_through_the_wrists_singularity_is_refused_with_its_joints():
    start = (0.0, 1.2, -1.2, 0.0, -0.3, 0.0)
    pose = PLANNER.kinematics.forward((0.0, 1.2, -1.2, 0.0, 0.3, 0.0))
    with pytest.raises(GoalUnreachable, match=r"singularity .*joint_4"):
        PLANNER.plan(PlanRequest(LineGoal(pose)), start, Scene())


def test_a_line_from_a_stretched_arm_is_refused_as_singular():
    with pytest.raises(GoalUnreachable, match="singularity"):
        PLANNER.plan(
            PlanRequest(LineGoal(Pose((1.0, 0.0, 0.4)))), MODEL.named["stretched"], Scene()
        )


def test_a_line_beyond_a_joint_limit_names_the_joint():
    start = (0.0, 1.2477, -2.0029, 0.0, -0.8156, 2.8)
    pose = PLANNER.kinematics.forward(start)
    rotation = pose.matrix()[:3, :3] @ pin.utils.rotate("z", 0.6)
    goal = Pose(pose.position_m, tuple(pin.Quaternion(rotation).coeffs()))
    with pytest.raises(GoalUnreachable, match=r"joint_6 would leave the joint limits"):
        PLANNER.plan(PlanRequest(LineGoal(goal)), start, Scene())
