"""The MuJoCo world that is made of the robot and a scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from lectern.errors import DescriptionInvalid, SceneObjectInvalid
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.physics import Physics
from lectern.robot.embedded.world import FLOOR_Z_M, World, build_drawing, build_world
from lectern.robot.geometry import Pose
from lectern.robot.scene import Box, Cylinder, Mesh, Scene, SceneObject, Sphere
from lectern.robot.scenes import bench

ARM = textbook_arm()
TETRAHEDRON = """v 0 0 0
v 0.1 0 0
v 0 0.1 0
v 0 0 0.1
f 1 3 2
f 1 2 4
f 1 4 3
f 2 3 4
"""


def run(world: World, seconds: float) -> Physics:
    """Let the arm hold its home pose for some simulated time."""
    physics = Physics(world, np.array(ARM.named["home"]))
    hold = world.gains.stiffness * physics.positions
    for _ in range(round(seconds * 100)):
        physics.advance(np.array([hold, hold]), 10)
    return physics


def test_the_robots_joints_come_first_and_in_order() -> None:
    world = build_world(ARM, bench())
    assert world.joints == (*ARM.names, *ARM.gripper.joints)
    names = [world.model.joint(i).name for i in range(len(world.joints))]
    assert tuple(names) == world.joints


def test_fixed_objects_have_no_joint_and_movable_ones_a_free_one() -> None:
    world = build_world(ARM, bench())
    assert set(world.movable) == {"red_cube", "green_cube", "blue_cube"}
    assert {"bench", "tray"} <= set(world.objects)


def test_the_effort_limits_of_the_description_bind_every_joint() -> None:
    model = build_world(ARM, bench()).model
    limits = [*ARM.max_effort, ARM.gripper.max_force_n, ARM.gripper.max_force_n]
    assert model.jnt_actfrcrange[:8, 1].tolist() == limits
    assert model.jnt_actfrclimited[:8].all()


def test_links_that_may_touch_are_not_checked_and_others_are() -> None:
    world = build_world(ARM, Scene())
    assert world.model.nexclude == len(ARM.may_touch)
    data = mujoco.MjData(world.model)
    data.qpos[:6] = (0.0, 2.4, -2.7, 0.0, -2.09, 0.0)
    data.qpos[1] = -0.629
    data.qpos[2] = 2.7
    mujoco.mj_forward(world.model, data)
    pairs = {
        frozenset(world.model.body(world.model.geom_bodyid[g]).name for g in contact.geom)
        for contact in data.contact
    }
    assert pairs
    assert not pairs & ARM.may_touch


def test_the_arm_at_home_touches_nothing_on_the_bench() -> None:
    world = build_world(ARM, bench())
    physics = Physics(world, np.array(ARM.named["home"]))
    links = frozenset(world.links.values())
    touched = {body for link in links for body in physics.touching(link)}
    assert not touched


@pytest.mark.parametrize("shape", [Box((0.05, 0.04, 0.03)), Sphere(0.03), Cylinder(0.02, 0.06)])
def test_a_dropped_shape_comes_to_rest_on_the_bench_and_does_not_drift(shape: object) -> None:
    item = SceneObject("thing", shape, Pose((0.6, -0.2, 0.08)), mass_kg=0.1)
    physics = run(build_world(ARM, bench().add(item)), 8.0)
    resting = physics.poses()["thing"]
    assert -0.001 < resting.position_m[2] < 0.05
    hold = physics.world.gains.stiffness * physics.positions
    for _ in range(6000):
        physics.advance(np.array([hold, hold]), 10)
    assert physics.poses()["thing"] == resting


def test_what_falls_off_the_bench_lies_on_the_floor() -> None:
    item = SceneObject("ball", Sphere(0.03), Pose((2.0, 0.0, 0.1)), mass_kg=0.1)
    z_m = run(build_world(ARM, bench().add(item)), 3.0).poses()["ball"].position_m[2]
    assert z_m == pytest.approx(FLOOR_Z_M + 0.03, abs=0.002)


def test_a_mesh_rests_where_its_hull_touches(tmp_path: Path) -> None:
    path = tmp_path / "tetrahedron.obj"
    path.write_text(TETRAHEDRON)
    item = SceneObject("rock", Mesh(path, scale=0.5), Pose((0.6, -0.2, 0.01)), mass_kg=0.2)
    physics = run(build_world(ARM, bench().add(item)), 2.0)
    assert physics.poses()["rock"].position_m == pytest.approx((0.6, -0.2, 0.0), abs=0.002)


@pytest.mark.parametrize(
    ("name", "content"),
    [("rock.stl", b"solid nonsense"), ("rock.obj", b"v 0 0 0\n"), ("rock.xyz", b""), ("", None)],
)
def test_an_unusable_mesh_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / (name or "missing.stl")
    if content is not None:
        path.write_bytes(content)
    item = SceneObject("rock", Mesh(path), Pose((0.6, -0.2, 0.1)), mass_kg=0.2)
    with pytest.raises(SceneObjectInvalid, match="'rock'"):
        build_world(ARM, Scene.of(item))


@pytest.mark.parametrize("name", ["floor", "world", "tiles", "overview", "joint_1", "bench"])
def test_an_object_may_be_named_like_anything_but_a_link(name: str) -> None:
    item = SceneObject(name, Box((0.05, 0.05, 0.05)), Pose((0.5, -0.1, 0.3)), mass_kg=0.1)
    world = build_world(ARM, Scene.of(item))
    assert Physics(world, np.array(ARM.named["home"])).poses()[name] == item.pose


def test_an_object_that_cannot_be_simulated_is_named_among_others() -> None:
    speck = SceneObject("speck", Sphere(1e-9), Pose((0.5, -0.1, 0.3)), mass_kg=0.1)
    with pytest.raises(SceneObjectInvalid, match=r"'speck'.*mass and inertia"):
        build_world(ARM, bench().add(speck))


def test_an_object_may_not_be_named_like_a_link() -> None:
    item = SceneObject("forearm_link", Sphere(0.1), Pose((0.6, -0.2, 0.1)))
    with pytest.raises(SceneObjectInvalid, match="forearm_link"):
        build_world(ARM, Scene.of(item))


@pytest.mark.parametrize(
    "urdf",
    [
        "",
        "<robot",
        "<robot name='arm'></robot>",
        ARM.urdf.replace('mass value="3.2"', 'mass value="-3.2"'),
        ARM.urdf.replace('name="joint_3"', 'name="joint_three"'),
        ARM.urdf.replace('child link="forearm_link"', 'child link="nowhere"'),
    ],
)
def test_a_malformed_description_is_named(urdf: str) -> None:
    with pytest.raises(DescriptionInvalid, match="arm"):
        build_world(replace(ARM, urdf=urdf), Scene())


def test_what_is_drawn_stands_in_the_same_states_and_weighs_the_same() -> None:
    simulated, drawn = build_world(ARM, bench()).model, build_drawing(ARM, bench())
    assert simulated.ngeom < drawn.ngeom
    assert drawn.qpos0.tolist() == simulated.qpos0.tolist()
    assert drawn.nv == simulated.nv
    assert drawn.body_mass.tolist() == simulated.body_mass.tolist()
    assert drawn.body_inertia.tolist() == simulated.body_inertia.tolist()
