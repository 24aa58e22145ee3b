"""The physics thread: pacing, queue, stop, failure."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np
import pytest

from lectern.errors import MotionStopped, RobotBusy, SceneObjectUnknown, SimulationFailed
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.planner import Planner
from lectern.robot.embedded.simulator import Job, Simulator, Snapshot
from lectern.robot.goals import JointGoal, NamedGoal, PlanRequest
from lectern.robot.plan import Grip, Plan
from lectern.robot.robot import Execution
from lectern.robot.scene import Scene
from lectern.robot.scenes import bench
from lectern.robot.state import Activity

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


def test_a_stop_brings_the_arm_to_rest_as_soon_as_its_motors_can(
    planner: Planner, simulator: Simulator
) -> None:
    moving = when(simulator, lambda s: np.abs(s.state.velocities[:6]).max() > 1.8)
    motion = run(simulator, far(planner, simulator))
    assert moving.wait(LIMIT_S)
    before = simulator.snapshot.state
    simulator.stop("a test")
    with pytest.raises(MotionStopped, match="a test"):
        motion.result(LIMIT_S)
    after = simulator.snapshot.state
    brake_s = simulator.dynamics().shortest_brake_s(
        before.positions[:6], before.velocities[:6], ARM.max_effort
    )
    assert np.abs(after.velocities[:6]).max() < 0.02
    # One chunk until it is heard, one to look, and what the error loop takes.
    assert after.stamp_s - before.stamp_s < brake_s + 0.04
    assert after.activity is Activity.IDLE


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
    halfway = when(simulator, lambda s: s.state.positions[6] < 0.03)
    grip = run(simulator, Plan("arm", (Grip(0.0, 20.0),)))
    assert halfway.wait(LIMIT_S)
    simulator.stop("a test")
    error = grip.exception(LIMIT_S)
    if error is None:
        pytest.skip("the grip was over before the stop was heard")
    assert isinstance(error, MotionStopped)
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
