"""The physics thread: pacing, queue, stop, failure."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lectern.errors import (
    LecternError,
    MotionStopped,
    RobotBusy,
    SceneObjectUnknown,
    SimulationFailed,
)
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.physics import LOOK_STEPS, scene_in
from lectern.robot.embedded.simulator import Job, Simulator, Snapshot
from lectern.robot.embedded.world import STEP_S, build_world
from lectern.robot.geometry import Pose
from lectern.robot.goals import Goal, JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.plan import Grip, Plan
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.planning.planner import Planner
from lectern.robot.robot import Execution
from lectern.robot.scene import Scene
from lectern.robot.scenes import bench
from lectern.robot.state import Activity, RobotState

ARM = textbook_arm()
HOME = ARM.named["home"]
LIMIT_S = 60.0
# A long way at full speed: the shoulder turns by more than half a turn.
FAR = (2.4, 1.9, -1.9, 0.5, -0.3, 1.0)


@pytest.fixture(scope="module")
def planner() -> Planner:
    return Planner(ARM)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator(ARM, bench(), HOME, paced=False)
    simulator.start()
    yield simulator
    simulator.close()


def far(planner: Planner, simulator: Simulator) -> Plan:
    start = tuple(simulator.snapshot.state.positions[:6])
    return planner.plan(PlanRequest(JointGoal(FAR)), start, bench())


def run(simulator: Simulator, plan: Plan) -> Future[Execution]:
    return simulator.submit(simulator.prepare(plan, simulator.stops))


def wait(simulator: Simulator, duration_s: float) -> None:
    simulator.submit(simulator.waiting(duration_s)).result(LIMIT_S)


def when(simulator: Simulator, holds: object) -> threading.Event:
    """Return an event that is set as soon as a snapshot fulfils something."""
    event = threading.Event()

    def look(snapshot: Snapshot) -> None:
        if holds(snapshot):  # type: ignore[operator]
            event.set()

    simulator.listen(look)
    return event


def test_an_unpaced_simulator_stands_still_while_nothing_is_asked_of_it() -> None:
    simulator = Simulator(ARM, bench(), HOME, paced=False)
    simulator.start()
    seen: list[float] = []
    simulator.listen(lambda snapshot: seen.append(snapshot.state.stamp_s))
    simulator.call(lambda: None).result(LIMIT_S)
    assert seen == []
    wait(simulator, 0.5)
    assert seen[-1] == pytest.approx(0.5)
    simulator.close()


def test_states_come_a_hundred_times_in_a_simulated_second(simulator: Simulator) -> None:
    stamps: list[float] = []
    simulator.listen(lambda snapshot: stamps.append(snapshot.state.stamp_s))
    wait(simulator, 1.0)
    distinct = sorted(set(stamps))
    assert len(distinct) >= 100
    assert np.diff(distinct) == pytest.approx(0.01)


def test_a_paced_simulator_does_not_run_ahead_of_the_clock() -> None:
    simulator = Simulator(ARM, bench(), HOME, paced=True)
    simulator.start()
    began = time.monotonic()
    wait(simulator, 0.5)
    assert time.monotonic() - began >= 0.48
    simulator.close()


def test_the_same_commands_give_the_same_states_bit_for_bit(planner: Planner) -> None:
    histories = []
    for _ in range(2):
        simulator = Simulator(ARM, bench(), HOME, paced=False)
        states: list[bytes] = []
        simulator.listen(lambda snapshot, states=states: states.append(snapshot.physics.tobytes()))
        simulator.start()
        plan = far(planner, simulator)
        run(simulator, plan).result(LIMIT_S)
        simulator.push("red_cube", (0.4, 0.1, 0.0), 0.3).result(LIMIT_S)
        run(simulator, Plan("arm", (Grip(0.0, 20.0),))).result(LIMIT_S)
        simulator.close()
        histories.append(states)
    assert len(histories[0]) > 100
    # The last state is published once more by the end of the thread.
    assert histories[0] == histories[1]


def test_a_reset_brings_back_the_same_states(planner: Planner, simulator: Simulator) -> None:
    plan, ends = far(planner, simulator), []
    for _ in range(2):
        run(simulator, Plan("arm", (Grip(0.0, 5.0),))).result(LIMIT_S)
        run(simulator, plan).result(LIMIT_S)
        ends.append(simulator.snapshot.physics[1:].tobytes())
        simulator.reset().result(LIMIT_S)
    assert ends[0] == ends[1]


def stopping_s(simulator: Simulator, plan: Plan, holds: Callable[[Snapshot], bool]) -> float | None:
    """Stop a motion at the first snapshot that fulfils something.

    Returns the time from the call to rest; None: the motion was over before.
    """
    called_s: list[float] = []

    def look(snapshot: Snapshot) -> None:
        if not called_s and holds(snapshot):
            called_s.append(snapshot.state.stamp_s)
            simulator.stop("a test")

    simulator.listen(look)
    error = run(simulator, plan).exception(LIMIT_S)
    simulator.unlisten(look)
    if error is None:
        return None
    assert isinstance(error, MotionStopped), error
    state = simulator.snapshot.state
    assert state.activity is Activity.IDLE
    assert np.abs(state.velocities[:6]).max() < 0.02
    assert np.abs(state.velocities[6:]).max() < 0.005
    return state.stamp_s - called_s[0]


def at_full_speed(later: int) -> Callable[[Snapshot], bool]:
    """Return what becomes true some snapshots after a joint came near its speed limit."""
    seen: list[None] = []

    def holds(snapshot: Snapshot) -> bool:
        fast = np.abs(snapshot.state.velocities[:6]) > 0.9 * ARM.max_velocity
        seen.extend([None] * int(fast.any()))
        return bool(fast.any()) and len(seen) > later

    return holds


@pytest.mark.slow
def test_each_of_200_seeded_stops_at_full_speed_ends_at_rest_within_50_ms(
    planner: Planner,
) -> None:
    rng, times_s = np.random.default_rng(5), []
    simulator = Simulator(ARM, Scene(), HOME, paced=False)
    simulator.start()
    while len(times_s) < 200:
        goal = JointGoal(tuple(rng.uniform(0.8 * ARM.lower, 0.8 * ARM.upper)))
        try:
            plan = to(planner, simulator, goal)
        except LecternError:  # a stop may end where there is no way on
            simulator.reset().result(LIMIT_S)
            continue
        taken_s = stopping_s(simulator, plan, at_full_speed(int(rng.integers(0, 30))))
        times_s.extend([] if taken_s is None else [taken_s])
    simulator.close()
    # Another thread may call up to five steps before the next look, paced or not.
    assert max(times_s) + LOOK_STEPS * STEP_S <= 0.05


def test_a_paced_stop_from_another_thread_ends_at_rest_within_50_ms(planner: Planner) -> None:
    simulator = Simulator(ARM, Scene(), HOME, paced=True)
    simulator.start()
    fast = when(simulator, at_full_speed(later=0))
    motion = run(simulator, far(planner, simulator))
    assert fast.wait(LIMIT_S)
    called_s = simulator.snapshot.state.stamp_s
    simulator.stop("a test")
    assert isinstance(motion.exception(LIMIT_S), MotionStopped)
    state = simulator.snapshot.state
    simulator.close()
    assert np.abs(state.velocities[:6]).max() < 0.02
    assert state.stamp_s - called_s <= 0.05


def test_a_paced_stop_that_just_misses_a_look_ends_at_rest_within_50_ms(
    planner: Planner,
) -> None:
    simulator = Simulator(ARM, Scene(), HOME, paced=True)
    fast, called_s = when(simulator, at_full_speed(later=0)), list[float]()
    advance = simulator._physics.advance

    def looked(stopped: Callable[[], bool]) -> bool:
        answer = stopped()
        if fast.is_set() and not called_s:
            called_s.append(simulator._physics.time_s)
            simulator.stop("a test")
        return answer

    def advance_and_stop(commands: Any, steps: int, stopped: Callable[[], bool]) -> None:
        advance(commands, steps, lambda: looked(stopped))

    states: list[RobotState] = []
    simulator.listen(lambda snapshot: states.append(snapshot.state))
    simulator._physics.advance = advance_and_stop  # type: ignore[method-assign,assignment]
    simulator.start()
    motion = run(simulator, far(planner, simulator))
    assert isinstance(motion.exception(LIMIT_S), MotionStopped)
    simulator.close()
    # The first state at rest, as this thread may wake long after it.
    at_rest = (s.stamp_s for s in states if s.activity is Activity.IDLE)
    taken_s = next(stamp_s for stamp_s in at_rest if stamp_s > called_s[0]) - called_s[0]
    assert LOOK_STEPS * STEP_S < taken_s <= 0.05


def holding_the_cube(planner: Planner, simulator: Simulator, mass_kg: float) -> None:
    """Let the simulator lift the red cube, at another mass."""
    cube = replace(bench().get("red_cube"), mass_kg=mass_kg)
    scene = bench().remove("red_cube").add(cube)
    world = build_world(ARM, scene)
    simulator.replace_world(world, scene, frozenset({"red_cube"})).result(LIMIT_S)
    (x, y, z), down = cube.pose.position_m, (1.0, 0.0, 0.0, 0.0)
    over, at = Pose((x, y, z + 0.15), down), Pose((x, y, z + 0.005), down)
    for goal in (PoseGoal(over), LineGoal(at)):
        run(simulator, to(planner, simulator, goal, speed_scale=0.4)).result(LIMIT_S)
    run(simulator, Plan("arm", (Grip(0.0, 40.0, attach="red_cube"),))).result(LIMIT_S)
    run(simulator, to(planner, simulator, LineGoal(over), speed_scale=0.4)).result(LIMIT_S)


def to(planner: Planner, simulator: Simulator, goal: Goal, speed_scale: float = 1.0) -> Plan:
    """Plan a motion from where the arm is, in the scene as it is."""
    snapshot = simulator.snapshot
    start = tuple(snapshot.state.positions[:6])
    scene = scene_in(snapshot.scene, snapshot.world, snapshot.physics)
    return planner.plan(PlanRequest(goal, speed_scale=speed_scale), start, scene)


@pytest.mark.parametrize("mass_kg", [0.045, 0.5])
def test_a_stop_at_full_speed_with_the_cube_in_the_hand_takes_50_ms_and_keeps_it(
    planner: Planner, simulator: Simulator, mass_kg: float
) -> None:
    holding_the_cube(planner, simulator, mass_kg)
    taken_s = stopping_s(simulator, to(planner, simulator, JointGoal(FAR)), at_full_speed(later=3))
    assert taken_s is not None
    assert taken_s <= 0.05
    # A full-speed motion that goes on checks at its end that nothing was lost.
    run(simulator, to(planner, simulator, NamedGoal("ready"))).result(LIMIT_S)
    assert "red_cube" in simulator.snapshot.scene.attached


def in_the_hand(simulator: Simulator, name: str) -> np.ndarray:
    """Return where an object is in the frame of the tool, m."""
    snapshot = simulator.snapshot
    tool = Kinematics(ARM).forward(snapshot.state.positions[:6]).matrix()
    scene = scene_in(snapshot.scene, snapshot.world, snapshot.physics)
    return (np.linalg.inv(tool) @ scene.get(name).pose.matrix())[:3, 3]


def test_a_held_cube_creeps_no_more_than_3_mm_in_a_swing_at_full_speed(
    planner: Planner, simulator: Simulator
) -> None:
    holding_the_cube(planner, simulator, 0.045)
    before = in_the_hand(simulator, "red_cube")
    run(simulator, to(planner, simulator, JointGoal(FAR))).result(LIMIT_S)
    assert np.linalg.norm(in_the_hand(simulator, "red_cube") - before) < 0.003


def test_after_a_stop_the_arm_stays_where_it_ended_up(
    planner: Planner, simulator: Simulator
) -> None:
    moving = when(simulator, lambda s: np.abs(s.state.velocities[:6]).max() > 1.0)
    motion = run(simulator, far(planner, simulator))
    assert moving.wait(LIMIT_S)
    simulator.stop("a test")
    assert isinstance(motion.exception(LIMIT_S), MotionStopped)
    wait(simulator, 0.5)
    settled = simulator.snapshot.state.positions
    wait(simulator, 2.0)
    assert np.abs(simulator.snapshot.state.positions - settled).max() < 1e-4


def test_a_stop_beats_everything_that_is_queued(planner: Planner, simulator: Simulator) -> None:
    plan, epoch = far(planner, simulator), simulator.stops
    jobs: list[Job] = [simulator.prepare(plan, epoch) for _ in range(5)]
    gate = threading.Event()
    simulator.call(lambda: gate.wait(LIMIT_S))
    futures = [simulator.submit(job) for job in jobs]
    simulator.stop("a test")
    gate.set()
    assert all(isinstance(future.exception(LIMIT_S), MotionStopped) for future in futures)
    assert simulator.snapshot.state.positions[:6] == pytest.approx(HOME, abs=1e-6)


def test_a_stop_in_the_middle_of_a_grip_keeps_the_fingers_where_they_are(
    simulator: Simulator,
) -> None:
    taken_s = stopping_s(
        simulator, Plan("arm", (Grip(0.0, 20.0),)), lambda s: bool(s.state.positions[6] < 0.03)
    )
    assert taken_s is not None
    assert taken_s <= 0.05
    wait(simulator, 0.5)
    rested = simulator.snapshot.state.positions[6]
    wait(simulator, 0.5)
    assert 0.001 < rested < 0.0305
    assert simulator.snapshot.state.positions[6] == pytest.approx(rested, abs=1e-5)


def test_a_stop_of_an_idle_robot_changes_nothing(simulator: Simulator) -> None:
    simulator.stop("a test")
    wait(simulator, 0.1)
    assert simulator.snapshot.state.positions[:6] == pytest.approx(HOME, abs=1e-6)


def test_a_blow_up_is_reported_and_leaves_everything_where_it_began(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    published: list[Snapshot] = []
    simulator.listen(published.append)
    simulator.push("green_cube", (0.0, 0.0, 1e12), 0.1).result(LIMIT_S)
    with caplog.at_level(logging.ERROR), pytest.raises(SimulationFailed):
        wait(simulator, 1.0)
    assert all(np.isfinite(s.physics).all() for s in published)
    assert all(np.isfinite(s.state.efforts).all() for s in published)
    state = simulator.snapshot.state
    assert state.activity is Activity.IDLE
    assert state.positions[:6].tolist() == list(HOME)
    cube = simulator.snapshot.world.movable["green_cube"]
    assert simulator.snapshot.physics[1 + cube : 4 + cube].tolist() == [0.6, 0.2, 0.02]
    wait(simulator, 0.2)
    assert "m/s" in caplog.text or "gave up" in caplog.text


def test_an_arm_torn_by_an_absurd_force_is_reported(simulator: Simulator, planner: Planner) -> None:
    simulator.push("wrist_3_link", (1e10, 1e10, 1e10), 1.0).result(LIMIT_S)
    with pytest.raises(SimulationFailed):
        run(simulator, far(planner, simulator)).result(LIMIT_S)
    assert simulator.snapshot.state.positions[:6].tolist() == list(HOME)


def test_what_does_not_exist_cannot_be_pushed(simulator: Simulator) -> None:
    with pytest.raises(SceneObjectUnknown, match="yellow_cube"):
        simulator.push("yellow_cube", (1.0, 0.0, 0.0), 0.1).result(LIMIT_S)
    assert simulator.alive


def kill(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, as nothing but a bug or the interpreter would."""
    ident = ctypes.c_ulong(thread.ident or 0)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit)) == 1


def test_a_killed_thread_fails_its_waiters_and_a_reset_brings_the_robot_back(
    planner: Planner,
) -> None:
    simulator = Simulator(ARM, bench(), HOME, paced=True)
    simulator.start()
    moving = when(simulator, lambda s: s.state.activity is Activity.MOVING)
    motion = run(simulator, far(planner, simulator))
    assert moving.wait(LIMIT_S)
    thread = next(t for t in threading.enumerate() if t.name == "physics" and t.is_alive())
    kill(thread)
    assert isinstance(motion.exception(LIMIT_S), SimulationFailed)
    thread.join(LIMIT_S)
    assert simulator.snapshot.state.activity is Activity.FAILED
    assert isinstance(simulator.call(lambda: None).exception(LIMIT_S), SimulationFailed)
    simulator.reset().result(LIMIT_S)
    assert simulator.snapshot.state.activity is Activity.IDLE
    assert simulator.snapshot.state.positions[:6] == pytest.approx(HOME, abs=1e-6)
    run(simulator, far(planner, simulator)).result(LIMIT_S)
    simulator.close()


def test_a_dead_simulator_that_many_reset_at_once_gets_one_thread(simulator: Simulator) -> None:
    def threads() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t.name == "physics"]

    others = len(threads()) - 1
    assert isinstance(simulator.call(lambda: 1 / 0).exception(LIMIT_S), ZeroDivisionError)
    together = threading.Barrier(8)

    def reset() -> None:
        together.wait(LIMIT_S)
        simulator.reset().result(LIMIT_S)

    callers = [threading.Thread(target=reset) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(LIMIT_S)
    assert len(threads()) - others == 1
    wait(simulator, 0.1)


def test_what_went_wrong_before_a_reset_is_not_told_after_it() -> None:
    simulator = Simulator(ARM, bench(), HOME, paced=True)
    simulator.start()
    blown_up = when(simulator, lambda s: s.state.stamp_s > 0.1)
    simulator.push("green_cube", (0.0, 0.0, 1e12), 0.1).result(LIMIT_S)
    assert blown_up.wait(LIMIT_S)
    simulator.reset().result(LIMIT_S)
    wait(simulator, 0.1)
    simulator.close()


@pytest.mark.parametrize("duration_s", [0.001, 0.005, 0.01, 0.013, 0.1])
def test_a_push_has_the_impulse_that_was_asked_for(simulator: Simulator, duration_s: float) -> None:
    mass_kg, force_n, passed_s = bench().get("blue_cube").mass_kg or 0.0, 30.0, 0.12
    simulator.push("blue_cube", (0.0, 0.0, force_n), duration_s).result(LIMIT_S)
    wait(simulator, passed_s)
    now = simulator.snapshot
    speed_m_s = now.physics[1 + now.world.model.nq + now.world.speeds["blue_cube"] + 2]
    thrown_m_s = force_n * duration_s / mass_kg - 9.81 * passed_s
    assert speed_m_s == pytest.approx(thrown_m_s, abs=0.02)


def test_a_bug_in_a_command_ends_the_thread_with_a_named_error(simulator: Simulator) -> None:
    asked = simulator.call(lambda: 1 / 0)
    assert isinstance(asked.exception(LIMIT_S), ZeroDivisionError)
    later = simulator.call(lambda: None)
    assert isinstance(later.exception(LIMIT_S), SimulationFailed)
    simulator.reset().result(LIMIT_S)
    wait(simulator, 0.1)


def test_the_queue_is_bounded(simulator: Simulator) -> None:
    gate = threading.Event()
    first = simulator.call(lambda: gate.wait(LIMIT_S))
    futures = [simulator.call(lambda: None) for _ in range(200)]
    refused = [f for f in futures if f.done()]
    gate.set()
    first.result(LIMIT_S)
    assert refused
    assert all(isinstance(f.exception(LIMIT_S), RobotBusy) for f in refused)


def test_a_closed_simulator_refuses_commands() -> None:
    simulator = Simulator(ARM, Scene(), HOME, paced=False)
    simulator.start()
    simulator.close()
    assert isinstance(simulator.call(lambda: None).exception(LIMIT_S), SimulationFailed)


def test_a_named_pose_is_reached_to_a_milliradian(planner: Planner, simulator: Simulator) -> None:
    plan = planner.plan(PlanRequest(NamedGoal("ready")), HOME, bench())
    done = run(simulator, plan).result(LIMIT_S)
    assert done.final_error_rad < 0.001
    assert simulator.snapshot.state.positions[:6] == pytest.approx(ARM.named["ready"], abs=1e-3)
