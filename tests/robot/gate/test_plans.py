"""Plans that must not get past the gate, whoever made them."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from gatekit import ARM, HOME, LOCAL, READY, Rig, altered, grip, path, swing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lectern.errors import (
    InvalidInput,
    LecternError,
    LimitsExceeded,
    PathBlocked,
    PlanOutdated,
    SceneObjectInvalid,
    SceneObjectUnknown,
    TrajectoryInvalid,
)
from lectern.robot.gate import Bounds, Policy, Workspace
from lectern.robot.plan import Move, Plan
from lectern.robot.trajectory import Trajectory

attack = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
joint = st.integers(0, len(ARM.joints) - 1)
row = st.integers(1, 19)


async def refused(rig: Rig, plan: Plan, error: type[LecternError], check: str) -> LecternError:
    """Assert that a plan is refused by one check, on record, and that nothing moves."""
    with pytest.raises(error) as caught:
        await rig.perform(plan)
    assert rig.robot.executed == []
    last = rig.entries()[-1]
    assert (last["verdict"], last["check"], last["code"]) == ("denied", check, caught.value.code)
    return caught.value


async def test_a_plan_within_every_limit_is_carried_out(open_rig):
    await open_rig.perform(swing())
    assert np.allclose(open_rig.robot.state().of(ARM.names), READY)


@attack
@given(which=joint, at=row, up=st.booleans(), by=st.floats(1e-5, 1e300))
def test_a_point_beyond_a_joint_limit_is_refused(tmp_path_factory, which, at, up, by):
    rig = Rig(tmp_path_factory.mktemp("rig"), Policy("auto"))
    positions = path().positions.copy()
    positions[at, which] = ARM.upper[which] + by if up else ARM.lower[which] - by
    plan = altered(swing(), positions=positions)
    assert "limit" in asyncio.run(refused(rig, plan, LimitsExceeded, "limits")).detail


@attack
@given(which=joint, up=st.booleans(), over=st.floats(1e-4, 0.5))
def test_a_cubic_beyond_a_limit_between_points_within_is_refused(tmp_path_factory, which, up, over):
    rig = Rig(tmp_path_factory.mktemp("rig"), Policy("auto"))
    # A slow bump of one joint: its points end 0.01 rad inside the limit, its cubic `over` beyond.
    limit = (ARM.upper if up else ARM.lower)[which]
    side = 1.0 if up else -1.0
    start = np.array(HOME)
    near = start.copy()
    near[which] = limit - side * 0.01
    way = path(start, near, duration_s=60.0, points=81)
    # t - t^2 / T rises by T / 4 of its first slope.
    slope = min(0.9 * ARM.max_velocity[which], 0.5)
    bump_s = 4 * (0.01 + over) / slope
    times = np.concatenate([way.times_s, way.times_s[-1] + [bump_s, bump_s + 60.0]])
    positions = np.vstack([way.positions, near, start])
    velocities = np.vstack([way.velocities, 0 * near, 0 * near])
    velocities[-3, which], velocities[-2, which] = side * slope, -side * slope
    assert (positions <= ARM.upper).all()
    assert (positions >= ARM.lower).all()
    plan = Plan(ARM.name, (Move(Trajectory(ARM.names, times, positions, velocities)),))
    assert "limit with" in asyncio.run(refused(rig, plan, LimitsExceeded, "limits")).detail


@attack
@given(which=joint, at=row, factor=st.floats(1.001, 1e6))
def test_a_speed_beyond_the_limit_at_a_point_is_refused(tmp_path_factory, which, at, factor):
    rig = Rig(tmp_path_factory.mktemp("rig"), Policy("auto"))
    velocities = path().velocities.copy()
    velocities[at, which] = factor * ARM.max_velocity[which]
    asyncio.run(refused(rig, altered(swing(), velocities=velocities), LimitsExceeded, "limits"))


async def test_a_speed_beyond_the_limit_between_points_at_rest_is_refused(open_rig):
    # 1.5 times the mean speed in the middle of a segment whose ends are at rest.
    goal = np.array(HOME)
    goal[0] += 2.0
    duration_s = 1.5 * 2.0 / (1.02 * ARM.max_velocity[0])
    still = np.zeros((2, 6))
    plan = Plan(ARM.name, (Move(Trajectory(ARM.names, [0.0, duration_s], [HOME, goal], still)),))
    error = await refused(open_rig, plan, LimitsExceeded, "limits")
    assert "joint_1 is faster than its limit" in error.detail


async def test_a_jump_in_no_time_at_all_is_refused(open_rig):
    # The slope is infinite, and what follows from it is not a number.
    goal = np.array(HOME) + 0.1
    trajectory = Trajectory(ARM.names, [0.0, 1e-310], [HOME, goal], np.zeros((2, 6)))
    await refused(open_rig, Plan(ARM.name, (Move(trajectory),)), LimitsExceeded, "limits")


async def test_an_acceleration_beyond_the_limit_is_refused_when_speeds_are_slow(open_rig):
    # 6 x / T^2 at the ends; the speed is 1.5 x / T.
    x = 0.01
    duration_s = float(np.sqrt(6 * x / (1.01 * ARM.max_acceleration[0])))
    goal = np.array(HOME)
    goal[0] += x
    plan = Plan(
        ARM.name,
        (Move(Trajectory(ARM.names, [0.0, duration_s], [HOME, goal], np.zeros((2, 6)))),),
    )
    assert 1.5 * x / duration_s < ARM.max_velocity[0]
    error = await refused(open_rig, plan, LimitsExceeded, "limits")
    assert "joint_1 speeds up beyond its limit" in error.detail


@attack
@given(st.permutations(range(6)).filter(lambda order: order != list(range(6))))
def test_joints_in_another_order_are_refused(tmp_path_factory, order):
    rig = Rig(tmp_path_factory.mktemp("rig"), Policy("auto"))
    plan = swing(names=[ARM.names[i] for i in order])
    asyncio.run(refused(rig, plan, TrajectoryInvalid, "schema"))


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(swing(names=[f"other_{i}" for i in range(6)]), id="other joints"),
        pytest.param(
            Plan(ARM.name, (Move(Trajectory(ARM.names[:1], [0, 1.0], [[0], [0]], [[0], [0]])),)),
            id="too few joints",
        ),
    ],
)
async def test_a_plan_for_other_joints_is_refused(open_rig, plan):
    await refused(open_rig, plan, TrajectoryInvalid, "schema")


async def test_another_robots_plan_is_refused(open_rig):
    plan = Plan("another_arm", swing().steps)
    error = await refused(open_rig, plan, InvalidInput, "schema")
    assert "another_arm" in error.detail


class LyingTrajectory(Trajectory):
    def cubics(self):
        still = np.zeros((len(self.times_s) - 1, len(self.names)))
        return self.positions[:-1] * 0 + np.array(HOME), still, still, still


class LyingPlan(Plan):
    @property
    def digest(self) -> str:
        return swing().digest


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(
            Plan(ARM.name, (Move(LyingTrajectory(**vars(path(duration_s=0.1)))),)),
            id="a trajectory that hides its cubics",
        ),
        pytest.param(LyingPlan(ARM.name, swing().steps), id="a plan with a digest of its own"),
        pytest.param(Plan(ARM.name, ("move",)), id="a text for a step"),
        pytest.param(Plan(ARM.name, [*swing().steps]), id="a list that can grow"),
    ],
)
async def test_what_is_no_plain_plan_is_refused(open_rig, plan):
    await refused(open_rig, plan, TrajectoryInvalid, "schema")


async def test_what_is_no_plan_at_all_is_refused(open_rig):
    await refused(open_rig, {"approve": True}, LecternError, "limits")


@pytest.mark.parametrize("field", ["times_s", "positions", "velocities"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
async def test_numbers_that_are_none_are_refused_even_behind_a_frozen_class(open_rig, field, value):
    plan = swing()
    array = getattr(plan.steps[0].trajectory, field)
    array.setflags(write=True)
    array[3] = value
    await refused(open_rig, plan, TrajectoryInvalid, "schema")


async def test_a_plan_that_touches_something_is_refused(open_rig):
    open_rig.planner.blocked = True
    await refused(open_rig, swing(), PathBlocked, "collision")


async def test_a_check_that_breaks_refuses(open_rig):
    def broken(*_):
        raise ZeroDivisionError("in the collision library")

    open_rig.planner.check = broken
    error = await refused(open_rig, swing(), LecternError, "collision")
    assert error.code == "check_failed"


@pytest.mark.parametrize("gap_rad", [0.0021, 0.019, 0.03])
async def test_a_plan_that_begins_elsewhere_is_refused(open_rig, gap_rad):
    start = np.array(HOME) + gap_rad
    await refused(open_rig, swing(start), PlanOutdated, "continuity")


async def test_moves_that_do_not_meet_are_refused(open_rig):
    plan = Plan(ARM.name, (*swing().steps, *swing(np.array(READY) + 1e-3, HOME).steps))
    await refused(open_rig, plan, TrajectoryInvalid, "continuity")


async def test_moves_that_meet_are_carried_out(open_rig):
    await open_rig.perform(
        Plan(ARM.name, (*swing().steps, *grip().steps, *swing(READY, HOME).steps))
    )
    assert np.allclose(open_rig.robot.state().of(ARM.names), HOME)


@pytest.mark.parametrize("end", [0, -1], ids=["begins", "ends"])
async def test_a_move_that_is_not_at_rest_where_it_begins_or_ends_is_refused(open_rig, end):
    velocities = path().velocities.copy()
    velocities[end, 2] = 1e-3
    await refused(
        open_rig, altered(swing(), velocities=velocities), TrajectoryInvalid, "continuity"
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"width_m": -0.001}, id="negative width"),
        pytest.param({"width_m": 0.081}, id="too wide"),
        pytest.param({"width_m": float("nan")}, id="width that is no number"),
        pytest.param({"force_n": 0.0}, id="no force"),
        pytest.param({"force_n": -1.0}, id="negative force"),
        pytest.param({"force_n": 41.0}, id="too strong"),
        pytest.param({"force_n": float("inf")}, id="infinite force"),
    ],
)
async def test_a_grip_beyond_the_grippers_limits_is_refused(open_rig, fields):
    await refused(open_rig, grip(**fields), LimitsExceeded, "limits")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param({"attach": "unicorn"}, SceneObjectUnknown, id="nothing of that name"),
        pytest.param({"attach": "bench"}, SceneObjectInvalid, id="fixed"),
        pytest.param({"detach": "red_cube"}, SceneObjectInvalid, id="not held"),
    ],
)
async def test_what_cannot_be_taken_or_let_go_is_refused(open_rig, fields, error):
    await refused(open_rig, grip(**fields), error, "continuity")


async def test_what_is_held_is_not_taken_twice(open_rig):
    await open_rig.perform(grip(attach="red_cube"))
    open_rig.robot.executed.clear()
    await refused(open_rig, grip(attach="red_cube"), SceneObjectInvalid, "continuity")


async def test_one_grip_does_not_take_and_let_go_of_one_object(open_rig):
    await open_rig.perform(grip(attach="red_cube"))
    open_rig.robot.executed.clear()
    both = grip(attach="red_cube", detach="red_cube")
    await refused(open_rig, both, SceneObjectInvalid, "continuity")


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(ARM.name, ()), id="no steps"),
        pytest.param(Plan(ARM.name, grip().steps * 201), id="too many steps"),
        pytest.param(swing(points=60_000), id="too many points"),
        pytest.param(Plan(ARM.name, swing(points=40_000).steps * 2), id="too many points in all"),
        pytest.param(swing(duration_s=601.0), id="too long"),
        pytest.param(swing(duration_s=1e300), id="longer than the universe"),
    ],
)
async def test_a_plan_of_impossible_size_is_refused(open_rig, plan):
    await refused(open_rig, plan, InvalidInput, "schema")


async def test_a_plan_of_thousands_of_points_is_checked_whole(open_rig):
    positions = path(points=20_001, duration_s=500.0).positions.copy()
    positions[-2, 5] = ARM.upper[5] + 1e-4
    plan = altered(swing(points=20_001, duration_s=500.0), positions=positions)
    await refused(open_rig, plan, LimitsExceeded, "limits")


async def test_a_path_out_of_the_workspace_is_refused(tmp_path):
    rig = Rig(tmp_path, Policy("auto"), workspace=Workspace(radius_m=0.5))
    error = await refused(rig, swing(), LimitsExceeded, "limits")
    assert "leaves the workspace" in error.detail


async def test_negative_zero_is_the_same_plan_as_zero(rig):
    still = path().positions * 0.0 + np.array(HOME)
    plus = Trajectory(ARM.names, path().times_s, still, still * 0.0)
    minus = Trajectory(ARM.names, path().times_s, still, still * 0.0 * -1.0)
    assert np.signbit(minus.velocities).any()
    assert Plan("arm", (Move(plus),)).digest == Plan("arm", (Move(minus),)).digest
    assert grip(width_m=-0.0).digest == grip(width_m=0.0).digest
    await rig.perform(grip(width_m=-0.0), LOCAL)


async def test_a_planner_that_plans_for_another_goal_is_not_believed(open_rig):
    open_rig.planner.plan_instead = lambda request: swing(HOME, np.array(READY) + 0.01)
    with pytest.raises(TrajectoryInvalid, match="does not end at its goal"):
        await open_rig.gate.propose(LOCAL, "move_named", {"name": "ready"})


async def test_a_plan_of_nothing_but_grips_does_not_reach_a_goal(open_rig):
    open_rig.planner.plan_instead = lambda request: grip()
    with pytest.raises(TrajectoryInvalid, match="does not end at its goal"):
        await open_rig.gate.propose(LOCAL, "move_named", {"name": "ready"})


async def test_bounds_are_those_that_were_given(tmp_path):
    rig = Rig(tmp_path, Policy("auto"), bounds=Bounds(points=20))
    await refused(rig, swing(points=21), InvalidInput, "schema")
