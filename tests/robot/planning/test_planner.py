import math
import os
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest

from lectern.errors import (
    GoalInCollision,
    GoalUnreachable,
    InvalidInput,
    LimitsExceeded,
    PathBlocked,
    PlanningTimeout,
    PlanOutdated,
    StartInCollision,
)
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.planning.collision import CollisionWorld
from lectern.robot.planning.planner import Planner
from lectern.robot.planning.proof import MotionChecker, polyline
from lectern.robot.planning.retreat import drawn_back, outermost_first, until
from lectern.robot.planning.search import ALGORITHMS, luby
from lectern.robot.planning.timing import peaks
from lectern.robot.planning.worlds import Worlds
from lectern.robot.scene import Attachment, Box, Cylinder, Mesh, Scene, SceneObject, Sphere
from lectern.robot.scenes import SCENES, bench, box
from lectern.robot.trajectory import Trajectory

MODEL = textbook_arm()
PLANNER = Planner(MODEL)
READY, HOME = MODEL.named["ready"], MODEL.named["home"]
DOWN = PLANNER.kinematics.forward(READY).quaternion_xyzw
ASIDE = {"left": (0.5, 0.35, 0.15), "right": (0.5, -0.35, 0.15)}


def at(position, near=READY):
    return tuple(PLANNER.kinematics.reach(Pose(position, DOWN), near)[0])


def go(goal, start=READY, scene=None, **settings):
    return PLANNER.plan(PlanRequest(goal, **settings), start, bench() if scene is None else scene)


def positions_of(plan, step_s=0.001):
    (move,) = plan.steps
    return move.trajectory.sample(np.arange(0, plan.duration_s + step_s, step_s))[0]


def tower():
    """A box so tall that no straight joint motion passes it."""
    return Scene.of(SceneObject("tower", Box((0.08, 0.08, 1.6)), Pose((0.6, 0.0, 0.8))))


def around_the_tower(seed=0, **settings):
    goal = JointGoal(at(ASIDE["left"]))
    return go(goal, at(ASIDE["right"]), tower(), seed=seed, **settings)


@pytest.mark.parametrize("name", ["free", "box", "shelf", "narrow_gap"])
def test_plans_touch_nothing_when_checked_ten_times_finer(name):
    scene, random, planned = SCENES[name](), np.random.default_rng(21), 0
    world = CollisionWorld(MODEL, scene, 0.04)
    while planned < 5:
        start, goal = (random.uniform(MODEL.lower, MODEL.upper) * 0.8 for _ in range(2))
        if world.contacts(start) or world.contacts(goal):
            continue
        try:
            plan = go(JointGoal(tuple(goal)), tuple(start), scene, seed=planned, timeout_s=20)
        except PlanningTimeout:
            continue
        planned += 1
        for q in positions_of(plan, 0.002):
            assert world.contacts(q) == []
        np.testing.assert_allclose(plan.steps[0].trajectory.positions[0], start, atol=1e-9)
        np.testing.assert_allclose(plan.steps[0].trajectory.positions[-1], goal, atol=1e-9)
        PLANNER.check(plan, scene, tuple(start))


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_a_plan_around_an_obstacle_keeps_every_limit_and_starts_and_ends_at_rest(scale):
    trajectory = around_the_tower(speed_scale=scale).steps[0].trajectory
    fastest, strongest = peaks(trajectory)
    assert (fastest <= MODEL.max_velocity * scale * 1.01).all()
    assert (strongest <= MODEL.max_acceleration * scale * 1.01).all()
    assert np.abs(trajectory.velocities[[0, -1]]).max() == 0.0
    assert (trajectory.positions >= MODEL.lower - 1e-6).all()
    assert (trajectory.positions <= MODEL.upper + 1e-6).all()


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    blocked = SCENES["narrow_gap"]()
    request = [JointGoal(at((0.7, 0.0, 0.35))), at((0.3, 0.3, 0.4)), blocked]
    digests = [go(*request, seed=seed, timeout_s=30).digest for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]


def test_plans_made_at_once_equal_those_made_one_by_one():
    alone = [around_the_tower(seed).digest for seed in range(3)]
    together = {}
    threads = [
        threading.Thread(target=lambda s=seed: together.update({s: around_the_tower(s).digest}))
        for seed in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [together[seed] for seed in range(3)] == alone


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_planner_finds_a_way_around_the_tower(name):
    plan = around_the_tower(planner=name, timeout_s=30)
    PLANNER.check(plan, tower())


def test_figures_say_how_it_was_found():
    figures = around_the_tower().figures
    assert set(figures) >= {
        "planning_ms",
        "path_length_rad",
        "duration_s",
        "min_clearance_m",
        "states_checked",
    }
    assert all(math.isfinite(value) and value > 0 for value in figures.values())


@pytest.mark.parametrize("name", ["box", "shelf", "narrow_gap"])
def test_the_clearance_in_the_figures_is_kept_at_every_instant(name):
    scene = SCENES[name]()
    plan = go(NamedGoal("up"), at((0.4, 0.2, 0.4)), scene)
    world = CollisionWorld(MODEL, scene, 0.04)
    kept = plan.figures["min_clearance_m"]
    assert kept > 0
    assert all(world.nearest(q).distance_m >= kept - 1e-6 for q in positions_of(plan, 0.01))


def test_a_motion_a_thousand_times_slower_has_no_more_points_than_fit():
    trajectory = go(NamedGoal("up"), speed_scale=1e-3).steps[0].trajectory
    assert trajectory.duration_s > 500
    assert len(trajectory.times_s) < 20_000
    fastest, _ = peaks(trajectory)
    assert (fastest <= MODEL.max_velocity * 1e-3 * 1.01).all()


def test_plans_in_a_scene_known_already_equal_the_first_of_a_new_planner():
    scene, goal = box(), JointGoal(at(ASIDE["left"]))
    request = PlanRequest(goal, seed=5)
    digests = {PLANNER.plan(request, at(ASIDE["right"]), scene).digest for _ in range(2)}
    assert digests == {Planner(MODEL).plan(request, at(ASIDE["right"]), box()).digest}


def test_a_pose_goal_is_reached_in_the_nearest_free_way():
    plan = go(PoseGoal(Pose((0.5, -0.2, 0.3), DOWN)))
    reached = PLANNER.kinematics.forward(plan.steps[0].trajectory.positions[-1])
    np.testing.assert_allclose(reached.position_m, (0.5, -0.2, 0.3), atol=1e-8)


@pytest.mark.parametrize("apart_rad", [1e-8, 1e-6, 1e-5, 1e-4, 1e-3])
def test_a_goal_a_hair_away_is_reached(apart_rad):
    start = tuple(np.asarray(READY) + apart_rad)
    plan = go(NamedGoal("ready"), start)
    np.testing.assert_allclose(positions_of(plan)[-1], READY, atol=1e-12)


@pytest.mark.parametrize("joint", range(3))
@pytest.mark.parametrize("end", ["lower", "upper"])
def test_a_robot_resting_a_little_beyond_a_limit_gets_away_from_it(joint, end):
    start = np.array(MODEL.named["up"])
    start[joint] = getattr(MODEL, end)[joint] + (1e-3 if end == "upper" else -1e-3)
    plan = go(NamedGoal("up"), tuple(start), Scene())
    np.testing.assert_allclose(positions_of(plan)[0], np.clip(start, MODEL.lower, MODEL.upper))
    with pytest.raises(LimitsExceeded, match=f"joint_{joint + 1}"):
        go(NamedGoal("up"), tuple(start + (start - MODEL.named["up"])), Scene())


def test_a_goal_where_the_robot_is_needs_no_motion():
    trajectory = go(JointGoal(READY)).steps[0].trajectory
    np.testing.assert_allclose(trajectory.positions, [READY, READY], atol=1e-12)


def test_the_requests_own_start_and_scene_come_first():
    request = PlanRequest(NamedGoal("home"), start_rad=READY, scene=Scene())
    wall = SceneObject("wall", Box((2.0, 2.0, 2.0)), Pose((0.0, 0.0, 0.5)))
    plan = PLANNER.plan(request, HOME, Scene.of(wall))
    np.testing.assert_allclose(plan.steps[0].trajectory.positions[0], READY)


def test_a_start_in_collision_names_link_and_object():
    ball = SceneObject("ball", Sphere(0.05), Pose((0.45, 0.0, 0.45)))
    with pytest.raises(StartInCollision, match=r"_link and ball"):
        go(NamedGoal("home"), scene=Scene.of(ball))


def test_an_object_inside_the_robot_is_named():
    ball = SceneObject("ball", Sphere(0.03), Pose((0.0, 0.0, 0.1)))
    with pytest.raises(StartInCollision, match="base_link and ball"):
        go(NamedGoal("home"), scene=Scene.of(ball))
    assert ("base_link", "ball") in PLANNER.robot_contacts(READY, 0.04, Scene.of(ball))


def test_a_goal_in_collision_names_link_and_object():
    with pytest.raises(GoalInCollision, match=r"_link and bench touch"):
        go(PoseGoal(Pose((0.5, 0.0, 0.0), DOWN)))


def test_a_goal_in_self_collision_names_both_links():
    with pytest.raises(GoalInCollision, match=r"\w+_link and \w+_link touch"):
        go(JointGoal((0.0, 1.2, 2.6, 0.0, 2.0, 0.0)), scene=Scene())


def test_an_unreachable_pose_is_refused():
    with pytest.raises(GoalUnreachable, match=r"3\.000"):
        go(PoseGoal(Pose((3.0, 0.0, 0.5))))


def test_a_goal_outside_the_limits_names_the_joint():
    with pytest.raises(LimitsExceeded, match="goal has joint_5"):
        go(JointGoal((0.0, 1.0, -1.0, 0.0, 2.5, 0.0)))


def test_a_start_outside_the_limits_names_the_joint():
    with pytest.raises(LimitsExceeded, match="start has joint_1"):
        go(NamedGoal("home"), (3.5, 1.0, -1.0, 0.0, 0.5, 0.0))


def test_no_way_in_time_is_a_timeout_that_says_how_much_was_tried():
    with pytest.raises(PlanningTimeout, match=r"rrt_connect found no path .* tried \d+ motions"):
        around_the_tower(timeout_s=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"speed_scale": 0.0}, id="speed 0"),
        pytest.param({"speed_scale": 1e-4}, id="speed so low that it lasts hours"),
        pytest.param({"speed_scale": 1.5}, id="speed above 1"),
        pytest.param({"speed_scale": math.nan}, id="speed not a number"),
        pytest.param({"timeout_s": 0.0}, id="timeout 0"),
        pytest.param({"timeout_s": math.inf}, id="timeout without end"),
        pytest.param({"timeout_s": math.nan}, id="timeout not a number"),
        pytest.param({"planner": "magic"}, id="unknown planner"),
        pytest.param({"seed": -1}, id="seed below 0"),
    ],
)
def test_malformed_settings_are_refused(settings):
    with pytest.raises(InvalidInput):
        go(NamedGoal("home"), **settings)


@pytest.mark.parametrize(
    "goal",
    [
        pytest.param(JointGoal((math.nan,) * 6), id="not a number"),
        pytest.param(JointGoal((math.inf,) * 6), id="infinite"),
        pytest.param(JointGoal((0.0,) * 5), id="too few joints"),
        pytest.param(NamedGoal("nowhere"), id="unknown name"),
        pytest.param(PoseGoal(Pose((0.5, 0.0, 0.3), frame="camera")), id="unknown frame"),
        pytest.param(LineGoal(Pose((0.5, 0.0, 0.3), frame="camera")), id="line in unknown frame"),
        pytest.param("home", id="no goal at all"),
    ],
)
def test_malformed_goals_are_refused(goal):
    with pytest.raises(InvalidInput):
        go(goal)


def test_a_plan_is_blocked_by_an_object_put_in_its_way_and_the_moment_is_named():
    plan = go(PoseGoal(Pose(ASIDE["left"], DOWN)), at(ASIDE["right"]), Scene())
    PLANNER.check(plan, Scene())
    with pytest.raises(PathBlocked, match=r"_link and tower .* after \d+\.\d\d s"):
        PLANNER.check(plan, tower())


def test_a_jump_between_points_is_seen_by_the_check():
    """Both points are free; the cubic between them swings through the box."""
    points = np.array([at(ASIDE["right"]), at(ASIDE["left"])])
    swing = Trajectory(MODEL.names, np.array([0.0, 2.0]), points, np.zeros((2, 6)))
    with pytest.raises(PathBlocked, match="box"):
        PLANNER.check(Plan("arm", (Move(swing),)), box())


def test_a_cubic_that_overshoots_the_joint_limits_between_points_is_refused():
    points, speeds = np.array([READY, READY]), np.zeros((2, 6))
    speeds[:, 0] = [200.0, -200.0]
    wild = Trajectory(MODEL.names, np.array([0.0, 1.0]), points, speeds)
    with pytest.raises(LimitsExceeded, match="joint_1"):
        PLANNER.check(Plan("arm", (Move(wild),)), Scene())


def test_a_plan_from_elsewhere_is_outdated():
    with pytest.raises(PlanOutdated):
        PLANNER.check(go(NamedGoal("home")), bench(), HOME)


def test_a_plan_whose_steps_do_not_join_is_outdated():
    there = go(NamedGoal("home"))
    with pytest.raises(PlanOutdated):
        PLANNER.check(there.then(there), bench())


def test_a_trajectory_of_other_joints_is_refused():
    names = ("finger_left_joint", *MODEL.names[1:])
    still = np.zeros((2, 6))
    other = Trajectory(names, np.array([0.0, 1.0]), still, still)
    with pytest.raises(InvalidInput, match="joint_1"):
        PLANNER.check(Plan("arm", (Move(other),)), Scene())


def held_cube():
    return bench().attach("red_cube", Attachment("tool_link", Pose((0.0, 0.0, 0.0))))


def test_a_held_cube_is_lifted_off_the_bench_and_put_down_again():
    low, high = (0.5, 0.1, 0.02), (0.5, 0.1, 0.2)
    up = PLANNER.plan(PlanRequest(LineGoal(Pose(high, DOWN))), at(low), held_cube(), 0.02)
    PLANNER.check(up, held_cube(), at(low), 0.02)
    end = tuple(up.steps[0].trajectory.positions[-1])
    down = PLANNER.plan(PlanRequest(LineGoal(Pose(low, DOWN))), end, held_cube(), 0.02)
    PLANNER.check(down, held_cube(), end, 0.02)


def test_a_held_cube_that_sank_a_little_into_the_bench_is_lifted():
    low, high = (0.5, 0.1, 0.0195), (0.5, 0.1, 0.2)
    plan = PLANNER.plan(PlanRequest(LineGoal(Pose(high, DOWN))), at(low), held_cube(), 0.02)
    PLANNER.check(plan, held_cube(), None, 0.02)


def test_a_held_cube_is_not_pressed_into_the_bench_on_the_way():
    """Start and goal are free; the line between them would push the held rod into the tray."""
    rod = SceneObject("rod", Cylinder(0.01, 0.3), Pose((0.0, 0.0, 1.0)), 0.1)
    scene = bench().add(rod).attach("rod", Attachment("tool_link", Pose((0.0, 0.0, 0.12))))
    hurdle = SceneObject("hurdle", Box((0.3, 0.02, 0.1)), Pose((0.5, -0.05, 0.05)))
    scene = scene.remove("red_cube").remove("blue_cube").add(hurdle)
    start = at((0.5, -0.2, 0.32))
    request = PlanRequest(LineGoal(Pose((0.5, 0.1, 0.32), DOWN)))
    with pytest.raises(PathBlocked, match="rod and hurdle"):
        PLANNER.plan(request, start, scene, 0.01)


def test_a_held_object_is_carried_around_what_the_hand_alone_would_pass():
    bar = SceneObject("bar", Box((0.03, 0.3, 0.03)), Pose((0.0, 0.0, 2.0)), 0.2)
    post = SceneObject("post", Box((0.04, 0.04, 0.5)), Pose((0.5, 0.16, 0.25)))
    scene = Scene.of(bar, post)
    start, goal = at((0.3, 0.0, 0.3)), JointGoal(at((0.7, 0.0, 0.3)))
    carried = scene.attach("bar", Attachment("tool_link", Pose((0.0, 0.0, 0.0))))
    plan = PLANNER.plan(PlanRequest(goal), start, carried, 0.02)
    world = CollisionWorld(MODEL, carried, 0.02)
    assert all(world.contacts(q) == [] for q in positions_of(plan, 0.005))


def test_the_check_follows_what_a_plan_picks_up_and_puts_down():
    above, grasp, far = (0.5, 0.1, 0.2), (0.5, 0.1, 0.02), (0.6, -0.1, 0.02)
    scene = bench()
    down = PLANNER.plan(PlanRequest(LineGoal(Pose(grasp, DOWN))), at(above), scene)
    q = tuple(down.steps[0].trajectory.positions[-1])
    pick = Plan("arm", (Grip(0.04, 20.0, attach="red_cube"),))
    there = PLANNER.plan(PlanRequest(PoseGoal(Pose(far, DOWN))), q, held_cube(), 0.02)
    end = tuple(there.steps[0].trajectory.positions[-1])
    place = Plan("arm", (Grip(0.08, 20.0, detach="red_cube"),))
    left = bench().move("red_cube", Pose(far))
    away = PLANNER.plan(PlanRequest(LineGoal(Pose((0.6, -0.1, 0.2), DOWN))), end, left)
    PLANNER.check(down.then(pick, there, place, away), scene, at(above))


def test_the_check_counts_what_a_plan_picked_up():
    grasp = (0.5, 0.1, 0.02)
    lift = PLANNER.plan(PlanRequest(LineGoal(Pose((0.5, 0.1, 0.2), DOWN))), at(grasp), held_cube())
    roof = bench().add(SceneObject("roof", Box((0.2, 0.02, 0.02)), Pose((0.5, 0.1, 0.055))))
    pick = Plan("arm", (Grip(0.04, 20.0, attach="red_cube"),))
    with pytest.raises(PathBlocked):
        PLANNER.check(pick.then(lift), roof, at(grasp))


def beside_the_hand(offset_m, mass_kg=None, thickness_m=0.01):
    """A plate left of the hand at (0.5, 0, 0.3), its middle this far from the tool."""
    link = PLANNER.kinematics.forward(at((0.5, 0.0, 0.3)))
    place = link @ Pose((0.0, offset_m, -0.01))
    plate = SceneObject("plate", Box((0.03, thickness_m, 0.03)), place, mass_kg)
    return Scene.of(plate)


def grip(scene, width_m, finger_m, **changes):
    plan = Plan("arm", (Grip(width_m, 20.0, **changes),))
    PLANNER.check(plan, scene, at((0.5, 0.0, 0.3)), finger_m)


@pytest.mark.parametrize("mass_kg", [None, 0.1])
def test_fingers_that_open_into_something_are_refused(mass_kg):
    with pytest.raises(PathBlocked, match=r"finger_\w+_link and plate .* from 0 to 80 mm"):
        grip(beside_the_hand(0.04, mass_kg), 0.08, 0.0)
    grip(beside_the_hand(0.04, mass_kg), 0.02, 0.0)


def test_a_sheet_between_the_ends_of_the_fingers_way_is_seen():
    with pytest.raises(PathBlocked, match="plate"):
        grip(beside_the_hand(0.03, thickness_m=0.0005), 0.08, 0.0)


def test_fingers_may_close_on_what_is_free_to_move_but_not_on_what_is_fixed():
    grip(beside_the_hand(0.0, mass_kg=0.1), 0.0, 0.04)
    with pytest.raises(PathBlocked, match="plate"):
        grip(beside_the_hand(0.0), 0.0, 0.04)


def test_fingers_may_let_go_of_what_they_touch():
    cube = SceneObject("cube", Box((0.03, 0.04, 0.03)), Pose((0.0, 0.0, 0.0)), 0.1)
    tool = PLANNER.kinematics.forward(at((0.5, 0.0, 0.3)))
    grip(Scene.of(cube).move("cube", tool), 0.08, 0.02)


def test_a_mesh_is_planned_around(tmp_path):
    corners = [(x, y, z) for x in (-0.1, 0.1) for y in (-0.08, 0.08) for z in (0.0, 0.5)]
    faces = [
        "1 2 4",
        "1 4 3",
        "5 7 8",
        "5 8 6",
        "1 5 6",
        "1 6 2",
        "3 4 8",
        "3 8 7",
        "1 3 7",
        "1 7 5",
    ]
    faces += ["2 6 8", "2 8 4"]
    lines = [f"v {x} {y} {z}" for x, y, z in corners] + [f"f {face}" for face in faces]
    path = tmp_path / "tower.obj"
    path.write_text("\n".join(lines) + "\n")
    scene = Scene.of(SceneObject("tower", Mesh(path), Pose((0.55, 0.0, 0.0))))
    plan = go(PoseGoal(Pose(ASIDE["left"], DOWN)), at(ASIDE["right"]), scene, timeout_s=20)
    world = CollisionWorld(MODEL, scene, 0.04)
    assert all(world.contacts(q) == [] for q in positions_of(plan, 0.005))


SEARCHES = """
import sys, time
import numpy as np
from lectern.robot.planning.search import ALGORITHMS, SearchProblem, search
def between(motion_free, name):
    ends = [-np.ones(6) / 2], [np.ones(6) / 2]
    box = -np.ones(6), np.ones(6)
    problem = SearchProblem(*box, *ends, lambda q: True, motion_free, name, 1)
    return search(problem, time.monotonic() + 30)
"""


def stderr_of(program):
    command = [sys.executable, "-c", SEARCHES + program]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False).stderr


def test_a_world_is_lent_to_one_borrower_at_a_time_and_kept_for_the_next():
    worlds, scene = Worlds(MODEL), bench()
    with worlds.lend(scene, 0.04) as first, worlds.lend(bench(), 0.04) as second:
        assert first is not second
    with worlds.lend(bench(), 0.04) as third, worlds.lend(scene, 0.0) as other:
        assert third is second or third is first
        assert other not in (first, second)


def test_a_mesh_that_changed_is_seen_though_the_scene_is_known(tmp_path):
    path = tmp_path / "block.obj"
    scene = Scene.of(SceneObject("block", Mesh(path), Pose((0.45, 0.0, 0.45))))
    faces = "f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    for size, touches in ((0.001, False), (0.3, True)):
        corners = [(0, 0, 0), (size, 0, 0), (0, size, 0), (0, 0, size)]
        path.write_text("".join(f"v {x} {y} {z - 0.2}\n" for x, y, z in corners) + faces)
        os.utime(path, ns=(int(size * 1e9),) * 2)
        assert bool(PLANNER.robot_contacts(READY, 0.04, scene)) == touches


def test_a_search_leaves_nothing_of_ompl_behind():
    """A ring through OMPL's objects is never freed, and is reported when Python ends."""
    program = (
        "for name in ALGORITHMS:\n"
        "    assert len(between(lambda a, b: np.abs(a - b).max() < 0.6, name)) > 2\n"
    )
    assert stderr_of(program) == ""


def test_an_error_in_a_check_ends_the_search_and_holds_nothing_of_ompl():
    said = stderr_of("between(lambda a, b: 1 / 0, 'rrt_connect')")
    assert said.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "in <lambda>" in said


def test_attempts_grow_as_luby_says():
    assert [luby(i) for i in range(1, 16)] == [1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8]


def test_a_hand_deep_in_a_shelf_is_drawn_out_of_it():
    world = CollisionWorld(MODEL, SCENES["shelf"](), 0.04)
    world.demand(world.floor_m)
    checker = MotionChecker(world)
    ahead = Pose.from_matrix(
        np.array([[0, 0, 1, 0.75], [0, 1, 0, 0.2], [-1, 0, 0, 0.58], [0, 0, 0, 1]])
    )
    (inside, *_) = [q for q in PLANNER.kinematics.reach(ahead, READY) if not world.crowded(q)]
    way = drawn_back(PLANNER.kinematics, inside, partial(checker.looks_free, step_rad=0.01), 0)
    tools = [PLANNER.kinematics.forward(q).position_m for q in way]
    assert tools[0][0] - tools[-1][0] > 0.3
    assert checker.obstruction(polyline(way), world.floor_m) is None


def test_the_same_seed_draws_the_hand_back_the_same_way():
    world = CollisionWorld(MODEL, SCENES["shelf"](), 0.04)
    inside = np.array([2.77, 3.36, -1.42, 0.0, 1.73, 0.33])
    world.demand(world.floor_m)
    checker = MotionChecker(world)
    free = partial(checker.looks_free, step_rad=0.01)
    ways = [drawn_back(PLANNER.kinematics, inside, free, seed) for seed in (3, 3)]
    np.testing.assert_array_equal(*ways)
    assert len(ways[0]) > 1


def test_a_way_is_given_out_from_its_end_and_back_from_its_beginning():
    ways = [np.array([[0.0], [1.0], [2.0]]), np.array([[5.0]])]
    assert [float(q[0]) for q in outermost_first(ways)] == [2.0, 5.0, 1.0, 0.0]
    np.testing.assert_array_equal(until(ways, np.array([1.0])), [[0.0], [1.0]])
