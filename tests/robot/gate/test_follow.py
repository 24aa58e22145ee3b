"""A trajectory that somebody else made has to pass every check that a planned one has."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math

import numpy as np
import pytest
from gatekit import ALICE, ARM, HOME, LOCAL, OPERATOR, READY, VISITOR, Rig, path
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lectern.errors import (
    ApprovalNeeded,
    InvalidInput,
    LecternError,
    LimitsExceeded,
    MotionOff,
    MotionStopped,
    PathBlocked,
    PlanOutdated,
    ToolNotAllowed,
    TrajectoryInvalid,
)
from lectern.robot.following import CommandedPoint, commanded, follow_arguments
from lectern.robot.gate import AuditLog, Bounds, MotionGate, Policy, Workspace
from lectern.robot.gate.tools import MAX_FOLLOWED_POINTS
from lectern.robot.geometry import Pose
from lectern.robot.memory import MemoryRobot
from lectern.robot.planning.planner import Planner
from lectern.robot.scene import Box, SceneObject
from lectern.robot.state import Activity
from lectern.robot.trajectory import Trajectory

GOOD = follow_arguments(path())
TOOL = "follow_trajectory"


def with_(**fields) -> dict:
    return {**GOOD, **fields}


async def refused(rig: Rig, arguments, error: type[LecternError], check: str) -> LecternError:
    """Assert that arguments are refused by one check, on record, and that nothing moves."""
    with pytest.raises(error) as caught:
        await rig.gate.perform(LOCAL, TOOL, arguments)
    assert rig.robot.executed == []
    last = rig.entries()[-1]
    assert (last["verdict"], last["check"], last["code"]) == ("denied", check, caught.value.code)
    assert len(json.dumps(last)) < 40_000
    return caught.value


async def test_a_trajectory_is_executed_as_it_was_given_to_the_last_bit(open_rig):
    await open_rig.gate.perform(ALICE, TOOL, GOOD)
    (plan,) = open_rig.robot.executed
    assert plan.steps[0].trajectory.digest() == path().digest()
    assert np.allclose(open_rig.robot.state().of(ARM.names), READY)


async def test_no_planner_is_asked(open_rig):
    open_rig.planner.plan_instead = lambda request: pytest.fail("it was")
    await open_rig.gate.perform(ALICE, TOOL, GOOD)


async def test_it_is_approved_and_used_once_like_any_other(rig):
    proposal = await rig.gate.propose(ALICE, TOOL, GOOD)
    assert proposal.verdict == "ask"
    with pytest.raises(ApprovalNeeded):
        await rig.gate.execute(ALICE, proposal.digest)
    await rig.gate.approve(OPERATOR, proposal.digest)
    await rig.gate.execute(ALICE, proposal.digest)
    with pytest.raises(LecternError):
        await rig.gate.execute(ALICE, proposal.digest)
    assert len(rig.robot.executed) == 1


async def test_a_trajectory_that_differs_in_one_bit_is_another_plan(rig):
    first = await rig.gate.propose(ALICE, TOOL, GOOD)
    positions = np.array(GOOD["positions_rad"])
    positions[7, 3] = np.nextafter(positions[7, 3], 9)
    second = await rig.gate.propose(ALICE, TOOL, with_(positions_rad=positions.tolist()))
    assert second.digest != first.digest


async def test_a_stop_makes_it_void(rig):
    digest = await rig.approved(ALICE, (TOOL, GOOD))
    rig.gate.stop(None, "enough")
    with pytest.raises(MotionStopped):
        await rig.gate.execute(ALICE, digest)


async def test_a_policy_that_is_off_refuses_it(tmp_path):
    await refused(Rig(tmp_path, Policy("off")), GOOD, MotionOff, "policy")


async def test_who_may_only_look_follows_nothing(open_rig):
    with pytest.raises(ToolNotAllowed):
        await open_rig.gate.perform(VISITOR, TOOL, GOOD)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"names": ARM.names[:-1]}, TrajectoryInvalid, id="a name missing"),
        pytest.param({"names": (*ARM.names, "x")}, TrajectoryInvalid, id="a name too many"),
        pytest.param({"names": ARM.names[::-1]}, TrajectoryInvalid, id="another order"),
        pytest.param({"names": ["joint_1"] * 6}, TrajectoryInvalid, id="a name six times"),
        pytest.param({"names": []}, InvalidInput, id="no names"),
        pytest.param({"names": [""] * 6}, InvalidInput, id="empty names"),
        pytest.param({"names": "joint_1"}, InvalidInput, id="a text for names"),
        pytest.param({"times_s": GOOD["times_s"][:-1]}, TrajectoryInvalid, id="a time missing"),
        pytest.param({"times_s": GOOD["times_s"][::-1]}, TrajectoryInvalid, id="backwards"),
        pytest.param(
            {"times_s": [t + 0.1 for t in GOOD["times_s"]]}, TrajectoryInvalid, id="not from 0"
        ),
        pytest.param({"times_s": [-1.0, *GOOD["times_s"][1:]]}, InvalidInput, id="before 0"),
        pytest.param({"times_s": [0.0] * 21}, TrajectoryInvalid, id="all at once"),
        pytest.param(
            {"times_s": [*GOOD["times_s"][:-1], 601.0]},
            InvalidInput,
            id="longer than the gate takes",
        ),
        pytest.param(
            {"positions_rad": GOOD["positions_rad"][:-1]}, TrajectoryInvalid, id="a row missing"
        ),
        pytest.param(
            {"positions_rad": [*GOOD["positions_rad"][:-1], [0.0]]},
            TrajectoryInvalid,
            id="a short row",
        ),
        pytest.param({"positions_rad": [[]] * 21}, InvalidInput, id="empty rows"),
        pytest.param({"positions_rad": [[101.0] * 6] * 21}, InvalidInput, id="far too far"),
        pytest.param({"positions_rad": [0.0] * 21}, InvalidInput, id="no rows"),
        pytest.param({"velocities_rad_s": [["0"] * 6] * 21}, InvalidInput, id="texts"),
        pytest.param({"velocities_rad_s": [[True] * 6] * 21}, InvalidInput, id="truths"),
        pytest.param({"velocities_rad_s": [[math.nan] * 6] * 21}, InvalidInput, id="no numbers"),
        pytest.param({"accelerations": []}, InvalidInput, id="a field too many"),
        pytest.param({"speed_scale": 0.5}, InvalidInput, id="a speed scale"),
    ],
)
async def test_what_is_no_trajectory_of_this_robot_is_refused(open_rig, change, error):
    await refused(open_rig, with_(**change), error, "schema")


@pytest.mark.parametrize("field", ["names", "times_s", "positions_rad", "velocities_rad_s"])
async def test_no_field_can_be_left_out(open_rig, field):
    arguments = {key: value for key, value in GOOD.items() if key != field}
    await refused(open_rig, arguments, InvalidInput, "schema")


def long(points: int) -> dict:
    return follow_arguments(path(points=points, duration_s=20.0))


async def test_as_many_points_as_the_tool_takes_are_followed(open_rig):
    await open_rig.gate.propose(LOCAL, TOOL, long(MAX_FOLLOWED_POINTS))


async def test_one_point_more_is_refused(open_rig):
    await refused(open_rig, long(MAX_FOLLOWED_POINTS + 1), InvalidInput, "schema")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(with_(names=["x" * 5_000_000]), id="a long name"),
        pytest.param(with_(positions_rad=[[0.123456789012345] * 30] * 9000), id="wide rows"),
    ],
)
async def test_arguments_of_many_megabytes_are_refused(open_rig, arguments):
    error = await refused(open_rig, arguments, InvalidInput, "schema")
    assert "longer than 4194304 bytes" in error.detail


async def test_only_this_tool_takes_large_arguments(open_rig):
    with pytest.raises(InvalidInput, match="longer than 16384 bytes"):
        await open_rig.gate.propose(LOCAL, "move_joints", {"positions_rad": [0.5] * 10_000})


async def test_bounds_are_those_that_were_given(tmp_path):
    small = Rig(tmp_path / "a", Policy("auto"), bounds=Bounds(trajectory_bytes=1000))
    await refused(small, GOOD, InvalidInput, "schema")
    few = Rig(tmp_path / "b", Policy("auto"), bounds=Bounds(points=20))
    await refused(few, GOOD, InvalidInput, "schema")


async def test_the_log_keeps_what_tells_a_trajectory_apart_and_not_all_of_it(open_rig):
    await open_rig.gate.perform(ALICE, TOOL, long(5000))
    for entry in open_rig.entries():
        assert len(json.dumps(entry)) < 3000
        kept = json.loads(entry["arguments"])
        assert kept["names"] == list(ARM.names)
        assert (kept["points"], kept["duration_s"]) == (5000, 20.0)
        assert kept["first_rad"] == list(HOME)
        assert kept["last_rad"] == list(READY)
        given_ = json.dumps(long(5000), separators=(",", ":"))
        assert kept["sha256"] == hashlib.sha256(given_.encode()).hexdigest()


attack = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@attack
@given(st.integers(0, 5), st.integers(1, 19), st.booleans(), st.floats(1e-5, 90.0))
def test_a_point_beyond_a_joint_limit_is_refused(tmp_path_factory, joint, row, up, by):
    rig = Rig(tmp_path_factory.mktemp("rig"), Policy("auto"))
    positions = path().positions.copy()
    positions[row, joint] = ARM.upper[joint] + by if up else ARM.lower[joint] - by
    arguments = with_(positions_rad=positions.tolist())
    asyncio.run(refused(rig, arguments, LimitsExceeded, "limits"))


async def test_a_speed_beyond_the_limit_between_points_at_rest_is_refused(open_rig):
    goal = np.array(HOME) + np.eye(6)[0] * 2.0
    points = [CommandedPoint(1.5 * 2.0 / (1.02 * ARM.max_velocity[0]), tuple(goal))]
    arguments = follow_arguments(commanded(ARM, ARM.names, points, HOME))
    error = await refused(open_rig, arguments, LimitsExceeded, "limits")
    assert "joint_1 is faster than its limit" in error.detail


async def test_an_acceleration_beyond_the_limit_is_refused(open_rig):
    points = [
        CommandedPoint(0.2, HOME, (0.0,) * 6, (40.0, *(0.0,) * 5)),
    ]
    arguments = follow_arguments(commanded(ARM, ARM.names, points, HOME))
    error = await refused(open_rig, arguments, LimitsExceeded, "limits")
    assert "joint_1 speeds up beyond its limit" in error.detail


@pytest.mark.parametrize("gap_rad", [0.0021, -0.01, 0.5])
async def test_a_start_elsewhere_is_refused(open_rig, gap_rad):
    start = np.array(HOME)
    start[2] += gap_rad
    arguments = follow_arguments(path(start, READY))
    await refused(open_rig, arguments, PlanOutdated, "continuity")


async def test_a_robot_that_moved_since_the_proposal_is_noticed(open_rig):
    first = await open_rig.gate.propose(ALICE, TOOL, GOOD)
    await open_rig.gate.perform(LOCAL, "move_named", {"name": "ready"})
    open_rig.robot.executed.clear()
    with pytest.raises(PlanOutdated):
        await open_rig.gate.execute(ALICE, first.digest)
    assert open_rig.robot.executed == []


@pytest.mark.parametrize("row", [0, -1])
async def test_a_trajectory_that_does_not_begin_or_end_at_rest_is_refused(open_rig, row):
    velocities = path().velocities.copy()
    velocities[row, 1] = 1e-3
    arguments = with_(velocities_rad_s=velocities.tolist())
    await refused(open_rig, arguments, TrajectoryInvalid, "continuity")


async def test_a_trajectory_out_of_the_workspace_is_refused(tmp_path):
    rig = Rig(tmp_path, Policy("auto"), workspace=Workspace(radius_m=0.5))
    assert "workspace" in (await refused(rig, GOOD, LimitsExceeded, "limits")).detail


async def test_a_trajectory_that_touches_something_is_refused(open_rig):
    open_rig.planner.blocked = True
    await refused(open_rig, GOOD, PathBlocked, "collision")


def excursion(joint: int, by_rad: float) -> Trajectory:
    """One joint swings out and back again; at every point the arm is in the pose `ready`."""
    ready, still, out = np.array(READY), np.zeros(6), np.zeros(6)
    out[joint] = by_rad  # rad/s: within 4 s it goes as far, in rad
    return Trajectory(ARM.names, [0.0, 2.0, 6.0, 8.0], [ready] * 4, [still, out, -out, still])


@pytest.fixture
async def real_gate(tmp_path) -> MotionGate:
    """A gate with the real planner's collision check, the arm in the pose `ready`."""
    gate = MotionGate(
        MemoryRobot(ARM, Planner(ARM)), Policy("auto"), AuditLog(tmp_path / "motion.jsonl")
    )
    await gate.perform(LOCAL, "move_named", {"name": "ready"})
    return gate


async def test_a_trajectory_into_the_table_is_refused_though_its_points_are_free(real_gate):
    into_it = follow_arguments(excursion(1, -1.08))
    with pytest.raises(PathBlocked, match="bench"):
        await real_gate.perform(LOCAL, TOOL, into_it)
    assert np.allclose(real_gate.view.state().of(ARM.names), READY)
    assert real_gate.view.state().activity is Activity.IDLE
    await real_gate.perform(LOCAL, TOOL, follow_arguments(excursion(1, -0.9)))


async def test_a_trajectory_through_a_post_is_refused_though_its_points_are_free(real_gate):
    way = follow_arguments(excursion(0, 0.9))
    await real_gate.perform(LOCAL, TOOL, way)
    post = SceneObject("post", Box((0.04, 0.04, 0.6)), Pose((0.395, 0.216, 0.31)))
    await real_gate.set_scene(LOCAL, real_gate.view.scene().add(post))
    with pytest.raises(PathBlocked, match="post"):
        await real_gate.perform(LOCAL, TOOL, way)
