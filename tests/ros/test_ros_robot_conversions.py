"""The ROS robot's conversions: with stand-ins for the messages, and with the real ones with ROS."""

from __future__ import annotations

import importlib
import io
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "ros2_ws" / "src" / "lectern_nodes"))

from lectern_nodes.ros_robot.error_codes import controller_error, moveit_error
from lectern_nodes.ros_robot.joints import JointStates
from lectern_nodes.ros_robot.objects import SceneMessages
from lectern_nodes.ros_robot.offers import PARAMETERS
from lectern_nodes.ros_robot.pictures import pixels_of, png_of
from lectern_nodes.ros_robot.settings import RosRobotSettings
from lectern_nodes.ros_robot.trajectories import (
    duration_message,
    retimed,
    seconds_of,
    trajectory_message,
    way_of,
    whole_nanoseconds,
)

from lectern import errors
from lectern.errors import (
    CameraUnavailable,
    LecternError,
    PlanOutdated,
    RobotUnavailable,
    SceneObjectInvalid,
    SettingsError,
    TrackingLost,
    TrajectoryInvalid,
)
from lectern.robot.arm import textbook_arm
from lectern.robot.gate.extremes import extremes
from lectern.robot.geometry import Pose
from lectern.robot.goals import NamedGoal, PlanRequest
from lectern.robot.planning.planner import Planner
from lectern.robot.scene import (
    Attachment,
    Box,
    Cylinder,
    Mesh,
    Scene,
    SceneObject,
    Sphere,
)
from lectern.robot.scenes import bench, shelf
from lectern.robot.trajectory import Trajectory

ARM = textbook_arm()
HOME, READY = ARM.named["home"], ARM.named["ready"]
TURNED = Pose((0.4, -0.2, 0.3), (0.1, 0.2, 0.3, 0.927))
HAND = Pose((0.5, 0.0, 0.4), (1.0, 0.0, 0.0, 0.0))
TETRAHEDRON = """v 0 0 0
v 0.1 0 0
v 0 0.1 0
v 0 0 0.1
f 1 3 2
f 1 2 4
f 1 4 3
f 2 3 4
"""


def _stand_in(name: str, **defaults):
    """A message class with the fields that the conversions use; defaults are made by calling."""

    def make(self, **given):
        unknown = set(given) - set(defaults)
        assert not unknown, f"{name} has no {unknown}"
        for field, default in defaults.items():
            setattr(self, field, given[field] if field in given else default())

    return type(name, (), {"__init__": make})


def stand_ins() -> SimpleNamespace:
    t = SimpleNamespace()
    number = float
    t.Duration = _stand_in("Duration", sec=int, nanosec=int)
    t.Point = _stand_in("Point", x=number, y=number, z=number)
    t.Quaternion = _stand_in("Quaternion", x=number, y=number, z=number, w=lambda: 1.0)
    t.Pose = _stand_in("Pose", position=t.Point, orientation=t.Quaternion)
    t.Header = _stand_in("Header", frame_id=str)
    t.ObjectType = _stand_in("ObjectType", key=str, db=str)
    t.SolidPrimitive = _stand_in("SolidPrimitive", type=int, dimensions=list)
    t.MeshTriangle = _stand_in("MeshTriangle", vertex_indices=list)
    t.Mesh = _stand_in("Mesh", triangles=list, vertices=list)
    t.ColorRGBA = _stand_in("ColorRGBA", r=number, g=number, b=number, a=number)
    t.ObjectColor = _stand_in("ObjectColor", id=str, color=t.ColorRGBA)
    t.CollisionObject = _stand_in(
        "CollisionObject",
        header=t.Header,
        pose=t.Pose,
        id=str,
        type=t.ObjectType,
        primitives=list,
        primitive_poses=list,
        meshes=list,
        mesh_poses=list,
        planes=list,
        operation=bytes,
    )
    t.AttachedCollisionObject = _stand_in(
        "AttachedCollisionObject",
        link_name=str,
        object=t.CollisionObject,
        touch_links=list,
        weight=number,
    )
    t.RobotState = _stand_in("RobotState", attached_collision_objects=list, is_diff=bool)
    octomap = _stand_in("Octomap", data=list)
    with_pose = _stand_in("OctomapWithPose", octomap=octomap)
    t.PlanningSceneWorld = _stand_in(
        "PlanningSceneWorld", collision_objects=list, octomap=with_pose
    )
    t.PlanningScene = _stand_in(
        "PlanningScene",
        is_diff=bool,
        robot_state=t.RobotState,
        world=t.PlanningSceneWorld,
        object_colors=list,
    )
    t.JointTrajectoryPoint = _stand_in(
        "JointTrajectoryPoint", positions=list, velocities=list, time_from_start=t.Duration
    )
    t.JointTrajectory = _stand_in("JointTrajectory", joint_names=list, points=list)
    return t


@pytest.fixture(params=["stand-ins", "ROS"])
def types(request):
    if request.param == "stand-ins":
        return stand_ins()
    try:
        return importlib.import_module("lectern_nodes.ros_robot.moveit_types")
    except ImportError:
        pytest.skip("needs ROS 2 with moveit_msgs and control_msgs")


@pytest.fixture
def messages(types):
    made = SceneMessages(types, ["tool_link", "finger_left_link"], "world", lambda _: HAND)
    yield made
    made.close()


def every_shape(folder: Path) -> Scene:
    mesh = folder / "tetrahedron.obj"
    mesh.write_text(TETRAHEDRON)
    return Scene.of(
        SceneObject("box", Box((0.1, 0.2, 0.3)), TURNED, 0.045, 0.7, (0.1, 0.2, 0.3)),
        SceneObject("ball", Sphere(1 / 3), Pose((1 / 3, 0.1, 0.7))),
        SceneObject("can", Cylinder(0.03, 0.12), TURNED, mass_kg=0.3),
        SceneObject("wedge", Mesh(mesh, 0.5), TURNED, friction=0.1),
    )


def test_every_shape_comes_back(types, messages, tmp_path):
    scene = every_shape(tmp_path)
    there = messages.change(Scene(), scene)
    back = messages.scene(there, Scene()).objects
    for name, item in scene.objects.items():
        assert replace(back[name], pose=item.pose) == item
        assert np.allclose(back[name].pose.matrix(), item.pose.matrix(), atol=1e-15)
    assert messages.scene(there, scene).objects == scene.objects


def test_a_held_object_comes_back_with_the_link_that_holds_it(types, messages, tmp_path):
    hold = Attachment("tool_link", Pose((0.0, 0.0, 0.02), frame="tool_link"))
    scene = every_shape(tmp_path).attach("can", hold)
    message = messages.change(Scene(), scene)
    assert {each.id for each in message.world.collision_objects} == {"box", "ball", "wedge"}
    held = message.robot_state.attached_collision_objects[0]
    assert (held.link_name, held.object.header.frame_id, held.weight) == (
        "tool_link",
        "tool_link",
        0.3,
    )
    assert "finger_left_link" in list(held.touch_links)
    back = messages.scene(message, Scene())
    assert back.attached == {"can": hold}
    assert np.allclose(back.get("can").pose.matrix(), (HAND @ hold.pose).matrix(), atol=1e-12)


def test_only_what_differs_is_sent(messages):
    scene = bench()
    change = messages.change(scene, scene.move("red_cube", TURNED).remove("tray"))
    assert [each.id for each in change.world.collision_objects] == ["tray", "red_cube"]
    assert not change.robot_state.attached_collision_objects
    assert change.is_diff
    assert change.robot_state.is_diff


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s, id="nothing"),
        pytest.param(lambda s: s.remove("box"), id="one is taken away"),
        pytest.param(lambda s: s.move("box", Pose((1, 1, 1))), id="one is moved"),
        pytest.param(
            lambda s: s.attach("can", Attachment("tool_link", Pose((0, 0, 0), frame="tool_link"))),
            id="one is taken",
        ),
        pytest.param(lambda s: s.detach("ball", Pose((2, 2, 2))), id="one is let go of"),
        pytest.param(lambda s: s.remove("ball"), id="what is held is taken away"),
        pytest.param(lambda _: shelf(), id="everything is replaced"),
    ],
)
def test_a_change_leads_from_one_scene_to_the_other(messages, tmp_path, change):
    hold = Attachment("tool_link", Pose((0.0, 0.1, 0.0), frame="tool_link"))
    before = every_shape(tmp_path).attach("ball", hold)
    after = change(before)
    seen = messages.applied(before, messages.change(before, after))
    assert seen.objects.keys() == after.objects.keys()
    assert seen.attached == after.attached
    for name in after.objects.keys() - after.attached.keys():
        assert replace(seen.objects[name], pose=after.objects[name].pose) == after.objects[name]
        there, wanted = seen.objects[name].pose, after.objects[name].pose
        assert np.allclose(there.matrix(), wanted.matrix(), atol=1e-15)
    whole = messages.scene(messages.whole(seen), seen)
    assert (whole.objects.keys(), whole.attached) == (seen.objects.keys(), seen.attached)


def test_what_others_say_about_a_scene_is_understood(types, messages):
    def change(*world, held=()):
        return types.PlanningScene(
            is_diff=True,
            world=types.PlanningSceneWorld(collision_objects=list(world)),
            robot_state=types.RobotState(attached_collision_objects=list(held), is_diff=True),
        )

    def named(name, operation, **more):
        return types.CollisionObject(id=name, operation=operation, **more)

    away = types.Pose(position=types.Point(x=1.0, y=2.0, z=3.0))
    scene = messages.applied(bench(), change(named("tray", b"\x03", pose=away)))
    assert scene.get("tray").pose.position_m == (1.0, 2.0, 3.0)
    take = types.AttachedCollisionObject(link_name="tool_link", object=named("red_cube", b"\x00"))
    scene = messages.applied(scene, change(held=[take]))
    cube = bench().get("red_cube").pose.matrix()
    relative = scene.attached["red_cube"].pose.matrix()
    assert np.allclose(HAND.matrix() @ relative, cube, atol=1e-12)
    drop = types.AttachedCollisionObject(link_name="tool_link", object=named("", b"\x01"))
    assert not messages.applied(scene, change(held=[drop])).attached
    assert not messages.applied(scene, change(named("", b"\x01"))).objects
    with pytest.raises(SceneObjectInvalid, match="tray"):
        messages.applied(scene, change(named("tray", b"\x02")))


def test_what_moveit_turned_a_little_stays_what_it_was(types, messages):
    scene = bench()
    message = messages.change(Scene(), scene)
    for each in message.world.collision_objects:
        each.pose.position.x += 1e-13
    assert messages.scene(message, scene).objects == scene.objects


def test_an_object_of_others_is_fixed_and_each_of_its_shapes_counts(types, messages):
    message = messages.change(Scene(), Scene.of(bench().get("red_cube")))
    theirs = message.world.collision_objects[0]
    theirs.type.key = theirs.type.db = ""
    cone = types.SolidPrimitive(type=4, dimensions=[0.2, 0.05])
    aside = types.Pose(position=types.Point(x=0.0, y=0.0, z=1.0))
    theirs.primitives = [*theirs.primitives, cone]
    theirs.primitive_poses = [*theirs.primitive_poses, aside]
    scene = messages.scene(message, Scene())
    assert scene.get("red_cube").mass_kg is None
    assert scene.get("red_cube-2").shape == Cylinder(0.05, 0.2)
    assert scene.get("red_cube-2").pose.position_m == pytest.approx((0.5, 0.1, 1.02))


def test_a_mesh_of_others_becomes_a_file_that_the_planner_reads(types, messages):
    corners = [(0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 0.1)]
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    mesh = types.Mesh(
        vertices=[types.Point(x=x, y=y, z=z) for x, y, z in corners],
        triangles=[types.MeshTriangle(vertex_indices=list(face)) for face in faces],
    )
    theirs = types.CollisionObject(id="wedge", meshes=[mesh], mesh_poses=[types.Pose()])
    world = types.PlanningSceneWorld(collision_objects=[theirs])
    scene = messages.scene(types.PlanningScene(world=world), Scene())
    at = SceneObject("wedge", scene.get("wedge").shape, Pose((0.42, -0.03, 0.45)))
    touching = Planner(ARM).robot_contacts(READY, 0.04, Scene.of(at))
    assert any("wedge" in pair for pair in touching)


def _refused(types, **fields):
    theirs = types.CollisionObject(id="thing", **fields)
    world = types.PlanningSceneWorld(collision_objects=[theirs])
    return types.PlanningScene(world=world)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(lambda t: {"header": t.Header(frame_id="odom")}, id="another frame"),
        pytest.param(
            lambda t: {
                "primitives": [t.SolidPrimitive(type=1, dimensions=[0.1])],
                "primitive_poses": [t.Pose()],
            },
            id="a box of one length",
        ),
        pytest.param(
            lambda t: {
                "primitives": [t.SolidPrimitive(type=2, dimensions=[math.nan])],
                "primitive_poses": [t.Pose()],
            },
            id="a ball of no size",
        ),
        pytest.param(
            lambda t: {"meshes": [t.Mesh()], "mesh_poses": [t.Pose()]}, id="an empty mesh"
        ),
        pytest.param(
            lambda t: {
                "primitives": [t.SolidPrimitive(type=2, dimensions=[0.1])],
                "primitive_poses": [t.Pose()],
                "type": t.ObjectType(key="lectern", db="{}"),
            },
            id="a false type",
        ),
    ],
)
def test_an_object_that_cannot_be_checked_is_refused_by_name(types, messages, fields):
    with pytest.raises(SceneObjectInvalid, match=r"thing|mesh"):
        messages.scene(_refused(types, **fields(types)), Scene())


def test_properties_that_moveit_has_no_field_for_are_plain_json(messages):
    item = bench().get("red_cube")
    known = json.loads(messages.object(item).type.db)
    assert known == {"mass_kg": item.mass_kg, "friction": 0.9, "colour": list(item.colour)}


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.1, 1.999999999, 12.345678901, 1000.0])
def test_durations_are_exact_to_the_nanosecond(types, seconds):
    message = duration_message(types, seconds)
    assert 0 <= message.nanosec < 10**9
    assert seconds_of(message) == pytest.approx(seconds, abs=1e-12)


@pytest.fixture(scope="module")
def plan():
    return Planner(ARM).plan(PlanRequest(NamedGoal("ready")), HOME, bench(), 0.04)


def test_a_plan_in_whole_nanoseconds_is_sent_as_it_was_approved(types, plan):
    trajectory = whole_nanoseconds(plan.steps[0].trajectory, ARM, 1.0)
    message = trajectory_message(types, trajectory)
    received = Trajectory(
        tuple(message.joint_names),
        np.array([seconds_of(p.time_from_start) for p in message.points]),
        np.array([list(p.positions) for p in message.points]),
        np.array([list(p.velocities) for p in message.points]),
    )
    assert received.digest() == trajectory.digest()
    assert not any(list(getattr(p, "accelerations", [])) for p in message.points)


def test_rounding_to_nanoseconds_keeps_the_limits_and_the_way(plan):
    exact = plan.steps[0].trajectory
    trajectory = whole_nanoseconds(exact, ARM, 1.0)
    reached = extremes(trajectory)
    assert (reached.speed <= ARM.max_velocity * (1 + 1e-6)).all()
    assert (reached.acceleration <= ARM.max_acceleration * (1 + 1e-6)).all()
    share = np.linspace(0.0, 1.0, 500)
    there = trajectory.sample(share * trajectory.duration_s)[0]
    assert np.allclose(there, exact.sample(share * exact.duration_s)[0], atol=1e-6)
    assert trajectory.duration_s == pytest.approx(exact.duration_s, rel=1e-3)


def test_two_points_in_one_nanosecond_are_refused(types):
    times = [0.0, 1.0, 1.0 + 2e-10]
    still = np.zeros((3, 6))
    with pytest.raises(TrajectoryInvalid):
        trajectory_message(types, Trajectory(ARM.names, times, still, still))


def _moveit_way(types, names=ARM.names):
    """A way as MoveIt sends it: points of a smooth curve, joints in its own order."""
    shares = np.linspace(0.0, 1.0, 20)[:, None] ** 1.5
    way = np.array(HOME) + shares * (np.array(READY) - np.array(HOME))
    order = [ARM.names.index(name) for name in names if name in ARM.names]
    points = [types.JointTrajectoryPoint(positions=row[order].tolist()) for row in way]
    return types.JointTrajectory(joint_names=list(names), points=points)


@pytest.mark.parametrize("radius_rad", [0.0, 0.05, 0.005])
@pytest.mark.parametrize("speed_scale", [1.0, 0.25])
def test_a_way_of_moveit_is_timed_within_the_limits(types, radius_rad, speed_scale):
    way = way_of(_moveit_way(types, tuple(reversed(ARM.names))), ARM)
    assert np.allclose(way[0], HOME)
    trajectory = retimed(way, ARM, speed_scale, radius_rad)
    reached = extremes(trajectory)
    assert (reached.speed <= speed_scale * ARM.max_velocity * (1 + 1e-6)).all()
    assert (reached.acceleration <= speed_scale * ARM.max_acceleration * (1 + 1e-6)).all()
    assert np.array_equal(trajectory.positions[[0, -1]], way[[0, -1]])
    assert not trajectory.velocities[[0, -1]].any()
    assert np.array_equal(np.round(trajectory.times_s * 1e9) / 1e9, trajectory.times_s)


def test_a_way_that_goes_nowhere_is_a_short_stay(types):
    trajectory = retimed(np.array([HOME, HOME]), ARM, 1.0, 0.0)
    assert 0 < trajectory.duration_s < 0.1
    assert np.array_equal(trajectory.positions, [HOME, HOME])


def test_a_way_without_a_joint_is_refused(types):
    with pytest.raises(TrajectoryInvalid, match="joint_6"):
        way_of(_moveit_way(types, ARM.names[:-1]), ARM)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def joints(clock):
    return JointStates(ARM, stale_s=0.5, now_s=clock)


FINGER = ARM.gripper.joints[0]


def test_names_may_come_in_any_order_and_with_strangers(joints):
    names = ["wheel_left", *reversed(ARM.names), FINGER]
    joints.take(1.0, names, [9.0, *reversed(HOME), 0.01], [0.0] * 8, [1.0] * 8)
    assert np.array_equal(joints.state.of(ARM.names), HOME)
    assert np.array_equal(joints.state.of(ARM.gripper.joints), [0.01, 0.01])
    assert joints.state.stamp_s == 1.0


def test_a_state_is_put_together_from_several_messages(joints):
    heard = []
    joints.listen(heard.append)
    joints.take(1.0, ARM.names, HOME)
    assert joints.state is None
    assert joints.missing() == [FINGER]
    joints.take(1.0, [FINGER], [0.02])
    assert [state.stamp_s for state in heard] == [1.0]
    joints.take(1.1, ARM.names, READY)
    assert np.array_equal(heard[-1].of(ARM.names), READY)
    assert heard[-1].of((FINGER,)) == 0.02


def test_velocities_that_nobody_sends_are_measured(joints):
    joints.take(1.0, [*ARM.names, FINGER], [*HOME, 0.0])
    joints.take(1.1, [*ARM.names, FINGER], [HOME[0] + 0.05, *HOME[1:], 0.0])
    assert joints.state.velocities[0] == pytest.approx(0.5)
    joints.take(1.2, [*ARM.names, FINGER], [*HOME, 0.0], [math.nan, *[2.0] * 6])
    assert joints.state.velocities[0] == pytest.approx(-0.5)
    assert joints.state.velocities[1] == 2.0


def test_late_messages_and_numbers_that_are_none_are_left_out(joints):
    joints.take(2.0, [*ARM.names, FINGER], [*HOME, 0.0])
    joints.take(1.9, [*ARM.names, FINGER], [*READY, 0.0])
    joints.take(2.1, ["joint_1"], [math.nan])
    assert np.array_equal(joints.state.of(ARM.names), HOME)


def test_a_clock_that_is_set_back_is_followed(joints):
    joints.take(500.0, [*ARM.names, FINGER], [*HOME, 0.0])
    joints.take(0.1, [*ARM.names, FINGER], [*READY, 0.0])
    assert np.array_equal(joints.state.of(ARM.names), READY)
    assert joints.state.stamp_s == 0.1


def test_one_silent_joint_makes_the_state_stale(joints, clock):
    assert joints.stale()
    joints.take(1.0, [*ARM.names, FINGER], [*HOME, 0.0])
    assert not joints.stale()
    clock.now_s += 0.6
    joints.take(1.6, ARM.names, HOME)
    assert joints.stale()
    joints.take(1.6, [FINGER], [0.0])
    assert not joints.stale()


@pytest.mark.parametrize("code", [-31, *range(-30, -20), *range(-19, -9), *range(-7, 0), 99999])
def test_every_code_of_moveit_has_a_named_error(code):
    if code in (-20,):
        return
    error = moveit_error(code)
    assert isinstance(error, LecternError)
    assert f"({code})" in error.detail
    assert "unknown" not in error.detail
    assert error.remedy


def test_codes_of_moveit_that_nobody_knows_are_said_to_be_so():
    assert moveit_error(1) is None
    error = moveit_error(-4711)
    assert isinstance(error, RobotUnavailable)
    assert "-4711" in str(error)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        pytest.param(-1, "", TrajectoryInvalid, id="invalid"),
        pytest.param(-2, "joint_7", errors.InvalidInput, id="joints"),
        pytest.param(-3, "", PlanOutdated, id="in the past"),
        pytest.param(-4, "joint_2", TrackingLost, id="left the path"),
        pytest.param(-5, "", TrackingLost, id="missed the goal"),
        pytest.param(-1, "path_blocked: bench is in the way", errors.PathBlocked, id="named"),
        pytest.param(-9, "", TrackingLost, id="unknown"),
    ],
)
def test_every_code_of_the_controller_has_a_named_error(code, text, kind):
    error = controller_error(code, text, "The controller")
    assert type(error) is kind
    assert controller_error(0, "", "The controller") is None


@pytest.mark.parametrize(
    ("encoding", "channels"),
    [("rgb8", 3), ("bgr8", 3), ("rgba8", 4), ("bgra8", 4), ("mono8", 1)],
)
def test_pictures_of_every_encoding_have_their_colours(encoding, channels):
    red = {"r": (200, 10, 20), "b": (20, 10, 200), "m": (99, 99, 99)}[encoding[0]]
    pixel = [*red, 255][:channels] if channels > 1 else [99]
    row = bytes(pixel) * 5 + b"\0\0\0"  # rows may be longer than their pixels
    message = SimpleNamespace(
        width=5, height=4, step=len(row), encoding=encoding, data=row * 4, is_bigendian=0
    )
    wanted = (99, 99, 99) if channels == 1 else (200, 10, 20)
    assert (pixels_of(message) == wanted).all()
    picture = Image.open(io.BytesIO(png_of(message, 32, 16)))
    assert picture.size == (32, 16)
    assert picture.getpixel((8, 8)) == wanted


@pytest.mark.parametrize(
    "fault", [{"encoding": "32FC1"}, {"data": b"12"}, {"width": 0}, {"step": 2}]
)
def test_what_is_no_picture_is_named(fault):
    fields = {"width": 5, "height": 4, "step": 15, "encoding": "rgb8", "data": bytes(60)}
    with pytest.raises(CameraUnavailable):
        pixels_of(SimpleNamespace(**{**fields, **fault}))


def test_settings_and_parameters_are_the_same():
    assert {p.name: p.default for p in PARAMETERS} == {
        f"ros_robot.{name}": value for name, value in vars(RosRobotSettings()).items()
    }
    chosen = {p.name: p.default for p in PARAMETERS} | {"ros_robot.wait_s": 2.0}
    assert RosRobotSettings.of(chosen) == replace(RosRobotSettings(), wait_s=2.0)


def test_moveit_without_its_planning_scene_is_refused():
    with pytest.raises(SettingsError):
        RosRobotSettings(planner="moveit")
