"""What only the ROS robot promises: named failures, stops, scenes and the gate in front of it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("rclpy") is None or importlib.util.find_spec("moveit_msgs") is None:
    pytest.skip("needs ROS 2 with moveit_msgs and control_msgs", allow_module_level=True)

sys.path.append(str(Path(__file__).resolve().parent))

from lectern_nodes.ros_robot import moveit_types as types
from lectern_nodes.ros_robot.controllers import LOST_RAD
from lectern_nodes.ros_robot.motion import open_ros_motion, settings_of
from lectern_nodes.ros_robot.robot import RosRobot
from lectern_nodes.ros_robot.trajectories import seconds_of
from ros_robot_kit import ARM, EMBEDDED, LOCAL, MOVEIT, graph, opened

from lectern import errors
from lectern.errors import (
    ApprovalNeeded,
    CameraUnavailable,
    GoalUnreachable,
    GraspFailed,
    InvalidInput,
    LecternError,
    MotionStopped,
    PathBlocked,
    RobotUnavailable,
    SceneObjectInvalid,
    TrackingLost,
)
from lectern.robot.gate.users import User
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Plan
from lectern.robot.scene import Box, SceneObject
from lectern.robot.scenes import bench
from lectern.robot.state import Activity
from lectern.robot.trajectory import Trajectory
from lectern.settings import load_settings

READY, HOME = PlanRequest(NamedGoal("ready")), PlanRequest(NamedGoal("home"))
DOWN = (1.0, 0.0, 0.0, 0.0)
WALL = SceneObject("wall", Box((0.02, 1.2, 1.4)), Pose((0.3, 0.0, 0.7)))
USER, OPERATOR = User("ros:test", {"user"}), User("olga", {"operator"})


@pytest.fixture
async def parts():
    async with graph() as parts:
        yield parts


@pytest.fixture
async def robot(parts):
    async with opened(parts, EMBEDDED) as robot:
        yield robot


@pytest.fixture
async def moveit_parts():
    async with graph(move_group=True) as parts:
        yield parts


@pytest.fixture
async def moveit(moveit_parts):
    async with opened(moveit_parts, MOVEIT) as robot:
        yield robot


async def begun(robot, plan: Plan) -> asyncio.Task:
    """Start a plan and wait until the robot says that it is under way."""
    under_way = asyncio.Event()

    def look(progress) -> None:
        if progress.fraction > 0.1:
            under_way.set()

    task = asyncio.create_task(robot.execute(plan, look))
    waiter = asyncio.create_task(under_way.wait())
    await asyncio.wait({waiter, task}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert under_way.is_set()
    return task


async def until(condition, limit_s: float = 10.0) -> None:
    """Wait until something that is told over the graph is so."""
    until_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until_s, "it did not come to be"
        await asyncio.sleep(0.02)


def simulated(parts) -> np.ndarray:
    return parts.small.robot.state().of(ARM.names)


def received(message) -> Trajectory:
    """The trajectory that a controller got."""
    return Trajectory(
        tuple(message.joint_names),
        np.array([seconds_of(p.time_from_start) for p in message.points]),
        np.array([list(p.positions) for p in message.points]),
        np.array([list(p.velocities) for p in message.points]),
    )


async def test_the_controller_gets_the_very_plan_that_has_the_digest(parts, robot):
    plan = await robot.plan(READY)
    done = await robot.execute(plan)
    (message,) = parts.small.followed
    assert received(message).digest() == plan.steps[0].trajectory.digest()
    assert not any(len(point.accelerations) for point in message.points)
    assert np.allclose(simulated(parts), ARM.named["ready"], atol=0.01)
    assert 0 < done.max_error_rad < 0.01


async def test_moveit_plans_and_executes_and_the_plan_keeps_its_digest(moveit_parts, moveit):
    plan = await moveit.plan(READY)
    asked = moveit_parts.group.asked[-1]
    assert asked.request.group_name == "arm"
    assert asked.request.planner_id == "RRTConnectkConfigDefault"
    assert asked.planning_options.plan_only
    await moveit.execute(plan)
    (message,) = moveit_parts.small.followed
    assert received(message).digest() == plan.steps[0].trajectory.digest()
    assert np.allclose(simulated(moveit_parts), ARM.named["ready"], atol=0.01)


async def test_moveit_reaches_poses_and_lines(moveit_parts, moveit):
    above = PlanRequest(PoseGoal(Pose((0.5, 0.0, 0.30), DOWN)))
    await moveit.execute(await moveit.plan(above))
    lower = PlanRequest(LineGoal(Pose((0.5, 0.0, 0.20), DOWN)), speed_scale=0.5)
    await moveit.execute(await moveit.plan(lower))
    tip = moveit._link_pose("tool_link").position_m
    assert np.allclose(tip, (0.5, 0.0, 0.20), atol=2e-3)


async def test_a_line_through_an_object_is_told_from_one_out_of_reach(moveit):
    above = PlanRequest(PoseGoal(Pose((0.5, 0.0, 0.30), DOWN)))
    await moveit.execute(await moveit.plan(above))
    post = SceneObject("post", Box((0.03, 0.03, 0.03)), Pose((0.5, 0.2, 0.3)))
    await moveit.set_scene(moveit.scene().add(post))
    with pytest.raises(PathBlocked, match="straight line"):
        await moveit.plan(PlanRequest(LineGoal(Pose((0.5, 0.35, 0.30), DOWN))))
    with pytest.raises(GoalUnreachable):
        await moveit.plan(PlanRequest(LineGoal(Pose((5.0, 0.0, 0.3), DOWN))))


async def test_a_plan_of_moveit_through_an_object_is_found_out(moveit_parts, moveit):
    await moveit.set_scene(moveit.scene().add(replace(WALL, pose=Pose((0.35, -0.7, 0.7)))))
    moveit_parts.group.faults.add("through")
    aside = JointGoal((-2.4, *ARM.named["ready"][1:]))
    await moveit.plan(READY)
    with pytest.raises(PathBlocked, match="wall"):
        await moveit.plan(PlanRequest(aside, start_rad=ARM.named["ready"]))


async def test_moveit_is_asked_about_another_scene_without_changing_its_own(moveit_parts, moveit):
    imagined = moveit.scene().add(replace(WALL, pose=Pose((0.0, 1.3, 0.7))))
    request = PlanRequest(JointGoal((1.5, *ARM.named["home"][1:])), scene=imagined)
    await moveit.plan(request)
    difference = moveit_parts.group.asked[-1].planning_options.planning_scene_diff
    assert [each.id for each in difference.world.collision_objects] == ["wall"]
    assert "wall" not in moveit_parts.small.robot.scene().objects


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (99999, errors.PlanningTimeout),
        (-31, errors.GoalUnreachable),
        (-12, errors.GoalInCollision),
        (-15, errors.RobotUnavailable),
        (-7, errors.MotionStopped),
    ],
)
async def test_what_moveit_refuses_has_a_name(moveit_parts, moveit, code, kind):
    moveit_parts.group.faults.add(f"code {code}")
    with pytest.raises(kind, match=str(code)):
        await moveit.plan(READY)


async def test_a_move_group_that_rejects_or_goes_away_is_named(moveit_parts, moveit):
    moveit_parts.group.faults.add("reject")
    with pytest.raises(RobotUnavailable, match="rejected"):
        await moveit.plan(READY)
    moveit_parts.group.faults.discard("reject")
    moveit_parts.group.faults.add("silent")
    planning = asyncio.create_task(moveit.plan(READY))
    await asyncio.sleep(0.3)
    moveit_parts.group.planning.die()
    with pytest.raises(RobotUnavailable, match="move_action went away"):
        await asyncio.wait_for(planning, 10)


async def test_missing_servers_are_named_with_what_starts_them(parts):
    async with opened(parts, replace(EMBEDDED, wait_s=1.0)) as robot:
        plan = await robot.plan(READY)
        parts.small.arm.die()
        await until(lambda: not robot._controllers._arm.server_is_ready())
        with pytest.raises(
            RobotUnavailable, match=r"arm_controller/follow.*within 1 s.*robot_node"
        ):
            await robot.execute(plan)
    with pytest.raises(RobotUnavailable, match=r"joint_1.*elsewhere.*within 0\.5 s"):
        await RosRobot.open(parts.parent, replace(LOCAL, joint_states="elsewhere", wait_s=0.5), ARM)


async def test_moveit_that_is_missing_is_named(parts):
    async with opened(parts, replace(MOVEIT, wait_s=0.5)) as robot:
        with pytest.raises(RobotUnavailable, match=r"move_action.*within 0\.5 s.*move_group"):
            await robot.plan(READY)


async def test_a_controller_that_rejects_is_named(parts, robot):
    plan = await robot.plan(READY)
    parts.small.faults.add("reject")
    with pytest.raises(RobotUnavailable, match="rejected"):
        await robot.execute(plan)
    parts.small.faults.clear()
    await robot.execute(plan)


async def test_a_controller_that_gives_up_is_named(parts, robot):
    plan = await robot.plan(READY)
    parts.small.faults.add("abort")
    with pytest.raises(TrackingLost, match="joint_2"):
        await robot.execute(plan)


async def test_a_success_that_is_none_is_found_out_by_where_the_arm_is(parts, robot):
    plan = await robot.plan(READY)
    parts.small.faults.add("lie")
    with pytest.raises(TrackingLost, match="though its controller says"):
        await robot.execute(plan)


async def test_a_controller_that_dies_in_a_motion_is_noticed(parts, robot):
    plan = await robot.plan(READY)
    parts.small.faults.add("silent")
    task = asyncio.create_task(robot.execute(plan))
    await until(lambda: robot.state().activity is Activity.MOVING)
    parts.small.arm.die()
    with pytest.raises(RobotUnavailable, match="went away"):
        await asyncio.wait_for(task, 10)
    assert robot.state().activity is Activity.IDLE


async def test_a_controller_that_never_answers_is_not_waited_for_for_ever(parts, robot):
    nudge = tuple(np.array(ARM.named["home"]) + 0.02)
    plan = await robot.plan(PlanRequest(JointGoal(nudge)))
    parts.small.faults.add("silent")
    with pytest.raises(RobotUnavailable, match="did not answer in time"):
        await asyncio.wait_for(robot.execute(plan), 20)
    parts.small.faults.clear()
    await robot.execute(plan)


async def test_joint_states_that_stop_end_the_motion_and_refuse_the_next(parts, robot):
    plan = await robot.plan(READY)
    task = await begun(robot, plan)
    parts.small.faults.add("mute")
    with pytest.raises(RobotUnavailable, match="no joint states"):
        await asyncio.wait_for(task, 10)
    assert robot.state().activity is Activity.FAILED
    with pytest.raises(RobotUnavailable, match="no joint states"):
        await robot.plan(READY)
    parts.small.faults.clear()
    await until(lambda: robot.state().activity is Activity.IDLE)
    await robot.execute(await robot.plan(HOME))


async def test_states_go_on_as_failed_while_the_robot_is_silent(parts, robot):
    parts.small.faults.add("mute")
    async for state in robot.states(100.0):
        if state.activity is Activity.FAILED:
            break


async def test_a_stop_cancels_the_goal_and_calls_the_robots_own_stop(parts, robot):
    task = await begun(robot, await robot.plan(READY))
    robot.stop("enough")
    with pytest.raises(MotionStopped, match="enough"):
        await asyncio.wait_for(task, 10)
    assert np.abs(parts.small.robot.state().velocities[:6]).max() < 0.05
    await until(lambda: parts.small.stops == 1)
    assert not np.allclose(simulated(parts), ARM.named["ready"], atol=0.01)
    await robot.execute(await robot.plan(HOME))


async def test_a_stop_ends_motions_that_others_began(parts, robot):
    async with opened(parts, replace(LOCAL, stop_service="")) as other:
        task = await begun(other, await other.plan(READY))
        await until(lambda: robot.state().activity is Activity.MOVING)
        robot.stop("not so")
        with pytest.raises(MotionStopped):
            await asyncio.wait_for(task, 10)


async def test_a_stop_through_moveit_reaches_the_controller(moveit_parts, moveit):
    task = await begun(moveit, await moveit.plan(READY))
    moveit.stop("enough")
    with pytest.raises(MotionStopped):
        await asyncio.wait_for(task, 10)
    assert np.abs(moveit_parts.small.robot.state().velocities[:6]).max() < 0.05


async def test_a_move_group_that_dies_in_a_motion_leaves_the_arm_at_rest(moveit_parts, moveit):
    slow = await moveit.plan(replace(READY, speed_scale=0.2))
    task = await begun(moveit, slow)
    moveit_parts.group.executing.die()
    with pytest.raises(RobotUnavailable, match="went away"):
        await asyncio.wait_for(task, 10)
    moveit.stop("whoever sees this stops it")
    await until(lambda: np.abs(moveit_parts.small.robot.state().velocities[:6]).max() < 0.02)
    assert not np.allclose(simulated(moveit_parts), ARM.named["ready"], atol=0.01)


async def test_ros_that_is_shut_down_ends_what_waits(parts):
    async with opened(parts, EMBEDDED) as robot:
        task = await begun(robot, await robot.plan(READY))
        parts.parent.context.shutdown()
        with pytest.raises(LecternError):
            await asyncio.wait_for(task, 10)
        robot.stop("whatever")


def over_the_cube() -> PlanRequest:
    return PlanRequest(PoseGoal(Pose((0.5, 0.1, 0.15), DOWN)))


async def test_what_the_fingers_take_is_attached_and_let_go_of_again(parts, robot):
    name = ARM.name
    await robot.execute(Plan(name, (Grip(0.08, 20.0),)))
    await robot.execute(await robot.plan(over_the_cube()))
    down = PlanRequest(LineGoal(Pose((0.5, 0.1, 0.02), DOWN)), speed_scale=0.5)
    await robot.execute(await robot.plan(down))
    done = await robot.execute(Plan(name, (Grip(0.0, 20.0, attach="red_cube"),)))
    assert done.gripper_width_m == pytest.approx(0.04, abs=2e-3)
    assert "red_cube" in parts.small.held
    up = PlanRequest(LineGoal(Pose((0.5, 0.1, 0.15), DOWN)), speed_scale=0.5)
    with robot.record() as measurements:
        await robot.execute(await robot.plan(up))
    assert robot.scene().get("red_cube").pose.position_m[2] == pytest.approx(0.15, abs=0.01)
    heights = [m.scene.get("red_cube").pose.position_m[2] for m in measurements]
    assert heights[-1] - heights[0] > 0.1
    await robot.execute(Plan(name, (Grip(0.08, 20.0, detach="red_cube"),)))
    assert not robot.scene().attached
    assert not parts.small.held
    await until(lambda: robot.scene().get("red_cube").pose.position_m[2] < 0.03)


async def test_fingers_that_close_on_nothing_hold_nothing(robot):
    with pytest.raises(GraspFailed, match="red_cube"):
        await robot.execute(Plan(ARM.name, (Grip(0.0, 20.0, attach="red_cube"),)))
    assert not robot.scene().attached


async def test_fixed_and_unknown_things_cannot_be_gripped(robot):
    for name in ("bench", "moon"):
        with pytest.raises(errors.SceneObjectUnknown, match=name):
            await robot.execute(Plan(ARM.name, (Grip(0.0, 20.0, attach=name),)))


async def test_what_others_put_into_the_planning_scene_is_seen(parts, robot):
    service = parts.servers.create_client(types.ApplyPlanningScene, "apply_planning_scene")
    crate = SceneObject("crate", Box((0.1, 0.1, 0.1)), Pose((0.7, -0.1, 0.05)))
    request = types.ApplyPlanningScene.Request()
    request.scene = parts.small.messages.change(bench(), bench().add(crate))
    service.call_async(request)
    await until(lambda: "crate" in robot.scene().objects)
    assert robot.scene().get("crate").shape == crate.shape


async def test_a_planning_scene_that_cannot_be_checked_refuses_every_motion(parts, robot):
    plan = await robot.plan(READY)
    publisher = parts.servers.create_publisher(types.PlanningScene, "monitored_planning_scene", 10)
    whole = parts.small.messages.whole

    def with_a_plane(scene):
        message = whole(scene)
        plane = type(message.world.collision_objects[0])(id="floor")
        plane.header.frame_id = "odom"
        message.world.collision_objects.append(plane)
        return message

    parts.small.messages.whole = with_a_plane
    await until(lambda: publisher.get_subscription_count() > 0)
    publisher.publish(whole(bench()))
    await until(lambda: robot._surroundings._fault is not None)
    for attempt in (robot.plan(READY), robot.check(plan), robot.execute(plan)):
        with pytest.raises(SceneObjectInvalid, match="floor"):
            await attempt
    parts.small.messages.whole = whole
    publisher.publish(whole(bench()))
    await until(lambda: robot._surroundings._fault is None)
    await robot.execute(plan)


async def test_a_scene_of_its_own_needs_no_services(parts):
    async with opened(parts, LOCAL) as robot:
        await robot.set_scene(robot.scene().add(replace(WALL, pose=Pose((0.0, 1.2, 0.7)))))
        assert "wall" in robot.scene().objects
        assert "wall" not in parts.small.robot.scene().objects


def picture(colour: tuple[int, int, int], encoding: str = "bgr8"):
    image = types.Image(width=64, height=48, encoding=encoding, step=192)
    image.data = bytes(colour) * (64 * 48)
    return image


async def test_a_picture_is_the_next_of_its_topic(parts):
    topic = "camera/overview"
    async with opened(parts, replace(LOCAL, overview_camera=topic)) as robot:
        publisher = parts.servers.create_publisher(types.Image, topic, 1)
        waiting = asyncio.create_task(robot.picture(64, 48))
        await until(lambda: publisher.get_subscription_count() > 0)
        publisher.publish(picture((0, 0, 255)))
        png = await waiting
        assert png.startswith(b"\x89PNG")
        await until(lambda: publisher.get_subscription_count() == 0)
        with pytest.raises(CameraUnavailable, match="tool"):
            await robot.picture(64, 48, camera="tool")
        with pytest.raises(InvalidInput):
            await robot.picture(64, 48, camera="moon")
        with pytest.raises(InvalidInput):
            await robot.picture(1, 48)


async def test_a_camera_that_sends_nothing_is_named(parts):
    async with opened(parts, replace(LOCAL, overview_camera="nowhere")) as robot:
        with pytest.raises(CameraUnavailable, match="nowhere"):
            await robot.picture()


@pytest.fixture
def settings(tmp_path):
    return lambda **more: load_settings(home=tmp_path, **more)


async def test_the_gate_stands_in_front_of_it_with_its_audit(parts, settings, tmp_path):
    motion = await open_ros_motion(parts.parent, settings(), EMBEDDED)
    try:
        await motion.gate.perform(USER, "move_named", {"name": "ready"})
        assert np.allclose(simulated(parts), ARM.named["ready"], atol=0.01)
        proposal = await motion.gate.propose(USER, "move_named", {"name": "home"})
        await motion.gate.execute(USER, proposal.digest)
    finally:
        await motion.close()
    lines = (tmp_path / "audit" / "motion_ros.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    of_it = [e["verdict"] for e in entries if e["digest"] == proposal.digest]
    assert of_it == ["allowed", "started", "ended"]
    sent = [received(message) for message in parts.small.followed]
    assert sent[-1].digest() == proposal.plan.steps[0].trajectory.digest()


async def test_a_real_robot_waits_for_an_approval(parts, settings):
    motion = await open_ros_motion(parts.parent, settings(), replace(EMBEDDED, reality="real"))
    try:
        assert motion.policy == "ask"
        assert motion.view.reality == "real"
        proposal = await motion.gate.propose(USER, "move_named", {"name": "ready"})
        with pytest.raises(ApprovalNeeded):
            await motion.gate.execute(USER, proposal.digest)
        assert not parts.small.followed
        proposal = await motion.gate.propose(USER, "move_named", {"name": "ready"})
        await motion.gate.approve(OPERATOR, proposal.digest)
        await motion.gate.execute(USER, proposal.digest)
        assert len(parts.small.followed) == 1
    finally:
        await motion.close()


async def test_a_stop_of_the_gate_reaches_the_controller(parts, settings):
    motion = await open_ros_motion(parts.parent, settings(), EMBEDDED)
    try:
        under_way = asyncio.Event()
        task = asyncio.create_task(
            motion.gate.perform(
                USER, "move_named", {"name": "ready"}, on_progress=lambda _: under_way.set()
            )
        )
        await asyncio.wait_for(under_way.wait(), 10)
        motion.gate.stop(None, "enough")
        with pytest.raises(MotionStopped):
            await asyncio.wait_for(task, 10)
    finally:
        await motion.close()


async def test_a_demo_picks_a_cube_and_places_it_over_ros(moveit_parts, settings):
    motion = await open_ros_motion(moveit_parts.parent, settings(), MOVEIT)
    try:
        run = await motion.run_demo(USER, "pick_and_place", {}, seed=1)
    finally:
        await motion.close()
    assert run.result.numbers["success"] is True
    cube = moveit_parts.small.robot.scene().get("red_cube").pose.position_m
    assert np.allclose(cube[:2], (0.45, -0.4), atol=0.02)


async def test_settings_are_parameters_of_the_node(parts):
    settings = settings_of(parts.parent)
    assert settings == settings_of(parts.parent)
    assert settings.planner == "embedded"
    assert parts.parent.get_parameter("ros_robot.group").value == "arm"


def test_the_tolerances_are_those_of_the_embedded_robot():
    from lectern.robot.embedded import motions

    assert LOST_RAD == motions.LOST_RAD
