"""Speed of the embedded simulator, how well the arm tracks, and how fast a stop is.

python -m benchmarks.simulator [--goals N] [--rounds N] [--stops N] [--seed N]

The arm moves along planned trajectories at full speed in the bench scene with its three cubes,
unpaced and with nothing rendered. Beside it, MuJoCo alone steps the same model with constant
commands, in the same run and in turn, as the limit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mujoco
import numpy as np

from benchmarks.report import Bar, Figures, Stopwatch, publish, say, tidy
from lectern.errors import LecternError, MotionStopped
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.physics import LOOK_STEPS
from lectern.robot.embedded.simulator import Simulator, Snapshot
from lectern.robot.embedded.world import STEP_S
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Plan
from lectern.robot.planning.planner import Planner
from lectern.robot.scenes import bench
from lectern.robot.state import RobotState

BAR_FACTOR, BAR_TRACKING_RAD, BAR_STOP_MS = 50.0, 0.01, 50.0
_LIMIT_S = 120.0
_PLAIN_STEPS = 2000
# A joint this near to its speed limit counts as at full speed.
_FULL_SPEED = 0.9


class SpeedFigures(Figures):
    """Simulated seconds per second; median and best round.

    `by_cpu` counts the seconds that the process computed, not those in which others did: what a
    busy machine would give if it were quiet.
    """

    simulated_s: float
    lectern_median: float
    lectern_best: float
    lectern_by_cpu_median: float
    plain_mujoco_median: float
    plain_mujoco_best: float
    plain_mujoco_by_cpu_median: float


class TrackingFigures(Figures):
    """Distance of any joint from where it should be."""

    motions: int
    max_error_rad: float
    max_final_error_rad: float


class StopFigures(Figures):
    """Simulated time from the call of `stop` until no joint moves faster than 0.02 rad/s.

    The longest time until a call is heard, 5 ms, is counted with every one.
    """

    stops: int
    median_ms: float
    p95_ms: float
    max_ms: float
    share_within_50_ms: float
    braking_alone_max_ms: float


@contextmanager
def simulator(robot: RobotModel) -> Iterator[Simulator]:
    """Return a running simulator of the bench scene."""
    running = Simulator(robot, bench(), robot.named["home"], paced=False)
    running.start()
    try:
        yield running
    finally:
        running.close()


def tour(robot: RobotModel, goals: int, seed: int) -> list[Plan]:
    """Plan motions at full speed from one seeded goal to the next, beginning at home."""
    planner, rng = Planner(robot), np.random.default_rng(seed)
    plans: list[Plan] = []
    start = robot.named["home"]
    while len(plans) < goals:
        goal = tuple(float(q) for q in rng.uniform(0.8 * robot.lower, 0.8 * robot.upper))
        try:
            plans.append(planner.plan(PlanRequest(JointGoal(goal), seed=seed), start, bench()))
        except LecternError:
            continue
        start = goal
    return plans


def measure_speed(robot: RobotModel, plans: list[Plan], rounds: int) -> SpeedFigures:
    """Run the tour several times, MuJoCo alone in between."""
    ours, plain, simulated_s = [], [], 0.0  # each round: by the clock, by computing time
    for _ in range(rounds):
        with simulator(robot) as running:
            jobs = [running.prepare(plan, running.stops) for plan in plans]
            began = _clocks()
            for job in jobs:
                running.submit(job).result(_LIMIT_S)
            seconds = _clocks() - began
            simulated_s = running.snapshot.state.stamp_s
            ours.append(simulated_s / seconds)
            plain.append(plain_factor(running.snapshot))
    return SpeedFigures(
        simulated_s=tidy(simulated_s),
        lectern_median=tidy(float(np.median(ours, axis=0)[0]), 3),
        lectern_best=tidy(float(np.max(ours, axis=0)[0]), 3),
        lectern_by_cpu_median=tidy(float(np.median(ours, axis=0)[1]), 3),
        plain_mujoco_median=tidy(float(np.median(plain, axis=0)[0]), 3),
        plain_mujoco_best=tidy(float(np.max(plain, axis=0)[0]), 3),
        plain_mujoco_by_cpu_median=tidy(float(np.median(plain, axis=0)[1]), 3),
    )


def plain_factor(snapshot: Snapshot) -> Floats:
    """Return the factors of MuJoCo alone on the same model, holding still."""
    model = snapshot.world.model
    data = mujoco.MjData(model)
    data.qpos[:] = snapshot.physics[1 : 1 + model.nq]
    data.act[:] = snapshot.world.gains.stiffness * data.qpos[: model.nu]
    mujoco.mj_step(model, data, _PLAIN_STEPS // 4)
    began = _clocks()
    mujoco.mj_step(model, data, _PLAIN_STEPS)
    return np.asarray(_PLAIN_STEPS * STEP_S / (_clocks() - began))


def _clocks() -> Floats:
    return np.array([time.perf_counter(), time.process_time()])


def measure_tracking(robot: RobotModel, plans: list[Plan]) -> TrackingFigures:
    """Return the largest errors of the tour."""
    with simulator(robot) as running:
        done = [
            running.submit(running.prepare(plan, running.stops)).result(_LIMIT_S) for plan in plans
        ]
    return TrackingFigures(
        motions=len(done),
        max_error_rad=tidy(max(each.max_error_rad for each in done)),
        max_final_error_rad=tidy(max(each.final_error_rad for each in done)),
    )


def measure_stops(robot: RobotModel, stops: int, seed: int) -> StopFigures:
    """Stop motions to seeded goals at full speed, each planned from where the last one ended."""
    planner, rng, measured = Planner(robot), np.random.default_rng(seed), []
    with simulator(robot) as running:
        while len(measured) < stops:
            plan = next_motion(planner, running, rng)
            if plan is None:
                running.reset().result(_LIMIT_S)
                continue
            found = stop_once(robot, running, plan, int(rng.integers(0, 30)))
            if found is not None:
                measured.append(found)
    times_ms, braking_ms = 1e3 * np.array(measured).T
    return StopFigures(
        stops=len(times_ms),
        median_ms=tidy(float(np.median(times_ms)), 3),
        p95_ms=tidy(float(np.percentile(times_ms, 95)), 3),
        max_ms=tidy(float(times_ms.max()), 3),
        share_within_50_ms=tidy(float((times_ms <= BAR_STOP_MS).mean()), 3),
        braking_alone_max_ms=tidy(float(braking_ms.max()), 3),
    )


def next_motion(planner: Planner, running: Simulator, rng: np.random.Generator) -> Plan | None:
    """Plan to a seeded goal from where the arm is; None where there is no way."""
    robot, state = running.robot, running.snapshot.state
    start = tuple(float(q) for q in state.positions[: len(robot.joints)])
    goal = tuple(float(q) for q in rng.uniform(0.8 * robot.lower, 0.8 * robot.upper))
    try:
        return planner.plan(PlanRequest(JointGoal(goal)), start, bench())
    except LecternError:
        return None


def stop_once(
    robot: RobotModel, running: Simulator, plan: Plan, later: int
) -> tuple[float, float] | None:
    """Stop one motion at full speed; return the time to rest and the least its motors allow, s.

    None: the motion never came to full speed, or was over before the stop.

    Args:
        robot: What moves.
        running: Where.
        plan: To follow.
        later: How many states after the first at full speed the stop is called.
    """
    fast: list[RobotState] = []

    def look(snapshot: Snapshot) -> None:
        if len(fast) <= later and (_share(robot, snapshot) > _FULL_SPEED).any():
            fast.append(snapshot.state)
            if len(fast) > later:
                running.stop("measured")

    running.listen(look)
    error = running.submit(running.prepare(plan, running.stops)).exception(_LIMIT_S)
    running.unlisten(look)
    if not isinstance(error, MotionStopped):
        return None
    called, n = fast[-1], len(robot.joints)
    least_s = running.dynamics().shortest_brake_s(
        called.positions[:n], called.velocities[:n], robot.max_effort
    )
    # A call from another thread may just miss a look.
    heard_s = LOOK_STEPS * STEP_S
    return heard_s + running.snapshot.state.stamp_s - called.stamp_s, least_s


def _share(robot: RobotModel, snapshot: Snapshot) -> Any:
    return np.abs(snapshot.state.velocities[: len(robot.joints)]) / robot.max_velocity


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goals", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    watch_ = Stopwatch()
    robot = textbook_arm()
    say("planning ...")
    plans = tour(robot, options.goals, options.seed)
    say("speed ...")
    speed = measure_speed(robot, plans, options.rounds)
    tracking = measure_tracking(robot, plans)
    say("stops ...")
    stops = measure_stops(robot, options.stops, options.seed)
    bars = [
        Bar.at_least("real-time factor, unpaced", speed.lectern_median, BAR_FACTOR, "x"),
        Bar.at_most("tracking error", tracking.max_error_rad, BAR_TRACKING_RAD, "rad"),
        Bar.at_most("stop at full speed", stops.max_ms, BAR_STOP_MS, "ms"),
    ]
    settings = {**vars(options), "step_s": STEP_S, "scene": "bench", "rendering": "off"}
    publish("simulator", watch_, settings, [speed, tracking, stops], bars)


if __name__ == "__main__":
    main()
