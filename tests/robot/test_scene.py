from __future__ import annotations

import math
from pathlib import Path

import pytest

from lectern.errors import SceneObjectInvalid, SceneObjectUnknown
from lectern.robot.geometry import Pose
from lectern.robot.scene import (
    MAX_OBJECTS,
    Attachment,
    Box,
    Cylinder,
    Mesh,
    Scene,
    SceneObject,
    Sphere,
)

HERE, THERE = Pose((0.5, 0.0, 0.02)), Pose((0.2, 0.3, 0.02))


def cube(name="cube", **fields) -> SceneObject:
    return SceneObject(**{"name": name, "shape": Box((0.04,) * 3), "pose": HERE, **fields})


def test_every_change_makes_a_new_scene_and_leaves_the_old():
    empty = Scene()
    one = empty.add(cube())
    moved = one.move("cube", THERE)
    assert (len(empty.objects), one.get("cube").pose, moved.get("cube").pose) == (0, HERE, THERE)
    assert moved.remove("cube") == empty
    with pytest.raises(TypeError):
        one.objects["cube"] = cube("other")


def test_what_is_held_is_let_go_where_it_is_put_or_taken_away():
    held = Scene.of(cube()).attach("cube", Attachment("tool_link", HERE))
    assert set(held.attached) == {"cube"}
    assert held.detach("cube", THERE) == Scene.of(cube(pose=THERE))
    assert held.remove("cube").attached == {}


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.get("x"),
        lambda s: s.move("x", HERE),
        lambda s: s.remove("x"),
        lambda s: s.attach("x", Attachment("tool_link", HERE)),
        lambda s: s.detach("x", HERE),
    ],
    ids=["get", "move", "remove", "attach", "detach"],
)
def test_an_unknown_object_is_named_with_those_that_are_there(act):
    with pytest.raises(SceneObjectUnknown, match="The objects are: cube"):
        act(Scene.of(cube()))


def test_two_objects_do_not_share_a_name():
    with pytest.raises(SceneObjectInvalid, match="exists already"):
        Scene.of(cube(), cube())


def test_a_scene_is_bounded():
    full = Scene({f"cube_{n}": cube(f"cube_{n}") for n in range(MAX_OBJECTS)})
    with pytest.raises(SceneObjectInvalid, match="limit"):
        full.add(cube())


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "ä", "a/b", "a" * 65, "x\n", "../x", "<mujoco>", '"'], ids=repr
)
def test_a_name_that_could_mean_something_elsewhere_is_refused(name):
    with pytest.raises(SceneObjectInvalid, match="cannot name"):
        cube(name)


@pytest.mark.parametrize(
    "shape",
    [
        Box((0.1, 0.0, 0.1)),
        Box((0.1, -0.1, 0.1)),
        Box((0.1, math.nan, 0.1)),
        Sphere(math.inf),
        Sphere(0.0),
        Cylinder(0.1, 21.0),
        Mesh(Path("x.stl"), -1.0),
    ],
    ids=repr,
)
def test_a_size_that_no_thing_has_is_refused(shape):
    with pytest.raises(SceneObjectInvalid, match="size"):
        cube(shape=shape)


@pytest.mark.parametrize(
    "fields",
    [
        {"mass_kg": 0.0},
        {"mass_kg": -1.0},
        {"mass_kg": math.nan},
        {"mass_kg": math.inf},
        {"mass_kg": 1e-6},
        {"mass_kg": 1e6},
        {"friction": 1e308},
        {"pose": Pose((1e300, 0.0, 0.0))},
        {"friction": -0.1},
        {"friction": math.nan},
        {"friction": math.inf},
        {"colour": (0.0, 0.0, 1.1)},
        {"colour": (0.0, 0.0, math.nan)},
    ],
    ids=repr,
)
def test_a_mass_friction_or_colour_that_no_thing_has_is_refused(fields):
    with pytest.raises(SceneObjectInvalid):
        cube(**fields)


HELD = Attachment("tool_link", Pose((0.0, 0.0, 0.0)))
SEEN = Scene.of(cube("moved"), cube("gone"), cube("other"))


def test_only_the_difference_between_two_scenes_is_made():
    now = SEEN.move("other", Pose((0.0, 0.0, 9.0))).add(cube("newer")).attach("other", HELD)
    there = Pose((1.0, 0.0, 0.0))
    after = now.changed(SEEN, SEEN.move("moved", there).remove("gone").add(cube("added")))
    assert set(after.objects) == {"moved", "other", "newer", "added"}
    assert after.get("moved").pose == there
    assert after.get("other") == now.get("other")
    assert after.attached == {"other": HELD}


def test_what_is_put_elsewhere_or_taken_away_is_let_go():
    now = SEEN.attach("moved", HELD).attach("gone", HELD)
    after = now.changed(SEEN, SEEN.move("moved", Pose((1.0, 0.0, 0.0))).remove("gone"))
    assert after.attached == {}


def test_what_is_gone_already_is_not_missed_unless_it_should_change():
    now = SEEN.remove("gone")
    assert now.changed(SEEN, SEEN.remove("gone")).objects == now.objects
    with pytest.raises(SceneObjectUnknown):
        now.changed(SEEN, SEEN.move("gone", Pose((1.0, 0.0, 0.0))))


def test_a_new_object_takes_no_name_that_is_taken_by_now():
    with pytest.raises(SceneObjectInvalid, match="exists"):
        SEEN.add(cube("late")).changed(SEEN, SEEN.add(cube("late")))


def test_a_hold_that_differs_between_two_scenes_is_made_or_ended():
    taken = SEEN.changed(SEEN, SEEN.attach("moved", HELD))
    assert taken.attached == {"moved": HELD}
    assert taken.changed(taken, SEEN).attached == {}
