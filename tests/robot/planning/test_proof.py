import numpy as np
import pytest

from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.planning.collision import CollisionWorld
from lectern.robot.planning.proof import MotionChecker, line, polyline
from lectern.robot.scene import Box, Scene, SceneObject
from lectern.robot.scenes import SCENES

MODEL = textbook_arm()


def curve(piece, times):
    a, b, c, d = piece
    t = times[:, None]
    return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d


def random_piece(random):
    start = random.uniform(MODEL.lower, MODEL.upper)
    steps = np.cumsum(random.uniform(-0.25, 0.25, (3, 6)), axis=0)
    return np.array([start, *(start + steps)])


@pytest.mark.parametrize("name", ["box", "shelf", "narrow_gap"])
def test_a_proven_motion_touches_nothing_however_finely_it_is_sampled(name):
    world = CollisionWorld(MODEL, SCENES[name](), 0.04)
    checker, random, proven = MotionChecker(world), np.random.default_rng(11), 0
    for _ in range(60):
        piece = random_piece(random)
        if checker.obstruction(piece[None], world.floor_m) is None:
            proven += 1
            for q in curve(piece, np.linspace(0, 1, 60)):
                assert world.contacts(q) == []
    assert proven > 10


@pytest.mark.parametrize("name", ["box", "shelf", "narrow_gap"])
def test_an_obstruction_is_a_place_on_the_motion_that_really_is_too_near(name):
    world = CollisionWorld(MODEL, SCENES[name](), 0.04)
    checker, random, found = MotionChecker(world), np.random.default_rng(12), 0
    required = world.floor_m + 0.004
    for _ in range(60):
        piece = random_piece(random)
        obstruction = checker.obstruction(piece[None], required)
        if obstruction is not None:
            found += 1
            (there,) = curve(piece, np.array([obstruction.fraction]))
            np.testing.assert_allclose(there, obstruction.q_rad, atol=1e-9)
            distance = world.distances(obstruction.q_rad)[obstruction.pair]
            assert distance <= required[obstruction.pair] + 5e-5
    assert found > 10


def test_a_sheet_too_thin_for_samples_is_found():
    sheet = SceneObject("sheet", Box((1.0, 0.0005, 1.0)), Pose((0.7, 0.0123, 0.5)))
    world = CollisionWorld(MODEL, Scene.of(sheet), 0.0)
    before, after = (np.array([turn, 0.3, -0.3, 0.0, 0.2, 0.0]) for turn in (-0.6, 0.6))
    found = MotionChecker(world).obstruction(line(before, after), world.floor_m)
    assert world.pairs[found.pair][1] == "sheet"


def test_the_obstructed_piece_of_a_long_motion_is_named():
    wall = SceneObject("wall", Box((0.6, 0.05, 1.0)), Pose((0.8, 0.0, 0.5)))
    world = CollisionWorld(MODEL, Scene.of(wall), 0.0)
    turns = np.linspace(-1.5, 1.5, 31)
    points = np.stack([turns, *np.tile([[0.3], [-0.3], [0.0], [0.2], [0.0]], 31)], axis=1)
    found = MotionChecker(world).obstruction(polyline(points), world.floor_m)
    assert abs(points[found.piece, 0]) < 0.6


def test_a_motion_that_goes_nowhere_is_proven():
    world = CollisionWorld(MODEL, SCENES["bench"](), 0.04)
    q = np.array(MODEL.named["ready"])
    assert MotionChecker(world).obstruction(line(q, q), world.floor_m) is None


def test_samples_and_proof_agree_on_motions_through_a_wall():
    world = CollisionWorld(MODEL, SCENES["box"](), 0.04)
    world.demand(world.floor_m)
    checker = MotionChecker(world)
    before, after = (np.array([turn, 0.5, -1.2, 0.0, -0.3, 0.0]) for turn in (-1.0, 1.0))
    assert not checker.looks_free(before, after, 0.04)
    assert checker.obstruction(line(before, after), world.floor_m) is not None
