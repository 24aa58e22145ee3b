"""Demos through the gate: stopped in the middle, refused, repeated, one after another."""

from __future__ import annotations

import asyncio
import json
import threading

import numpy as np
import pytest

from lectern.errors import DemoUnknown, MotionOff, MotionStopped
from lectern.robot.demos.running import DemoRun, run_demo
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy, User
from lectern.robot.gate.audit import read_audit
from lectern.robot.scenes import bench
from lectern.robot.state import Activity


async def stopped_while_moving(gate, name):
    """Run a demo and stop the robot as soon as it moves; return what the demo raised."""
    moved, over = threading.Event(), threading.Event()

    def watch():
        while not over.wait(0.0001):
            if gate.view.state().activity is Activity.MOVING:
                gate.stop(None, "a test")
                moved.set()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.raises(MotionStopped) as raised:
            await asyncio.wait_for(run_demo(gate, LOCAL, name, {}), 60)
    finally:
        over.set()
        watcher.join()
    assert moved.is_set()
    return raised.value


@pytest.mark.parametrize("name", ["jacobian", "pick_and_place", "rrt_connect", "push"])
def test_a_demo_that_is_stopped_says_so_and_leaves_the_robot_at_rest(gate, name):
    error = asyncio.run(stopped_while_moving(gate, name))

    state = gate.view.state()
    assert error.code == "motion_stopped"
    assert state.activity is Activity.IDLE
    assert np.abs(state.velocities).max() < 0.05


def test_after_a_stop_the_next_demo_runs(gate, run):
    asyncio.run(stopped_while_moving(gate, "rrt_connect"))

    assert run("pick_and_place", seed=1).result.numbers["success"]


def test_with_the_policy_off_nothing_moves(robot, tmp_path):
    gate = MotionGate(robot, Policy(sim="off"), AuditLog(tmp_path / "motion.jsonl"))
    before = robot.state().positions

    with pytest.raises(MotionOff):
        asyncio.run(run_demo(gate, LOCAL, "forward_kinematics", {}))

    assert np.array_equal(robot.state().positions, before)


def test_with_the_policy_ask_every_motion_waits_for_a_person(robot, tmp_path):
    gate = MotionGate(robot, Policy(sim="ask"), AuditLog(tmp_path / "motion.jsonl"))
    asked = []

    async def go():
        tasks = []

        def on_approval(proposal):
            asked.append(proposal.digest)
            tasks.append(asyncio.ensure_future(gate.approve(LOCAL, proposal.digest)))

        await run_demo(gate, LOCAL, "forward_kinematics", {}, on_approval=on_approval)
        await asyncio.gather(*tasks)

    asyncio.run(go())

    assert len(asked) >= 2


def test_every_motion_of_a_demo_is_in_the_audit_log_with_its_name(run, tmp_path):
    run("forward_kinematics")

    entries = list(read_audit(tmp_path / "motion.jsonl"))
    assert {
        (e["tool"], json.loads(e["arguments"]).get("name")) for e in entries if e["digest"]
    } == {("run_demo", "forward_kinematics")}
    started, ended = (
        [e["digest"] for e in entries if e["verdict"] == verdict]
        for verdict in ("started", "ended")
    )
    assert len(started) >= 2
    assert started == ended
    assert set(started) <= {e["digest"] for e in entries if e["event"] == "propose"}


def test_an_unknown_demo_moves_nothing(gate, robot):
    before = robot.state().stamp_s

    with pytest.raises(DemoUnknown):
        asyncio.run(run_demo(gate, LOCAL, "juggle", {}))

    assert robot.state().stamp_s == before


@pytest.mark.parametrize("name", ["jacobian", "pick_and_place", "push", "rrt_connect"])
def test_the_same_seed_gives_the_same_result_to_the_last_bit(arm, tmp_path, name):
    async def run_afresh() -> DemoRun:
        robot = EmbeddedRobot.start(arm, paced=False)
        gate = MotionGate(robot, Policy(), AuditLog(tmp_path / "motion.jsonl"))
        try:
            return await run_demo(gate, LOCAL, name, {}, seed=11)
        finally:
            await gate.close()

    first, second = (asyncio.run(run_afresh()).result for _ in range(2))

    assert first.document() == second.document()


def test_whoever_may_use_the_robot_may_run_a_demo(gate, robot):
    reader = User("reader", frozenset({"user"}))

    asyncio.run(run_demo(gate, reader, "rrt_connect", {}))

    assert set(robot.scene().objects) == {"bench", "pillar"}


def test_the_obstacle_stays_to_be_seen_and_is_in_no_later_demos_way(run, robot):
    run("rrt_connect")
    pillar = robot.scene().get("pillar")

    run("forward_kinematics")

    assert pillar.pose.position_m == (0.5, 0.0, 0.5)
    assert set(robot.scene().objects) == set(bench().objects)


def test_the_odometry_demo_touches_neither_arm_nor_bench(run, robot):
    run("rrt_connect")
    before = robot.state()

    run("odometry")

    assert robot.state().positions == pytest.approx(before.positions, abs=1e-3)
    assert set(robot.scene().objects) == {"bench", "pillar"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("step_rad", [0.1, 2.0])
def test_a_way_is_found_around_the_largest_pillar_at_the_nearest_place(run, step_rad, seed):
    largest = {"pillar_height_m": 1.4, "pillar_width_m": 0.25, "pillar_x_m": 0.45}
    numbers = run("rrt_connect", seed=seed, step_rad=step_rad, **largest).result.numbers

    assert numbers["taken_path_length_rad"] > numbers["straight_distance_rad"] + 0.1


def test_steps_are_told_one_sentence_each(gate):
    told = []

    asyncio.run(run_demo(gate, LOCAL, "forward_kinematics", {}, tell=told.append))

    assert told
    assert all(sentence.endswith(".") for sentence in told)


def test_a_response_that_leaves_the_limits_is_not_replayed_and_the_result_says_why(run):
    """Without damping and with much integral action the joint swings wildly."""
    run_wild = run(
        "pid", kd_nm_s_per_rad=0, ki_nm_per_rad_s=3000, step_deg=25, kp_nm_per_rad=100, duration_s=5
    )

    said = [v for k, v in run_wild.result.numbers.items() if k.startswith("replay_")]
    assert any("refused by the motion gate" in text for text in said)


def test_more_mass_takes_more_force(run):
    light, heavy = (run("push", mass_kg=m, friction=0.3).result.numbers for m in (0.5, 1.5))

    assert heavy["pushing_force_n"] == pytest.approx(3 * light["pushing_force_n"], rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("speed_scale", [0.05, 0.4])
@pytest.mark.parametrize("mass_kg", [0.2, 2.0])
@pytest.mark.parametrize("friction", [0.1, 0.9])
def test_at_the_edges_of_what_may_be_set_friction_is_felt(run, friction, mass_kg, speed_scale):
    distance_m = 0.1 if friction == 0.1 else 0.4
    asked = {"friction": friction, "mass_kg": mass_kg, "speed_scale": speed_scale}
    numbers = run("push", distance_m=distance_m, **asked).result.numbers

    assert numbers["friction_estimated"] == pytest.approx(friction, rel=0.25)
    assert numbers["block_moved_m"] == pytest.approx(distance_m, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("yaw_deg", [0, 45, -100])
@pytest.mark.parametrize(("x_m", "y_m"), [(0.3, -0.2), (0.3, 0.1), (0.65, -0.2), (0.65, 0.1)])
def test_a_cube_is_picked_at_the_edges_of_where_it_may_stand(run, x_m, y_m, yaw_deg):
    asked = {"cube_x_m": x_m, "cube_y_m": y_m, "cube_yaw_deg": yaw_deg}

    assert run("pick_and_place", **asked).result.numbers["success"]


@pytest.mark.parametrize("yaw_deg", [0, 45])
def test_a_cube_beside_the_green_one_is_picked(run, yaw_deg):
    asked = {"cube_x_m": 0.6, "cube_y_m": 0.1, "cube_yaw_deg": yaw_deg}

    assert run("pick_and_place", **asked).result.numbers["success"]


def test_a_cube_where_the_reader_puts_it_is_found(run):
    numbers = run("pick_and_place", cube_x_m=0.4, cube_y_m=-0.1, cube_yaw_deg=37).result.numbers

    assert numbers["cube_start_m"] == [0.4, -0.1, 0.02]
    assert numbers["success"]
