"""The embedded robot as the rest of Lectern uses it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import numpy as np
import pytest

from lectern.errors import (
    GoalInCollision,
    GraspFailed,
    InvalidInput,
    LimitsExceeded,
    MotionStopped,
    ObjectInRobot,
    PathBlocked,
    PlanOutdated,
    RobotBusy,
    SceneObjectInvalid,
    SceneObjectUnknown,
    SimulationFailed,
    TrackingLost,
)
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.robot import Measurement, Progress
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.scenes import bench
from lectern.robot.state import Activity, RobotState
from lectern.robot.trajectory import Trajectory

ARM = textbook_arm()
LIMIT_S = 60.0
FAR = (2.4, 1.9, -1.9, 0.5, -0.3, 1.0)
DOWN = (1.0, 0.0, 0.0, 0.0)
CUBE = (0.5, 0.1, 0.02)


@pytest.fixture
async def robot() -> AsyncIterator[EmbeddedRobot]:
    robot = EmbeddedRobot.start(ARM, paced=False)
    yield robot
    await robot.close()


async def go(robot: EmbeddedRobot, request: PlanRequest) -> float:
    """Plan and execute; return the largest tracking error, rad."""
    return (await robot.execute(await robot.plan(request))).max_error_rad


def far() -> PlanRequest:
    return PlanRequest(JointGoal(FAR))


async def until(robot: EmbeddedRobot, holds: Callable[[RobotState], bool]) -> None:
    async for state in robot.states(1000.0):
        if holds(state):
            return


def fast(state: RobotState) -> bool:
    return bool(np.abs(state.velocities[:6]).max() > 1.5)


async def grasp(robot: EmbeddedRobot, force_n: float = 20.0) -> None:
    """Take the red cube, which stands at `CUBE`."""
    x, y, z = CUBE
    await go(robot, PlanRequest(PoseGoal(Pose((x, y, z + 0.12), DOWN))))
    await go(robot, PlanRequest(LineGoal(Pose((x, y, z + 0.005), DOWN)), speed_scale=0.3))
    await robot.execute(Plan("arm", (Grip(0.03, force_n, attach="red_cube"),)))


async def lift(robot: EmbeddedRobot) -> None:
    x, y, z = CUBE
    await go(robot, PlanRequest(LineGoal(Pose((x, y, z + 0.2), DOWN)), speed_scale=0.5))


async def test_full_speed_motions_are_tracked_within_a_hundredth_of_a_radian(
    robot: EmbeddedRobot,
) -> None:
    for goal in (JointGoal(FAR), NamedGoal("ready"), NamedGoal("up"), NamedGoal("home")):
        assert await go(robot, PlanRequest(goal)) < 0.01


async def test_a_lifted_cube_is_held_for_five_seconds_without_slipping(
    robot: EmbeddedRobot,
) -> None:
    await grasp(robot)
    await lift(robot)
    held = robot.scene()
    assert held.attached["red_cube"].link == ARM.tool_frame
    before = held.objects["red_cube"].pose
    assert before.position_m[2] > 0.15
    await robot.wait(5.0)
    after = robot.scene().objects["red_cube"].pose
    assert np.abs(np.subtract(after.position_m, before.position_m)).max() < 2e-4
    assert np.abs(after.matrix() - before.matrix()).max() < 0.005


async def test_the_arm_tracks_at_full_speed_while_it_holds_the_cube(robot: EmbeddedRobot) -> None:
    await grasp(robot)
    await lift(robot)
    assert await go(robot, far()) < 0.01
    assert await go(robot, PlanRequest(NamedGoal("ready"))) < 0.01
    assert "red_cube" in robot.scene().attached


async def test_a_heavy_cube_is_tracked_too(robot: EmbeddedRobot) -> None:
    cube = replace(bench().get("red_cube"), mass_kg=1.0)
    await robot.set_scene(bench().remove("red_cube").add(cube))
    await grasp(robot, force_n=40.0)
    await lift(robot)
    assert await go(robot, PlanRequest(NamedGoal("ready"))) < 0.01


async def test_what_is_let_go_of_rests_where_it_fell(robot: EmbeddedRobot) -> None:
    await grasp(robot)
    await robot.execute(Plan("arm", (Grip(0.08, 20.0, detach="red_cube"),)))
    scene = robot.scene()
    assert not scene.attached
    assert scene.objects["red_cube"].pose.position_m == pytest.approx(CUBE, abs=0.002)


async def test_an_empty_grasp_fails_and_attaches_nothing(robot: EmbeddedRobot) -> None:
    with pytest.raises(GraspFailed, match="green_cube"):
        await robot.execute(Plan("arm", (Grip(0.0, 20.0, attach="green_cube"),)))
    assert not robot.scene().attached


async def test_a_cube_pushed_out_of_the_hand_is_reported_as_lost(robot: EmbeddedRobot) -> None:
    await grasp(robot, force_n=2.0)
    await lift(robot)
    plan = await robot.plan(PlanRequest(NamedGoal("ready"), speed_scale=0.3))
    await robot.push("red_cube", (0.0, 0.0, -30.0), 0.4)
    with pytest.raises(GraspFailed, match="lost 'red_cube'"):
        await robot.execute(plan)
    assert not robot.scene().attached


async def test_a_force_beyond_the_grippers_is_refused(robot: EmbeddedRobot) -> None:
    with pytest.raises(LimitsExceeded, match="N"):
        await robot.execute(Plan("arm", (Grip(0.0, 1000.0),)))
    with pytest.raises(LimitsExceeded, match="open"):
        await robot.execute(Plan("arm", (Grip(float("nan"), 10.0),)))


async def test_what_is_fixed_or_unknown_cannot_be_gripped(robot: EmbeddedRobot) -> None:
    with pytest.raises(SceneObjectUnknown, match="tray"):
        await robot.execute(Plan("arm", (Grip(0.0, 20.0, attach="tray"),)))
    with pytest.raises(SceneObjectUnknown, match="yellow"):
        await robot.execute(Plan("arm", (Grip(0.0, 20.0, attach="yellow"),)))


async def test_the_second_of_two_clients_is_told_that_the_robot_is_busy(
    robot: EmbeddedRobot,
) -> None:
    plan = await robot.plan(far())
    first = asyncio.create_task(robot.execute(plan))
    await until(robot, fast)
    with pytest.raises(RobotBusy):
        await robot.execute(plan)
    with pytest.raises(RobotBusy):
        await robot.set_scene(Scene())
    assert (await first).max_error_rad < 0.01


async def test_of_many_clients_at_once_exactly_one_moves_the_robot(robot: EmbeddedRobot) -> None:
    plan = await robot.plan(far())
    outcomes = await asyncio.gather(
        *(robot.execute(plan) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, RobotBusy) for outcome in outcomes) == 7


async def test_a_cancelled_motion_ends_at_rest_within_the_acceleration_limits(
    robot: EmbeddedRobot,
) -> None:
    motion = asyncio.create_task(robot.execute(await robot.plan(far())))
    await until(robot, fast)
    motion.cancel()
    with pytest.raises(asyncio.CancelledError):
        await motion
    state = robot.state()
    assert state.activity is Activity.IDLE
    assert np.abs(state.velocities[:6]).max() < 0.02
    assert np.abs(state.positions[:6] - FAR).max() > 0.1
    await go(robot, PlanRequest(NamedGoal("home")))


async def test_a_motion_that_is_cancelled_again_and_again_still_ends_at_rest(
    robot: EmbeddedRobot,
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    motion = asyncio.create_task(robot.execute(await robot.plan(far())))
    await until(robot, fast)
    while not motion.done():
        motion.cancel()
        await asyncio.sleep(0)
    state = robot.state()
    assert motion.cancelled()
    assert state.activity is Activity.IDLE
    assert np.abs(state.velocities[:6]).max() < 0.02
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    await go(robot, PlanRequest(NamedGoal("home")))


async def test_a_motion_can_be_cancelled_though_the_simulators_queue_is_full(
    robot: EmbeddedRobot,
) -> None:
    motion = asyncio.create_task(robot.execute(await robot.plan(far())))
    await until(robot, fast)
    gate = threading.Event()
    robot._simulator.call(lambda: gate.wait(LIMIT_S))
    calls = [robot._simulator.call(lambda: None) for _ in range(200)]
    assert isinstance(calls[-1].exception(LIMIT_S), RobotBusy)
    motion.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await motion
    assert np.abs(robot.state().positions[:6] - FAR).max() > 0.1


async def test_a_stop_ends_the_motion_with_its_reason(robot: EmbeddedRobot) -> None:
    motion = asyncio.create_task(robot.execute(await robot.plan(far())))
    await until(robot, fast)
    robot.stop("somebody came near")
    with pytest.raises(MotionStopped, match="somebody came near"):
        await motion
    assert np.abs(robot.state().velocities[:6]).max() < 0.02


async def test_a_stop_while_a_plan_is_being_prepared_voids_it(robot: EmbeddedRobot) -> None:
    plan = await robot.plan(far())
    motion = asyncio.create_task(robot.execute(plan))
    await asyncio.sleep(0)
    robot.stop("at once")
    with pytest.raises(MotionStopped):
        await motion
    assert robot.state().positions[:6] == pytest.approx(ARM.named["home"], abs=1e-3)


async def test_progress_rises_to_the_whole(robot: EmbeddedRobot) -> None:
    told: list[Progress] = []
    plan = (await robot.plan(far())).then(Plan("arm", (Grip(0.0, 20.0),)))
    await robot.execute(plan, told.append)
    fractions = [progress.fraction for progress in told]
    assert len(told) > 3
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {progress.step for progress in told} == {0, 1}


async def test_a_plan_that_begins_elsewhere_is_outdated(robot: EmbeddedRobot) -> None:
    plan = await robot.plan(PlanRequest(JointGoal(FAR), start_rad=ARM.named["ready"]))
    with pytest.raises(PlanOutdated, match="joint_"):
        await robot.execute(plan)


async def test_a_plan_for_another_robot_or_other_joints_is_refused(robot: EmbeddedRobot) -> None:
    plan = await robot.plan(far())
    with pytest.raises(PlanOutdated, match="other"):
        await robot.execute(replace(plan, robot="other"))
    step = plan.steps[0]
    assert isinstance(step, Move)
    swapped = Trajectory(
        ARM.names[::-1],
        step.trajectory.times_s,
        step.trajectory.positions,
        step.trajectory.velocities,
    )
    with pytest.raises(InvalidInput, match="joint_6"):
        await robot.execute(Plan("arm", (Move(swapped),)))


async def test_an_arm_that_meets_a_wall_is_brought_to_rest(robot: EmbeddedRobot) -> None:
    plan = await robot.plan(far())
    wall = SceneObject("wall", Box((0.6, 0.04, 1.5)), Pose((0.3, 0.4, 0.76)))
    await robot.set_scene(robot.scene().add(wall))
    with pytest.raises(TrackingLost, match="joint_"):
        await robot.execute(plan)
    await robot.wait(1.0)
    assert np.abs(robot.state().velocities[:6]).max() < 0.02
    assert np.isfinite(robot.state().positions).all()


@pytest.mark.parametrize(
    ("name", "position_m"), [("base_link", (0.0, 0.0, 0.05)), ("forearm_link", (-0.2, 0.0, 0.75))]
)
async def test_an_object_inside_the_robot_is_named_with_the_link(
    robot: EmbeddedRobot, name: str, position_m: tuple[float, float, float]
) -> None:
    block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose(position_m))
    before = robot.scene()
    with pytest.raises(ObjectInRobot, match=r"'block' would overlap '.*_link'") as caught:
        await robot.set_scene(before.add(block))
    assert name in str(caught.value) or name == "forearm_link"
    assert set(robot.scene().objects) == set(before.objects)


async def test_a_robot_does_not_start_inside_an_object() -> None:
    block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose((0.0, 0.0, 0.1)))
    with pytest.raises(ObjectInRobot, match="block"):
        EmbeddedRobot.start(ARM, Scene.of(block), paced=False)


async def test_a_change_of_the_scene_keeps_everything_else(robot: EmbeddedRobot) -> None:
    await robot.push("blue_cube", (0.6, 0.0, 0.0), 0.2)
    await robot.wait(2.0)
    await go(robot, PlanRequest(NamedGoal("ready")))
    pushed, joints = robot.scene().objects["blue_cube"].pose, robot.state().positions
    assert pushed.position_m[0] > 0.46
    block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose((0.6, -0.2, 0.05)), mass_kg=0.5)
    await robot.set_scene(robot.scene().add(block).remove("green_cube"))
    assert set(robot.scene().objects) == {"bench", "tray", "red_cube", "blue_cube", "block"}
    assert robot.scene().objects["blue_cube"].pose == pushed
    assert robot.state().positions.tolist() == joints.tolist()


async def test_a_cube_stays_in_the_hand_while_the_scene_changes(robot: EmbeddedRobot) -> None:
    await grasp(robot)
    await lift(robot)
    block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose((0.6, -0.2, 0.05)))
    await robot.set_scene(robot.scene().add(block))
    await robot.wait(1.0)
    assert "red_cube" in robot.scene().attached
    assert robot.scene().objects["red_cube"].pose.position_m[2] > 0.15


FAR_BOX = SceneObject("far_box", Box((0.05, 0.05, 0.05)), Pose((-0.4, 0.4, 0.025)))


def velocity_of(robot: EmbeddedRobot, name: str) -> np.ndarray:
    """Return the linear velocity of a movable object, m/s."""
    now = robot._simulator.snapshot
    start = 1 + now.world.model.nq + now.world.speeds[name]
    return np.array(now.physics[start : start + 3])


async def test_what_is_held_stays_held_when_something_else_is_added_to_an_older_scene(
    robot: EmbeddedRobot,
) -> None:
    await grasp(robot)
    seen = robot.scene()
    await lift(robot)
    await robot.set_scene(seen.add(FAR_BOX), seen)
    assert set(robot.scene().attached) == {"red_cube"}
    await go(robot, PlanRequest(NamedGoal("ready")))
    assert robot.scene().objects["red_cube"].pose.position_m[2] > 0.15


async def test_a_flying_cube_flies_on_when_something_else_is_added_to_an_older_scene(
    robot: EmbeddedRobot,
) -> None:
    await robot.push("blue_cube", (0.0, 0.0, 3.0), 0.05)
    await robot.wait(0.03)
    seen = robot.scene()
    await robot.wait(0.03)
    before, speed = robot.scene().objects["blue_cube"].pose, velocity_of(robot, "blue_cube")
    await robot.set_scene(seen.add(FAR_BOX), seen)
    assert speed[2] > 0.5
    assert velocity_of(robot, "blue_cube").tolist() == speed.tolist()
    assert robot.scene().objects["blue_cube"].pose == before
    assert "far_box" in robot.scene().objects


async def test_a_held_object_is_let_go_of_by_who_moves_it(robot: EmbeddedRobot) -> None:
    await grasp(robot)
    await lift(robot)
    seen = robot.scene()
    await robot.set_scene(seen.move("red_cube", Pose((0.3, -0.2, 0.02))), seen)
    assert not robot.scene().attached
    assert robot.scene().objects["red_cube"].pose.position_m == (0.3, -0.2, 0.02)


async def test_a_name_that_was_taken_meanwhile_is_refused(robot: EmbeddedRobot) -> None:
    seen = robot.scene()
    await robot.set_scene(seen.add(FAR_BOX), seen)
    with pytest.raises(SceneObjectInvalid, match="far_box"):
        await robot.set_scene(seen.add(FAR_BOX), seen)


async def test_a_scene_is_made_once_for_each_state(robot: EmbeddedRobot) -> None:
    await robot.push("blue_cube", (0.6, 0.0, 0.0), 0.2)
    await robot.wait(0.5)
    first = robot.scene()
    assert robot.scene() is first
    await robot.push("blue_cube", (0.6, 0.0, 0.0), 0.2)
    await robot.wait(0.1)
    assert robot.scene().objects["blue_cube"].pose != first.objects["blue_cube"].pose


async def test_a_closed_hand_may_go_where_an_open_one_would_touch(robot: EmbeddedRobot) -> None:
    await go(robot, PlanRequest(PoseGoal(Pose((0.5, 0.0, 0.3), DOWN))))
    await robot.execute(Plan("arm", (Grip(0.0, 20.0),)))
    sides = [
        SceneObject(f"side_{i}", Box((0.2, 0.02, 0.2)), Pose((0.5, y, 0.1)))
        for i, y in enumerate((-0.055, 0.055))
    ]
    await robot.set_scene(Scene.of(*sides))
    down = PlanRequest(LineGoal(Pose((0.5, 0.0, 0.16), DOWN)))
    plan = await robot.plan(down)
    await robot.check(plan)
    await robot.set_scene(Scene())
    await robot.execute(Plan("arm", (Grip(0.08, 20.0),)))
    await robot.set_scene(Scene.of(*sides))
    with pytest.raises(PathBlocked, match="finger"):
        await robot.check(plan)
    with pytest.raises(GoalInCollision, match="finger"):
        await robot.plan(down)


async def test_a_held_cube_is_carried_with_the_fingers_as_they_are(robot: EmbeddedRobot) -> None:
    await grasp(robot)
    await lift(robot)
    assert robot._finger_m(robot._simulator.snapshot) == pytest.approx(0.02, abs=0.001)
    plan = await robot.plan(PlanRequest(NamedGoal("ready")))
    await robot.check(plan)
    await robot.execute(plan)


async def test_a_moved_object_stands_where_it_was_put(robot: EmbeddedRobot) -> None:
    await robot.set_scene(robot.scene().move("red_cube", Pose((0.3, -0.2, 0.02))))
    await robot.wait(0.5)
    resting = robot.scene().objects["red_cube"].pose
    assert resting.position_m == pytest.approx((0.3, -0.2, 0.02), abs=1e-4)


async def test_a_reset_puts_robot_and_scene_back(robot: EmbeddedRobot) -> None:
    await go(robot, far())
    await robot.set_scene(robot.scene().remove("green_cube"))
    stamp_s = robot.state().stamp_s
    await robot.reset(seed=4)
    assert robot.seed == 4
    assert robot.state().positions[:6] == pytest.approx(ARM.named["home"])
    assert set(robot.scene().objects) == set(bench().objects)
    assert robot.state().stamp_s >= stamp_s


async def test_a_reset_in_the_middle_of_a_motion_stops_it(robot: EmbeddedRobot) -> None:
    motion = asyncio.create_task(robot.execute(await robot.plan(far())))
    await until(robot, fast)
    await robot.reset()
    with pytest.raises(MotionStopped, match="reset"):
        await motion
    assert robot.state().positions[:6] == pytest.approx(ARM.named["home"], abs=1e-6)


async def test_a_blow_up_in_the_middle_of_a_motion_ends_it_with_the_robot_at_home(
    robot: EmbeddedRobot,
) -> None:
    plan = await robot.plan(far())
    await robot.push("blue_cube", (1e12, 0.0, 0.0), 0.1)
    with pytest.raises(SimulationFailed):
        await robot.execute(plan)
    assert robot.state().positions[:6].tolist() == list(ARM.named["home"])
    assert robot.scene().objects["blue_cube"].pose.position_m == (0.45, 0.3, 0.02)
    assert await go(robot, far()) < 0.01


async def test_a_blow_up_with_a_crate_where_home_is_leaves_the_robot_in_nothing(
    robot: EmbeddedRobot,
) -> None:
    await go(robot, PlanRequest(NamedGoal("up")))
    home = Kinematics(ARM).forward(np.array(ARM.named["home"]))
    crate = SceneObject("crate", Box((0.2, 0.2, 0.2)), Pose(home.position_m))
    await robot.set_scene(bench().add(crate))
    await robot.push("blue_cube", (1e12, 0.0, 0.0), 0.1)
    with pytest.raises(SimulationFailed, match=r"'crate' .* taken out"):
        await robot.wait(0.2)
    assert set(robot.scene().objects) == set(bench().objects)
    await robot.execute(await robot.plan(PlanRequest(NamedGoal("up"))))


async def test_a_blow_up_puts_a_first_object_in_the_way_back_to_its_first_place(
    robot: EmbeddedRobot,
) -> None:
    await go(robot, PlanRequest(NamedGoal("up")))
    home = Kinematics(ARM).forward(np.array(ARM.named["home"]))
    palm = home @ Pose((0.0, 0.0, -0.1))
    await robot.set_scene(robot.scene().move("green_cube", palm))
    await robot.push("blue_cube", (1e12, 0.0, 0.0), 0.1)
    with pytest.raises(SimulationFailed, match=r"'green_cube' .* at first"):
        await robot.wait(0.2)
    assert robot.scene().objects["green_cube"] == bench().objects["green_cube"]
    await robot.execute(await robot.plan(PlanRequest(NamedGoal("up"))))


async def test_a_recording_has_every_state_of_a_plan_a_hundredth_of_a_second_apart(
    robot: EmbeddedRobot,
) -> None:
    plan = await robot.plan(far())
    with robot.record() as measurements:
        done = await robot.execute(plan)
        assert measurements == []
    stamps = [m.state.stamp_s for m in measurements]
    assert np.diff(stamps) == pytest.approx(0.01)
    assert len(stamps) >= round(done.duration_s * 100)
    assert measurements[-1].state.positions == pytest.approx(robot.state().positions)


async def lift_and_fail(robot: EmbeddedRobot, heights_m: list[float]) -> None:
    """Lift the red cube in a recording that ends with an error."""
    measurements: list[Measurement] = []
    try:
        with robot.record() as measurements:
            await lift(robot)
            raise KeyError("a test")
    finally:
        places = (m.scene.objects["red_cube"].pose.position_m for m in measurements)
        heights_m.extend(z for _, _, z in places)


async def test_a_recording_shows_the_cube_rise_also_when_it_ends_with_an_error(
    robot: EmbeddedRobot,
) -> None:
    await grasp(robot)
    heights_m: list[float] = []
    with pytest.raises(KeyError):
        await lift_and_fail(robot, heights_m)
    assert heights_m[0] < 0.03
    assert heights_m[-1] > 0.15


async def test_a_wait_or_a_push_of_no_number_is_refused_and_changes_nothing(
    robot: EmbeddedRobot,
) -> None:
    with pytest.raises(InvalidInput, match="nan"):
        await robot.wait(float("nan"))
    with pytest.raises(InvalidInput, match="inf"):
        await robot.push("blue_cube", (0.0, 0.0, 1.0), float("inf"))
    with pytest.raises(InvalidInput, match="nan"):
        await robot.push("blue_cube", (0.0, 0.0, float("nan")), 0.1)
    await robot.wait(0.1)


async def test_many_readers_get_states_at_their_rate_and_in_order() -> None:
    robot = EmbeddedRobot.start(ARM, paced=True)

    async def read(rate_hz: float) -> list[float]:
        stamps = []
        async for state in robot.states(rate_hz):
            stamps.append(state.stamp_s)
            if len(stamps) == 10:
                return stamps
        return stamps

    readers = [read(rate) for rate in (30.0, 50.0, 100.0) for _ in range(10)]
    for stamps in await asyncio.wait_for(asyncio.gather(*readers), LIMIT_S):
        assert stamps == sorted(set(stamps))
    await robot.close()


async def test_who_reads_faster_than_is_measured_loses_nothing_while_its_loop_is_held_up() -> None:
    robot = EmbeddedRobot.start(ARM, paced=True)
    stamps: list[float] = []
    async for state in robot.states(200.0):
        stamps.append(state.stamp_s)
        if len(stamps) == 5:
            time.sleep(0.3)  # noqa: ASYNC251  the loop has no time
        if len(stamps) == 50:
            break
    assert np.diff(stamps) == pytest.approx(0.01, abs=1e-6)
    await robot.close()


async def test_readers_end_when_the_robot_is_closed() -> None:
    robot = EmbeddedRobot.start(ARM, paced=True)
    seen: list[RobotState] = []

    async def read() -> None:
        async for state in robot.states(100.0):
            seen.append(state)

    reader = asyncio.create_task(read())
    await until(robot, lambda state: state.stamp_s > 0.05)
    await robot.close()
    await asyncio.wait_for(reader, LIMIT_S)
    assert seen


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), 1e9])
async def test_an_impossible_rate_is_refused(robot: EmbeddedRobot, rate_hz: float) -> None:
    with pytest.raises(InvalidInput, match="Hz"):
        await anext(aiter(robot.states(rate_hz)))


async def test_states_cannot_be_changed_by_their_readers(robot: EmbeddedRobot) -> None:
    with pytest.raises(ValueError, match="read-only"):
        robot.state().positions[0] = 1.0


async def test_a_closed_robot_moves_no_more() -> None:
    robot = EmbeddedRobot.start(ARM, paced=False)
    plan = await robot.plan(far())
    await robot.close()
    with pytest.raises(SimulationFailed):
        await robot.execute(plan)
    robot.stop("after the end")
