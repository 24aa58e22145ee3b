import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.errors import SceneObjectInvalid
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.planning.collision import CollisionWorld
from lectern.robot.planning.cover import cover_of
from lectern.robot.planning.shapes import distance_of, geometry_of
from lectern.robot.scene import Attachment, Box, Cylinder, Mesh, Scene, SceneObject, Sphere
from lectern.robot.scenes import SCENES, bench

MODEL = textbook_arm()
READY = np.array(MODEL.named["ready"])
SHAPES = [
    pytest.param(Box((0.3, 0.02, 0.1)), id="box"),
    pytest.param(Sphere(0.07), id="sphere"),
    pytest.param(Cylinder(0.03, 0.4), id="rod"),
    pytest.param(Cylinder(0.2, 0.01), id="disc"),
]


def thing(shape, position=(0.0, 0.0, 0.0), name="thing"):
    return SceneObject(name, shape, Pose(position))


def tetrahedron(path):
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    return path


def inside(shape, count=4000):
    """Random points in a shape's bounding box that lie in the shape."""
    random = np.random.default_rng(1)
    if isinstance(shape, Box):
        return random.uniform(-0.5, 0.5, (count, 3)) * shape.size_m
    if isinstance(shape, Sphere):
        points = random.uniform(-1, 1, (count, 3)) * shape.radius_m
        return points[np.linalg.norm(points, axis=1) <= shape.radius_m]
    points = random.uniform(-1, 1, (count, 3)) * [shape.radius_m] * 3
    points[:, 2] = random.uniform(-0.5, 0.5, count) * shape.length_m
    return points[np.hypot(points[:, 0], points[:, 1]) <= shape.radius_m]


@pytest.mark.parametrize("shape", SHAPES)
def test_balls_cover_a_shape_and_their_cores_lie_in_it(shape):
    geometry = geometry_of(thing(shape))
    cover = cover_of(geometry)
    away = np.linalg.norm(inside(shape)[:, None] - cover.centres_m, axis=2) - cover.outer_m
    assert away.min(axis=1).max() <= 1e-12
    measure, exact = distance_of(geometry)
    assert exact
    assert (measure(cover.centres_m.T) <= -cover.inner_m + 1e-12).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_distances_of_points_equal_those_of_coal(shape):
    import coal

    geometry, point = geometry_of(thing(shape)), coal.Sphere(1e-6)
    measure, _ = distance_of(geometry)
    places = np.random.default_rng(2).uniform(-0.5, 0.5, (200, 3))
    for place, own in zip(places, measure(places.T), strict=True):
        request, result = coal.DistanceRequest(), coal.DistanceResult()
        there = coal.Transform3s(np.eye(3), place)
        coal.distance(geometry, coal.Transform3s(), point, there, request, result)
        if own > 1e-3:
            assert own - 1e-6 == pytest.approx(result.min_distance, abs=2e-6)


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_bounds_hold_the_distances_that_coal_finds(scene):
    world = CollisionWorld(MODEL, SCENES[scene](), 0.04)
    random = np.random.default_rng(3)
    q = random.uniform(MODEL.lower, MODEL.upper, (60, 6))
    widths = random.uniform(0.0, 0.05, (60, 6))
    low, high, change = world.bounds(q, widths)
    for k in range(60):
        true = world.distances(q[k])
        apart = true > 0
        assert (low[k] <= true + 1e-6)[apart].all()
        assert (high[k] >= true - 1e-6)[apart].all()
        moved = world.distances(q[k] + random.choice([-1, 1], 6) * widths[k])
        assert (moved >= true - change[k] - 2e-6)[apart].all()


@settings(deadline=None)
@given(st.lists(st.floats(-2.5, 2.5), min_size=6, max_size=6))
def test_the_chain_of_many_configurations_equals_pinocchio(q):
    world = CollisionWorld(MODEL, Scene(), 0.04)
    frames = world.body.chain.frames(np.array([q, q]))
    data = world.body.arm.createData()
    pin.forwardKinematics(world.body.arm, data, np.array(q))
    for joint in range(7):
        np.testing.assert_allclose(
            frames.origins_m[joint, 1], data.oMi[joint].translation, atol=1e-12
        )
        np.testing.assert_allclose(frames.rotations[joint, 1], data.oMi[joint].rotation, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
def test_the_quick_check_agrees_with_the_named_contacts(shares):
    q = MODEL.lower + np.array(shares) * (MODEL.upper - MODEL.lower)
    world = CollisionWorld(MODEL, bench(), 0.04)
    world.demand(world.floor_m)
    assert world.crowded(q) == bool(world.contacts(q))


@pytest.mark.parametrize("name", sorted(MODEL.named))
def test_named_poses_touch_nothing_on_the_bench(name):
    assert CollisionWorld(MODEL, bench(), 0.04).contacts(np.array(MODEL.named[name])) == []


def test_a_folded_arm_touches_itself_and_the_links_are_named():
    q = np.array([0.0, 1.2, 2.6, 0.0, 2.0, 0.0])
    names = {
        frozenset((c.first, c.second)) for c in CollisionWorld(MODEL, Scene(), 0.04).contacts(q)
    }
    assert names
    assert not names & MODEL.may_touch


def test_an_object_inside_the_robot_is_named_with_the_link():
    scene = bench().add(thing(Sphere(0.03), (0.0, 0.0, 0.1), "ball"))
    contacts = CollisionWorld(MODEL, scene, 0.04).contacts(READY)
    assert [(c.first, c.second) for c in contacts] == [("base_link", "ball")]


def tool_at(height_m):
    """Joint positions with the tool pointing down at a height over the red cube's place."""
    from lectern.robot.planning.kinematics import Kinematics

    down = Kinematics(MODEL).forward(READY).quaternion_xyzw
    return Kinematics(MODEL).reach(Pose((0.5, 0.1, height_m), down), READY)[0]


def holding(height_m):
    pose = Pose((0.0, 0.0, 0.0))
    return bench().attach("red_cube", Attachment("tool_link", pose)), tool_at(height_m)


def test_a_held_cube_may_touch_the_fingers():
    scene, q = holding(0.2)
    assert CollisionWorld(MODEL, scene, 0.02).contacts(q) == []


def test_a_held_cube_may_stand_on_the_bench():
    scene, q = holding(0.02)
    assert CollisionWorld(MODEL, scene, 0.02).contacts(q) == []


def test_a_held_cube_may_not_be_pushed_into_the_bench():
    scene, q = holding(0.015)
    contacts = CollisionWorld(MODEL, scene, 0.02).contacts(q)
    assert [(c.first, c.second) for c in contacts] == [("red_cube", "bench")]
    assert contacts[0].distance_m == pytest.approx(-0.005, abs=1e-3)


def test_a_held_rod_touches_links_that_do_not_move_with_the_hand():
    rod = SceneObject("rod", Cylinder(0.01, 1.2), Pose((0.0, 0.0, 3.0)))
    scene = Scene.of(rod).attach("rod", Attachment("tool_link", Pose((0.0, 0.0, 0.0))))
    touched = {c.first for c in CollisionWorld(MODEL, scene, 0.02).contacts(READY)}
    touched |= {c.second for c in CollisionWorld(MODEL, scene, 0.02).contacts(READY)}
    assert touched & {"wrist_2_link", "wrist_1_link", "forearm_link"}
    assert not touched & {"gripper_base_link", "finger_left_link", "wrist_3_link"}


def test_wider_fingers_reach_farther():
    q = tool_at(0.2)
    pose = Pose((0.5, 0.1 + 0.052, 0.2))
    scene = Scene.of(SceneObject("post", Box((0.3, 0.012, 0.02)), pose))
    assert CollisionWorld(MODEL, scene, 0.0).contacts(q) == []
    touched = CollisionWorld(MODEL, scene, 0.04).contacts(q)
    assert touched[0].second == "post"
    assert touched[0].first.startswith("finger_")


def test_a_mesh_counts_as_its_convex_hull(tmp_path):
    mesh = Mesh(tetrahedron(tmp_path / "wedge.obj"), 0.2)
    scene = Scene.of(SceneObject("wedge", mesh, Pose((0.0, 0.0, 1.6))))
    world = CollisionWorld(MODEL, scene, 0.04)
    assert world.contacts(np.array(MODEL.named["up"])) == []
    lowered = scene.move("wedge", Pose((-0.03, -0.03, 1.45)))
    touched = CollisionWorld(MODEL, lowered, 0.04).contacts(np.array(MODEL.named["up"]))
    assert "wedge" in {c.second for c in touched}


@pytest.mark.parametrize(
    "content",
    [pytest.param("", id="empty"), pytest.param("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", id="flat")],
)
def test_a_mesh_without_a_volume_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "bad.obj"
    path.write_text(content)
    with pytest.raises(SceneObjectInvalid, match=r"bad\.obj.*wedge"):
        CollisionWorld(MODEL, Scene.of(thing(Mesh(path), name="wedge")), 0.04)


def test_a_missing_mesh_is_refused(tmp_path):
    with pytest.raises(SceneObjectInvalid, match=r"none\.stl"):
        CollisionWorld(MODEL, Scene.of(thing(Mesh(tmp_path / "none.stl"))), 0.04)


def test_an_object_attached_to_no_link_is_refused():
    scene = bench().attach("red_cube", Attachment("tail_link", Pose((0.0, 0.0, 0.0))))
    with pytest.raises(SceneObjectInvalid, match="tail_link"):
        CollisionWorld(MODEL, scene, 0.04)
