"""What every robot does, simulated or not: inherit these tests and give a `robot` fixture.

The fixture yields a started robot in the scene `bench()`, standing in its pose `home`.
"""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from lectern.errors import (
    GoalInCollision,
    InvalidInput,
    LimitsExceeded,
    MotionStopped,
    ObjectInRobot,
    PathBlocked,
    PlanOutdated,
    RobotBusy,
)
from lectern.robot.gate.extremes import extremes
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import START_TOLERANCE_RAD, Progress, Robot
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.state import Activity
from lectern.robot.trajectory import Trajectory

READY = PlanRequest(NamedGoal("ready"))
DOWN = (1.0, 0.0, 0.0, 0.0)  # the tool points down and the fingers open along y
ABOVE = PlanRequest(PoseGoal(Pose((0.5, 0.0, 0.30), DOWN)))
LOWER = PlanRequest(LineGoal(Pose((0.5, 0.0, 0.20), DOWN)), speed_scale=0.5)
POST = SceneObject("post", Box((0.03, 0.03, 0.2)), Pose((0.5, 0.0, 0.1)))
# Its two sides leave room for the fingers when they are closed, and none when they are open.
SLOT = [
    SceneObject(f"side_{n}", Box((0.1, 0.02, 0.1)), Pose((0.5, y_m, 0.2)))
    for n, y_m in enumerate((-0.06, 0.06))
]
WALL = SceneObject("wall", Box((0.02, 1.2, 1.4)), Pose((0.3, 0.0, 0.7)))


def joints(robot: Robot) -> np.ndarray:
    return robot.state().of(robot.model.names)


async def begin(robot: Robot, plan: Plan) -> asyncio.Task:
    """Start a plan and wait until the robot says that it is under way."""
    under_way = asyncio.Event()
    task = asyncio.create_task(robot.execute(plan, lambda _: under_way.set()))
    await asyncio.wait_for(under_way.wait(), 20)
    return task


async def hand_over_the_bench(robot: Robot, width_m: float, *things: SceneObject) -> None:
    """Bring the hand above a bench with some things on it, its fingers this far apart."""
    bare = Scene.of(robot.scene().get("bench"))
    await robot.set_scene(bare)
    await robot.execute(Plan(robot.model.name, (Grip(width_m, 10.0),)))
    await robot.execute(await robot.plan(ABOVE))
    for thing in things:
        bare = bare.add(thing)
    await robot.set_scene(bare)


class RobotContract:
    async def test_it_stands_at_home_and_says_so(self, robot):
        state = robot.state()
        assert state.names == (*robot.model.names, *robot.model.gripper.joints)
        assert np.allclose(joints(robot), robot.model.named["home"], atol=0.01)
        assert state.activity is Activity.IDLE
        for values in (state.positions, state.velocities, state.efforts):
            assert values.shape == (len(state.names),)
            assert not values.flags.writeable

    async def test_a_plan_goes_where_it_was_asked_to_within_the_limits(self, robot):
        plan = await robot.plan(READY)
        trajectory = plan.steps[-1].trajectory
        assert plan.robot == robot.model.name
        assert trajectory.names == robot.model.names
        assert np.allclose(trajectory.positions[0], joints(robot), atol=1e-3)
        assert np.allclose(trajectory.positions[-1], robot.model.named["ready"], atol=1e-6)
        assert not trajectory.velocities[[0, -1]].any()
        reached = extremes(trajectory)
        assert (reached.speed <= robot.model.max_velocity * (1 + 1e-6)).all()
        assert (reached.acceleration <= robot.model.max_acceleration * (1 + 1e-6)).all()

    async def test_planning_moves_nothing(self, robot):
        before = joints(robot)
        await robot.check(await robot.plan(READY))
        assert np.allclose(joints(robot), before, atol=1e-3)

    async def test_it_goes_where_a_plan_ends(self, robot):
        heard: list[Progress] = []
        plan = await robot.plan(READY)
        done = await robot.execute(plan, heard.append)
        assert np.allclose(joints(robot), robot.model.named["ready"], atol=0.01)
        assert done.duration_s >= plan.duration_s - 1e-6
        assert done.max_error_rad <= 0.01
        assert done.final_error_rad <= 0.01
        assert robot.state().activity is Activity.IDLE
        fractions = [progress.fraction for progress in heard]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] <= fractions[-1] <= 1

    async def test_the_gripper_opens_and_closes(self, robot):
        for width_m in (0.06, 0.02):
            done = await robot.execute(Plan(robot.model.name, (Grip(width_m, 10.0),)))
            assert done.gripper_width_m == pytest.approx(width_m, abs=2e-3)

    async def test_a_stop_from_another_thread_ends_a_motion(self, robot):
        task = await begin(robot, await robot.plan(READY))
        thread = threading.Thread(target=robot.stop, args=("enough",))
        thread.start()
        with pytest.raises(MotionStopped):
            await asyncio.wait_for(task, 20)
        thread.join(5)
        assert robot.state().activity in (Activity.IDLE, Activity.STOPPING)
        assert not np.allclose(joints(robot), robot.model.named["ready"], atol=0.01)

    async def test_a_halt_from_another_thread_ends_a_motion_and_the_next_one_runs(self, robot):
        task = await begin(robot, await robot.plan(READY))
        await asyncio.to_thread(robot.halt, "enough")
        with pytest.raises(MotionStopped):
            await task
        assert robot.state().activity is Activity.IDLE
        await robot.execute(await robot.plan(READY))

    async def test_a_stop_of_a_robot_at_rest_does_not_keep_it_from_moving(self, robot):
        robot.stop("just in case")
        await robot.execute(await robot.plan(READY))

    async def test_a_cancelled_motion_comes_to_rest(self, robot):
        task = await begin(robot, await robot.plan(READY))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert np.abs(robot.state().velocities).max() <= 0.05
        await robot.execute(await robot.plan(PlanRequest(NamedGoal("home"))))

    async def test_a_second_plan_is_refused_while_one_is_executed(self, robot):
        plan = await robot.plan(READY)
        task = await begin(robot, plan)
        with pytest.raises(RobotBusy):
            await robot.execute(plan)
        with pytest.raises(RobotBusy):
            await robot.set_scene(robot.scene())
        robot.stop("enough")
        with pytest.raises(MotionStopped):
            await task

    async def test_a_plan_that_begins_elsewhere_is_refused(self, robot):
        plan = await robot.plan(
            PlanRequest(NamedGoal("home"), start_rad=robot.model.named["ready"])
        )
        with pytest.raises(PlanOutdated):
            await robot.execute(plan)

    async def test_an_unknown_pose_is_named(self, robot):
        with pytest.raises(InvalidInput):
            await robot.plan(PlanRequest(NamedGoal("moon")))

    async def test_a_goal_beyond_the_limits_is_named(self, robot):
        with pytest.raises(LimitsExceeded, match="joint_1"):
            await robot.plan(PlanRequest(JointGoal((9.0, *robot.model.named["home"][1:]))))

    async def test_a_goal_in_the_bench_is_named(self, robot):
        with pytest.raises(GoalInCollision, match="bench"):
            await robot.plan(PlanRequest(JointGoal((0.0, -0.5, 0.0, 0.0, 0.0, 0.0))))

    async def test_closed_fingers_do_not_come_down_on_a_post_that_open_ones_pass(self, robot):
        await hand_over_the_bench(robot, 0.0, POST)
        with pytest.raises((GoalInCollision, PathBlocked), match="post"):
            await robot.plan(LOWER)
        await robot.execute(Plan(robot.model.name, (Grip(0.08, 10.0),)))
        way_down = await robot.plan(LOWER)
        await robot.check(way_down)
        closing_first = Plan(robot.model.name, (Grip(0.0, 10.0),)).then(way_down)
        with pytest.raises(PathBlocked, match="post"):
            await robot.check(closing_first)
        await robot.execute(way_down)

    async def test_closed_fingers_fit_into_a_slot_that_open_ones_do_not(self, robot):
        await hand_over_the_bench(robot, 0.08, *SLOT)
        with pytest.raises((GoalInCollision, PathBlocked), match="side_"):
            await robot.plan(LOWER)
        await robot.execute(Plan(robot.model.name, (Grip(0.0, 10.0),)))
        way_down = await robot.plan(LOWER)
        await robot.check(way_down)
        await robot.execute(way_down)

    async def test_fingers_do_not_open_into_the_sides_of_a_slot(self, robot):
        await hand_over_the_bench(robot, 0.0, *SLOT)
        await robot.execute(await robot.plan(LOWER))
        with pytest.raises(PathBlocked, match="side_"):
            await robot.check(Plan(robot.model.name, (Grip(0.08, 10.0),)))
        await robot.check(Plan(robot.model.name, (Grip(0.02, 10.0),)))

    async def test_a_recording_misses_nothing_of_a_motion(self, robot):
        plan = await robot.plan(READY)
        before_s = robot.state().stamp_s
        with robot.record() as measurements:
            done = await robot.execute(plan)
        stamps_s = [m.state.stamp_s for m in measurements]
        assert len(stamps_s) >= int(100 * done.duration_s) - 1
        assert np.diff([before_s, *stamps_s]).min() >= 0
        assert np.diff(stamps_s).min() > 0
        assert np.diff([before_s, *stamps_s]).max() <= 0.0101
        assert np.array_equal(measurements[-1].state.positions, robot.state().positions)
        assert all("red_cube" in m.scene.objects for m in measurements)
        count = len(measurements)
        await robot.execute(await robot.plan(PlanRequest(NamedGoal("home"))))
        assert len(measurements) == count

    async def test_a_plan_that_begins_a_little_elsewhere_is_refused(self, robot):
        here = joints(robot)
        there = np.array(robot.model.named["ready"])
        for gap_rad, refused in ((0.5 * START_TOLERANCE_RAD, False), (0.01, True)):
            way = Trajectory(
                robot.model.names, [0.0, 6.0], [here + gap_rad, there], np.zeros((2, 6))
            )
            plan = Plan(robot.model.name, (Move(way),))
            if refused:
                with pytest.raises(PlanOutdated):
                    await robot.execute(plan)
            else:
                await robot.execute(plan)
                here, there = joints(robot), np.array(robot.model.named["home"])

    async def test_a_wall_that_was_put_in_the_way_blocks_an_old_plan(self, robot):
        plan = await robot.plan(READY)
        await robot.check(plan)
        with pytest.raises(PathBlocked, match="wall"):
            await robot.check(plan, robot.scene().add(WALL))

    async def test_an_object_in_the_robot_is_refused(self, robot):
        inside = SceneObject("block", Box((0.2, 0.2, 0.2)), Pose((0.0, 0.0, 0.4)))
        with pytest.raises(ObjectInRobot, match="block"):
            await robot.set_scene(robot.scene().add(inside))
        assert "block" not in robot.scene().objects

    async def test_objects_come_and_go(self, robot):
        crate = SceneObject("crate", Box((0.1, 0.1, 0.1)), Pose((0.6, -0.1, 0.05)))
        await robot.set_scene(robot.scene().add(crate))
        assert np.allclose(robot.scene().get("crate").pose.position_m, (0.6, -0.1, 0.05), atol=1e-3)
        await robot.set_scene(robot.scene().remove("crate"))
        assert "crate" not in robot.scene().objects

    async def test_a_reset_goes_back_to_the_start(self, robot):
        await robot.set_scene(robot.scene().remove("red_cube"))
        await robot.execute(await robot.plan(READY))
        await robot.reset(7)
        assert np.allclose(joints(robot), robot.model.named["home"], atol=0.01)
        assert "red_cube" in robot.scene().objects

    async def test_a_reset_ends_what_runs(self, robot):
        task = await begin(robot, await robot.plan(READY))
        await robot.reset()
        with pytest.raises(MotionStopped):
            await task
        assert np.allclose(joints(robot), robot.model.named["home"], atol=0.01)

    async def test_states_come_at_a_rate(self, robot):
        states = robot.states(200.0)
        assert (await anext(states)).names == robot.state().names
        await states.aclose()

    @pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), 1e9])
    async def test_a_rate_out_of_range_is_refused(self, robot, rate_hz):
        with pytest.raises(InvalidInput):
            await anext(robot.states(rate_hz))

    async def test_moves_and_grips_follow_one_another(self, robot):
        there = await robot.plan(READY)
        end = tuple(float(q) for q in there.steps[-1].trajectory.positions[-1])
        back = await robot.plan(PlanRequest(NamedGoal("home"), start_rad=end))
        grip = Plan(robot.model.name, (Grip(0.03, 10.0),))
        whole = there.then(grip, back)
        assert [type(step) for step in whole.steps] == [Move, Grip, Move]
        await robot.execute(whole)
        assert np.allclose(joints(robot), robot.model.named["home"], atol=0.01)
