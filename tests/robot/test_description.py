"""The robot descriptions unfold in every variant, load everywhere, and agree with their tables."""

from __future__ import annotations

import importlib.util
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import coal
import mujoco
import numpy as np
import numpy.typing as npt
import pinocchio as pin
import pytest
import xacro
import yourdfpy

from lectern.errors import DescriptionInvalid, InvalidInput
from lectern.robot.description import (
    allowed_collisions,
    base_numbers,
    description_folder,
    dh_table,
    joint_limits,
    named_poses,
    unfold_arm,
    unfold_base,
)

Array = npt.NDArray[np.float64]
UNFOLD = {"arm": unfold_arm, "base": unfold_base}
ARM = unfold_arm()
JOINTS = tuple(f"joint_{i}" for i in range(1, 7))
PAYLOAD_KG = 1.0
GRAVITY = 9.81
HARDWARE = {
    "mock": "mock_components/GenericSystem",
    "gazebo": "ign_ros2_control/IgnitionSystem",
    "real": "topic_based_ros2_control/TopicBasedSystem",
}
TWO_ARMS = """<robot xmlns:xacro="http://www.ros.org/wiki/xacro" name="two">
  <xacro:include filename="{folder}/urdf/arm_macro.xacro"/>
  <xacro:include filename="{folder}/urdf/arm.ros2_control.xacro"/>
  <link name="bench"/>
  <xacro:arm parent="bench" prefix="left_"><origin xyz="0 0.6 0" rpy="0 0 0"/></xacro:arm>
  <xacro:arm parent="bench" prefix="right_"><origin xyz="0 -0.6 0" rpy="0 0 0"/></xacro:arm>
  <xacro:arm_ros2_control sim="mock" prefix="left_"/>
  <xacro:arm_ros2_control sim="mock" prefix="right_"/>
</robot>"""


def model(urdf: str = ARM) -> pin.Model:
    return pin.buildModelFromXML(urdf)


def arm_configuration(of: pin.Model, arm_rad: Array | tuple[float, ...], finger_m: float) -> Array:
    return np.array([*arm_rad, *[finger_m] * (of.nq - 6)])


def frame_pose(of: pin.Model, name: str, arm_rad: Array | tuple[float, ...]) -> Array:
    data = of.createData()
    pin.framesForwardKinematics(of, data, arm_configuration(of, arm_rad, 0.0))
    return np.asarray(data.oMf[of.getFrameId(name)].homogeneous)


def dh_pose(arm_rad: Array) -> Array:
    pose = np.eye(4)
    for row, q in zip(dh_table(), arm_rad, strict=True):
        theta = q + row.theta_offset_rad
        ct, st = np.cos(theta), np.sin(theta)
        ca, sa = np.cos(row.alpha_rad), np.sin(row.alpha_rad)
        pose = pose @ np.array(
            [
                [ct, -st * ca, st * sa, row.a_m * ct],
                [st, ct * ca, -ct * sa, row.a_m * st],
                [0.0, sa, ca, row.d_m],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
    return pose


def random_poses(count: int, seed: int) -> Array:
    limits = joint_limits()
    lower = [limits[name].lower for name in JOINTS]
    upper = [limits[name].upper for name in JOINTS]
    return np.random.default_rng(seed).uniform(lower, upper, (count, 6))


def with_payload(of: pin.Model) -> pin.Model:
    """Hang a point mass on the tool frame."""
    tool = of.frames[of.getFrameId("tool_link")]
    point = pin.Inertia(PAYLOAD_KG, np.zeros(3), np.zeros((3, 3)))
    of.appendBodyToJoint(tool.parentJoint, point, tool.placement)
    return of


# Variants


@pytest.mark.parametrize("prefix", ["", "left_"])
@pytest.mark.parametrize("sim", HARDWARE)
@pytest.mark.parametrize("robot", UNFOLD)
def test_every_variant_unfolds_and_prefixes_every_name(robot: str, sim: str, prefix: str) -> None:
    root = ElementTree.fromstring(UNFOLD[robot](sim=sim, prefix=prefix))
    names = [one.attrib["name"] for tag in ("link", "joint") for one in root.findall(tag)]
    assert len(names) == len(set(names)) > 8
    assert all(name.startswith(prefix) for name in names if name != "world")
    assert "${" not in ElementTree.tostring(root, encoding="unicode")


@pytest.mark.parametrize("sim", HARDWARE)
def test_the_switch_chooses_what_drives_the_arm(sim: str) -> None:
    root = ElementTree.fromstring(unfold_arm(sim=sim))
    assert [plugin.text for plugin in root.findall("ros2_control/hardware/plugin")] == [
        HARDWARE[sim]
    ]
    assert bool(root.findall("gazebo")) == (sim == "gazebo")


def test_gazebo_is_told_where_the_controllers_are() -> None:
    root = ElementTree.fromstring(unfold_arm(sim="gazebo", controllers="/etc/arm.yaml"))
    assert root.findtext("gazebo/plugin/parameters") == "/etc/arm.yaml"
    assert root.find("gazebo/sensor[@type='camera']") is not None


def test_the_base_has_a_drive_an_imu_and_a_lidar_in_gazebo() -> None:
    root = ElementTree.fromstring(unfold_base(sim="gazebo"))
    drive = root.find("gazebo/plugin[@name='ignition::gazebo::systems::DiffDrive']")
    assert float(drive.findtext("wheel_separation")) == base_numbers().wheel_separation_m
    sensors = {one.attrib["type"] for one in root.findall("gazebo/sensor")}
    assert sensors == {"imu", "gpu_lidar"}
    assert root.find("ros2_control") is None


def test_two_arms_stand_on_one_parent(tmp_path: Path) -> None:
    top = tmp_path / "two.urdf.xacro"
    top.write_text(TWO_ARMS.format(folder=description_folder()), encoding="utf-8")
    both = model(xacro.process_file(str(top)).toxml())
    assert both.njoints == 1 + 2 * 8
    left, right = (both.frames[both.getFrameId(f"{s}_base_link")] for s in ("left", "right"))
    np.testing.assert_allclose(left.placement.translation, [0, 0.6, 0])
    np.testing.assert_allclose(right.placement.translation, [0, -0.6, 0])


def test_an_arm_stands_where_it_is_put() -> None:
    moved = model(unfold_arm(xyz_m=(0.1, 0.2, 0.7), rpy_rad=(0.0, 0.0, np.pi / 2)))
    np.testing.assert_allclose(
        frame_pose(moved, "tool_link", np.zeros(6))[:3, 3], [0.1, 1.3, 1.1], atol=1e-12
    )


def test_threads_may_unfold_at_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda i: unfold_arm(prefix=f"a{i}_"), range(8)))
    assert texts == [unfold_arm(prefix=f"a{i}_") for i in range(8)]


# Readers


@pytest.mark.parametrize(("robot", "joints"), [("arm", 8), ("base", 2)])
def test_mujoco_pinocchio_and_yourdfpy_load_it(robot: str, joints: int, tmp_path: Path) -> None:
    urdf = UNFOLD[robot]()
    path = tmp_path / "robot.urdf"
    path.write_text(urdf, encoding="utf-8")
    assert mujoco.MjModel.from_xml_string(urdf).njnt == joints
    assert model(urdf).njoints == joints + 1
    loaded = yourdfpy.URDF.load(str(path))
    assert loaded.validate()
    assert len(loaded.actuated_joint_names) == (7 if robot == "arm" else 2)


def test_a_description_is_small() -> None:
    folders = [description_folder() / name for name in ("urdf", "config", "rviz")]
    files = [one for folder in folders for one in folder.rglob("*") if one.is_file()]
    assert sum(one.stat().st_size for one in files) < 100_000
    assert not [one for one in files if one.suffix in {".stl", ".dae", ".obj"}]


def test_the_package_installs_folders_that_exist() -> None:
    root = ElementTree.parse(description_folder() / "package.xml").getroot()
    assert root.findtext("name") == "lectern_description"
    build = (description_folder() / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "install(DIRECTORY urdf config rviz DESTINATION share/${PROJECT_NAME})" in build
    assert all(any((description_folder() / one).iterdir()) for one in ("urdf", "config", "rviz"))


# Kinematics


def test_the_dh_table_and_the_urdf_put_the_tool_in_the_same_place() -> None:
    of = model()
    for q in random_poses(200, seed=1):
        np.testing.assert_allclose(frame_pose(of, "tool_link", q), dh_pose(q), atol=1e-12)


@pytest.mark.parametrize("wrist", [(0.0, 0.0, 0.0), (1.0, -2.0, 2.5)])
def test_the_wrist_centre_is_where_the_book_computes_it(wrist: tuple[float, ...]) -> None:
    q = np.array([*np.deg2rad([90, 30, 60]), *wrist])
    centre = frame_pose(model(), "wrist_2_link", q)[:3, 3]
    np.testing.assert_allclose(centre, [0, 0.433, 1.050], atol=5e-4)


def test_the_arm_at_zero_is_stretched_along_x() -> None:
    tool = frame_pose(model(), "tool_link", np.zeros(6))
    np.testing.assert_allclose(tool[:3, 3], [1.1, 0, 0.4], atol=1e-12)
    np.testing.assert_allclose(tool[:3, 2], [1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("joint", [1, 2, 4])
def test_joints_2_3_and_5_raise_the_tool(joint: int) -> None:
    q = np.zeros(6)
    q[joint] = 0.1
    assert frame_pose(model(), "tool_link", q)[2, 3] > 0.4


def test_the_fingers_open_along_y_of_the_tool_by_twice_the_position() -> None:
    of, data = model(), model().createData()
    pin.framesForwardKinematics(of, data, arm_configuration(of, np.zeros(6), 0.04))
    tool, left, right = (
        data.oMf[of.getFrameId(name)]
        for name in ("tool_link", "finger_left_link", "finger_right_link")
    )
    gap = tool.rotation.T @ (right.translation - left.translation)
    np.testing.assert_allclose(gap, [0, 0.08, 0], atol=1e-12)


def test_the_right_finger_mirrors_the_left() -> None:
    mimic = ElementTree.fromstring(ARM).find("joint[@name='finger_right_joint']/mimic")
    assert mimic.attrib == {"joint": "finger_left_joint", "multiplier": "1", "offset": "0"}


def test_the_camera_sees_the_point_between_the_fingertips() -> None:
    of = model()
    camera = frame_pose(of, "camera_optical_frame", np.zeros(6))
    point = np.linalg.inv(camera) @ frame_pose(of, "tool_link", np.zeros(6))[:, 3]
    assert point[2] > 0.05
    assert np.abs(point[:2] / point[2]).max() < np.tan(0.6) * 480 / 640


# Limits


def test_every_moving_joint_has_the_limits_of_the_table() -> None:
    root = ElementTree.fromstring(unfold_arm(prefix="p_"))
    table = joint_limits()
    table["finger_right_joint"] = table["finger_left_joint"]
    moving = [one for one in root.findall("joint") if one.attrib["type"] != "fixed"]
    assert [one.attrib["name"][2:] for one in moving] == list(table)
    for one in moving:
        row = table[one.attrib["name"][2:]]
        written = {key: float(value) for key, value in one.find("limit").attrib.items()}
        assert written == {
            "lower": row.lower,
            "upper": row.upper,
            "velocity": row.velocity,
            "effort": row.effort,
        }


def test_every_motor_holds_twice_the_worst_load() -> None:
    of = with_payload(model())
    data, worst = of.createData(), np.zeros(6)
    for q in [np.zeros(6), *random_poses(5000, seed=2)]:
        held = pin.computeGeneralizedGravity(of, data, arm_configuration(of, q, 0.0))
        worst = np.maximum(worst, np.abs(held[:6]))
    assert worst[1] > 50
    assert (2 * worst <= [joint_limits()[name].effort for name in JOINTS]).all(), worst


def test_any_allowed_acceleration_from_rest_stays_within_the_effort() -> None:
    of = with_payload(model())
    data, worst = of.createData(), np.zeros(6)
    most = np.array([joint_limits()[name].acceleration for name in JOINTS])
    signs = np.random.default_rng(3).choice([-1.0, 1.0], (5000, 6))
    for q, sign in zip(random_poses(5000, seed=4), signs, strict=True):
        acceleration = np.array([*(sign * most), *[0.0] * (of.nv - 6)])
        at = arm_configuration(of, q, 0.0)
        needed = pin.rnea(of, data, at, np.zeros(of.nv), acceleration)
        worst = np.maximum(worst, np.abs(needed[:6]))
    assert (worst <= [joint_limits()[name].effort for name in JOINTS]).all(), worst


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_the_elbow_clears_the_bench_at_the_ends_of_joint_2(end: str) -> None:
    q = np.zeros(6)
    q[1] = getattr(joint_limits()["joint_2"], end)
    elbow_radius_m = 0.06
    assert frame_pose(model(), "forearm_link", q)[2, 3] > elbow_radius_m + 0.02


# Collision shapes


def surface_points(shape: coal.CollisionGeometry, rng: np.random.Generator) -> Array:
    """Points on a box, cylinder or sphere, in its own frame, corners and rims among them."""
    sides = rng.uniform(-1, 1, (60, 3))
    sides[np.arange(60), rng.integers(0, 3, 60)] = rng.choice([-1.0, 1.0], 60)
    if isinstance(shape, coal.Box):
        return np.asarray(sides * shape.halfSide)
    turn = rng.uniform(-np.pi, np.pi, 60)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1) * shape.radius
    if isinstance(shape, coal.Cylinder):
        return np.column_stack([circle, rng.choice([-1.0, 1.0], 60) * shape.halfLength])
    directions = rng.normal(size=(60, 3))
    return np.asarray(shape.radius * directions / np.linalg.norm(directions, axis=1)[:, None])


def farthest_outside(urdf: str, kind: pin.GeometryType, cover: pin.GeometryType) -> float:
    """How far a surface of one kind sticks out of the other kind's shapes of its link, in m."""
    of, rng, farthest = model(urdf), np.random.default_rng(6), 0.0
    covers = pin.buildGeomFromUrdfString(of, urdf, cover).geometryObjects
    for one in pin.buildGeomFromUrdfString(of, urdf, kind).geometryObjects:
        link = [other for other in covers if other.parentFrame == one.parentFrame]
        for point in surface_points(one.geometry, rng) if link else []:
            at = one.placement.act(point)
            farthest = max(farthest, min(distance_to(other, at) for other in link))
    return farthest


def distance_to(shape: pin.GeometryObject, point: Array) -> float:
    place = coal.Transform3s(shape.placement.rotation, shape.placement.translation)
    there, result = coal.Transform3s(np.eye(3), point), coal.DistanceResult()
    dot = coal.Sphere(1e-6)
    return coal.distance(shape.geometry, place, dot, there, coal.DistanceRequest(), result)


@pytest.mark.parametrize("robot", UNFOLD)
def test_collision_shapes_cover_what_is_seen_and_little_more(robot: str) -> None:
    urdf, seen, checked = UNFOLD[robot](), pin.GeometryType.VISUAL, pin.GeometryType.COLLISION
    assert farthest_outside(urdf, seen, checked) < 0.006
    assert farthest_outside(urdf, checked, seen) < 0.015


# Poses and self-collision


class Shapes:
    """Collision shapes of the arm, placed for one pose."""

    def __init__(self, arm_rad: Array | tuple[float, ...], finger_m: float = 0.03) -> None:
        self.model = model()
        self.shapes = pin.buildGeomFromUrdfString(self.model, ARM, pin.GeometryType.COLLISION)
        self.shapes.addAllCollisionPairs()
        self.placed = self.shapes.createData()
        at = arm_configuration(self.model, arm_rad, finger_m)
        pin.updateGeometryPlacements(
            self.model, self.model.createData(), self.shapes, self.placed, at
        )
        pin.computeCollisions(self.shapes, self.placed, False)

    def link(self, index: int) -> str:
        return str(self.model.frames[self.shapes.geometryObjects[index].parentFrame].name)

    def touching(self) -> set[tuple[str, str]]:
        hits = zip(self.shapes.collisionPairs, self.placed.collisionResults, strict=True)
        pairs = ((self.link(p.first), self.link(p.second)) for p, hit in hits if hit.isCollision())
        return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}

    def below_the_bench(self) -> set[str]:
        bench, at = coal.Box(4, 4, 1), coal.Transform3s(np.eye(3), np.array([0, 0, -0.5]))
        under = set()
        for index, shape in enumerate(self.shapes.geometryObjects):
            place = self.placed.oMg[index]
            result = coal.CollisionResult()
            there = coal.Transform3s(place.rotation, place.translation)
            coal.collide(shape.geometry, there, bench, at, coal.CollisionRequest(), result)
            under |= {self.link(index)} if result.isCollision() else set()
        return under - {"base_link"}


MAY_TOUCH = {pair.links for pair in allowed_collisions()}


@pytest.mark.parametrize("finger_m", [0.0, 0.04])
@pytest.mark.parametrize("name", ["home", "ready", "up", "stretched"])
def test_a_named_pose_is_free_and_within_limits(name: str, finger_m: float) -> None:
    pose = named_poses()[name]
    for joint, q in zip(JOINTS, pose, strict=True):
        assert joint_limits()[joint].lower <= q <= joint_limits()[joint].upper
    shapes = Shapes(pose, finger_m)
    assert shapes.touching() <= MAY_TOUCH
    assert shapes.below_the_bench() == set()


def test_ready_points_the_tool_straight_down() -> None:
    tool = frame_pose(model(), "tool_link", named_poses()["ready"])
    np.testing.assert_allclose(tool[:3, 3], [0.45, 0, 0.40], atol=1e-4)
    np.testing.assert_allclose(tool[:3, 2], [0, 0, -1], atol=1e-4)


def test_home_keeps_the_arm_over_its_base() -> None:
    tool = frame_pose(model(), "tool_link", named_poses()["home"])
    assert np.hypot(*tool[:2, 3]) < 0.4
    assert tool[2, 3] > 0.5


def test_a_folded_arm_that_hits_itself_is_seen() -> None:
    folded = (0.0, 2.2, -2.65, 0.0, -1.6, 0.0)
    assert Shapes(folded).touching() - MAY_TOUCH


def self_collision_tool() -> ModuleType:
    path = description_folder() / "tools" / "self_collision.py"
    spec = importlib.util.spec_from_file_location("self_collision", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_pairs_that_may_touch_are_the_ones_that_sampling_finds() -> None:
    tool = self_collision_tool()
    found = tool.allowed_pairs(ARM, tool.SAMPLES, tool.SEED)
    assert {pair.links: pair.reason for pair in allowed_collisions()} == found


def test_no_pair_that_never_touches_touches_in_fresh_samples() -> None:
    never = {pair.links for pair in allowed_collisions() if pair.reason == "never"}
    assert len(never) > 20
    touching = [Shapes(q).touching() for q in random_poses(400, seed=11)]
    assert any(touching)
    assert not never & set().union(*touching)


def test_links_held_or_moved_by_one_joint_are_allowed_to_touch() -> None:
    adjacent = {pair.links for pair in allowed_collisions() if pair.reason == "adjacent"}
    assert ("forearm_link", "upper_arm_link") in adjacent
    assert ("camera_link", "gripper_base_link") in adjacent
    assert ("finger_left_link", "finger_right_link") in adjacent
    assert len(adjacent) == 11


# The base


def test_the_base_stands_on_wheels_and_caster() -> None:
    of = pin.buildModelFromXML(unfold_base(), pin.JointModelFreeFlyer())
    data = of.createData()
    pin.framesForwardKinematics(of, data, pin.neutral(of))
    wheel, caster = (data.oMf[of.getFrameId(f"{n}_link")] for n in ("wheel_left", "caster"))
    assert wheel.translation[2] == pytest.approx(base_numbers().wheel_radius_m)
    assert wheel.translation[1] == pytest.approx(base_numbers().wheel_separation_m / 2)
    assert caster.translation[2] == pytest.approx(0.02)
    middle = pin.centerOfMass(of, data, pin.neutral(of))
    assert caster.translation[0] / 2 < middle[0] < -0.01


# Bad files


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(description_folder(), tmp_path / "description"))


def test_a_variant_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="mujoco"):
        unfold_arm(sim="mujoco")  # type: ignore[arg-type]


def test_a_missing_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(DescriptionInvalid, match=r"arm\.urdf\.xacro"):
        unfold_arm(folder=tmp_path)
    with pytest.raises(DescriptionInvalid, match=r"joint_limits\.yaml"):
        joint_limits(tmp_path)


@pytest.mark.parametrize("damage", ["<robot", "<robot><link></robot>", "${1 +}", ""])
@pytest.mark.parametrize("file", ["arm.urdf.xacro", "shapes.xacro"])
def test_a_malformed_xacro_is_named(copy: Path, file: str, damage: str) -> None:
    (copy / "urdf" / file).write_text(damage, encoding="utf-8")
    with pytest.raises(DescriptionInvalid, match=r"arm\.urdf\.xacro"):
        unfold_arm(folder=copy)


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("joint_limits", joint_limits),
        ("named_poses", named_poses),
        ("dh", dh_table),
        ("self_collision", allowed_collisions),
        ("base", base_numbers),
    ],
)
@pytest.mark.parametrize("damage", ["", "[1, 2", "other: {}", "{top}: 3", "{top}: [[1]]", "\x00"])
def test_a_malformed_table_is_named(copy: Path, file: str, read: object, damage: str) -> None:
    assert callable(read)
    top = {"self_collision": "may_touch"}.get(file, file)
    text = damage.replace("{top}", top)
    (copy / "config" / f"{file}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DescriptionInvalid, match=file):
        read(copy)


@pytest.mark.parametrize(
    ("file", "before", "after", "read"),
    [
        ("joint_limits", "max_position: 3.771", "max_position: -3.0", joint_limits),
        ("joint_limits", "max_effort: 28.0", "max_effort: .nan", joint_limits),
        ("joint_limits", "max_velocity: 3.5", "max_velocity: 0", joint_limits),
        ("joint_limits", "max_position: 2.7", "max_position: .inf", joint_limits),
        ("named_poses", "[0.0, 2.2, ", "[0.0, ", named_poses),
        ("named_poses", "[0.0, 2.2, ", "[0.0, .nan, ", named_poses),
        ("self_collision", "reason: never", "reason: maybe", allowed_collisions),
        ("dh", "d_m: 0.4", "d_m: far", dh_table),
        ("base", "wheel_radius_m: 0.06", "wheel_radius_m: -1", base_numbers),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(
    copy: Path, file: str, before: str, after: str, read: object
) -> None:
    assert callable(read)
    path = copy / "config" / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(DescriptionInvalid, match=file):
        read(copy)


def test_an_unfolded_description_names_no_folder_of_this_machine():
    assert "<!--" not in unfold_arm()
