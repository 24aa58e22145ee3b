"""Planning over seeded reachable goals in four scenes, against OMPL as it comes.

python -m benchmarks.planning [--goals N] [--development]

Every start and goal is a set of joint positions whose tool lies in the scene's region of interest
and that is clear of everything: of all that reach a random pose, the nearest. Both planners get the
same. `plain_ompl` is OMPL's RRT-Connect in its default setup with its default motion resolution and
its own simplifier, over the same shapes with Pinocchio and Coal and none of Lectern's code; it
yields a path without times. `lectern` is the whole `Planner.plan`: search, shortening, timing,
continuous check. The scene was planned in before, once, so its collision world is at hand. Both
results are then checked again in steps ten times finer than OMPL's resolution, by the same
independent code. Processor time stands beside the time on the clock, for a busy machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou

from benchmarks.report import Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from lectern.errors import LecternError
from lectern.robot.arm import textbook_arm
from lectern.robot.geometry import Pose
from lectern.robot.goals import JointGoal, PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Move
from lectern.robot.planning.planner import Planner
from lectern.robot.scene import Box, Scene
from lectern.robot.scenes import SCENES

Floats = NDArray[np.float64]
Corners = tuple[tuple[float, float, float], tuple[float, float, float]]
SCENE_NAMES = ("free", "box", "shelf", "narrow_gap")
DEVELOPMENT_SEED, REPORTED_SEED = 1_000, 52_000_000
BAR_MEDIAN_MS = 60.0
TIMEOUT_S = 5.0
# OMPL's default: a hundredth of the space's extent between two states of a motion.
OMPL_RESOLUTION = 0.01
# A pose closer than this to anything is no goal, m.
GOAL_CLEARANCE_M = 0.01


@dataclass(frozen=True)
class Region:
    """Where the tool starts and ends: corners of two boxes, m."""

    start: Corners
    goal: Corners


ANYWHERE = ((-0.7, -0.7, 0.1), (0.8, 0.7, 1.1))
REGIONS = {
    "free": Region(ANYWHERE, ANYWHERE),
    "box": Region(((0.4, -0.55, 0.05), (0.7, -0.25, 0.4)), ((0.4, 0.25, 0.05), (0.7, 0.55, 0.4))),
    "shelf": Region(
        ((0.35, -0.3, 0.2), (0.5, 0.3, 0.6)), ((0.68, -0.34, 0.17), (0.82, 0.34, 0.68))
    ),
    "narrow_gap": Region(
        ((0.25, -0.4, 0.2), (0.4, 0.4, 0.7)), ((0.62, -0.05, 0.25), (0.8, 0.05, 0.7))
    ),
}


class PlanningFigures(Figures):
    """One planner in one scene."""

    scene: str
    planner: str
    goals: int
    succeeded: int
    milliseconds: Percentiles
    processor_milliseconds: Percentiles
    path_length_rad_median: float
    colliding_when_rechecked: int
    duration_s_median: float
    timing_ms_median: float
    searched: int


class Bare:
    """Pinocchio and Coal over the same shapes, without Lectern's planning code."""

    def __init__(self, model: RobotModel, scene: Scene) -> None:
        full = pin.buildModelFromXML(model.urdf)
        shapes = pin.buildGeomFromUrdfString(full, model.urdf, pin.GeometryType.COLLISION)
        position = pin.neutral(full)
        position[full.nq - 2 :] = model.gripper.max_width_m / 2
        locked = [full.getJointId(name) for name in model.gripper.joints]
        self.arm, (self.shapes,) = pin.buildReducedModel(full, [shapes], locked, position)
        links = [o.name.rpartition("_")[0] for o in self.shapes.geometryObjects]
        arm = range(len(links))
        apart = [
            (a, b)
            for a in arm
            for b in range(a + 1, len(links))
            if links[a] != links[b] and frozenset((links[a], links[b])) not in model.may_touch
        ]
        for name, item in scene.objects.items():
            assert isinstance(item.shape, Box)
            matrix = item.pose.matrix()
            placement = pin.SE3(matrix[:3, :3], matrix[:3, 3])
            solid = pin.GeometryObject(name, 0, placement, coal.Box(*item.shape.size_m))
            index = self.shapes.addGeometryObject(solid)
            apart += [(a, index) for a in arm if links[a] != "base_link"]
        for a, b in apart:
            self.shapes.addCollisionPair(pin.CollisionPair(a, b))
        self.arm_data, self.data = self.arm.createData(), self.shapes.createData()

    def touches(self, q_rad: Floats) -> bool:
        """Tell whether anything touches."""
        return bool(
            pin.computeCollisions(self.arm, self.arm_data, self.shapes, self.data, q_rad, True)
        )

    def clearance_m(self, q_rad: Floats) -> float:
        """Return the smallest distance of any pair."""
        pin.computeDistances(self.arm, self.arm_data, self.shapes, self.data, q_rad)
        return min(result.min_distance for result in self.data.distanceResults)


class Timer:
    """Time since it was made, on the clock and of the processor."""

    def __init__(self) -> None:
        self._clock_s, self._processor_s = time.perf_counter(), time.process_time()

    def milliseconds(self) -> tuple[float, float]:
        """Return both."""
        clock_s = time.perf_counter() - self._clock_s
        return 1e3 * clock_s, 1e3 * (time.process_time() - self._processor_s)


@dataclass(frozen=True)
class Outcome:
    """What a planner returned."""

    milliseconds: float
    processor_milliseconds: float
    path: Floats | None
    duration_s: float = 0.0
    timing_ms: float = 0.0
    searched: bool = True


def problems(
    planner: Planner, bare: Bare, region: Region, seed: int, count: int
) -> Iterator[tuple[Floats, Floats]]:
    """Yield pairs of a start and a goal that touch nothing."""
    ready = np.array(planner.model.named["ready"])
    for index in range(count):
        random = np.random.default_rng(seed + index)
        start = _free(planner, bare, region.start, ready, random)
        yield start, _free(planner, bare, region.goal, start, random)


def _free(
    planner: Planner,
    bare: Bare,
    box: Corners,
    near: Floats,
    random: np.random.Generator,
) -> Floats:
    """Return joint positions with the tool in a box, pointing forward or down, more or less."""
    while True:
        x, y, z = random.uniform(*box)
        tilt = random.uniform(0.0, 1.0)
        pose = Pose((x, y, z), _towards(float(np.arctan2(y, x)), float(tilt), random))
        solutions = planner.kinematics.inverse(pose, near)
        clear = [q for q in solutions if bare.clearance_m(q) > GOAL_CLEARANCE_M]
        if clear:
            return clear[0]


def _towards(
    heading: float, tilt: float, random: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return a tool orientation: its z-axis outwards, tilted by up to 0.6 rad, turned freely."""
    roll = random.uniform(-np.pi, np.pi)
    turn = (
        pin.utils.rotate("z", heading)
        @ pin.utils.rotate("y", np.pi / 2 + 0.6 * tilt)
        @ pin.utils.rotate("z", roll)
    )
    x, y, z, w = pin.Quaternion(turn).coeffs()
    return float(x), float(y), float(z), float(w)


def lectern(planner: Planner, scene: Scene, start: Floats, goal: Floats, seed: int) -> Outcome:
    """Plan by Lectern, everything counted."""
    request = PlanRequest(JointGoal(tuple(goal)), timeout_s=TIMEOUT_S, seed=seed)
    timer = Timer()
    try:
        plan = planner.plan(request, tuple(start), scene)
    except LecternError as error:
        say(f"  seed {seed}: {error.code}: {error.detail}")
        return Outcome(*timer.milliseconds(), None)
    milliseconds = timer.milliseconds()
    (step,) = plan.steps
    assert isinstance(step, Move)
    figures = plan.figures
    straight = float(np.linalg.norm(goal - start))
    searched = figures["path_length_rad"] > straight * (1 + 1e-6)
    positions = step.trajectory.positions
    return Outcome(*milliseconds, positions, plan.duration_s, figures["timing_ms"], searched)


def plain_ompl(model: RobotModel, bare: Bare, start: Floats, goal: Floats, seed: int) -> Outcome:
    """Plan by OMPL as it comes: its resolution, its simplifier, no times."""
    ou.RNG.setSeed(seed + 1)
    count = start.size
    space = ob.RealVectorStateSpace(count)
    bounds = ob.RealVectorBounds(count)
    for i in range(count):
        bounds.setLow(i, float(model.lower[i]))
        bounds.setHigh(i, float(model.upper[i]))
    space.setBounds(bounds)
    setup = og.SimpleSetup(space)
    setup.setStateValidityChecker(lambda state: not bare.touches(np.array(state[0:count])))
    states = [space.allocState(), space.allocState()]
    for state, q in zip(states, (start, goal), strict=True):
        state[0:count] = [float(v) for v in q]
    setup.setStartAndGoalStates(*states)
    setup.setPlanner(og.RRTConnect(setup.getSpaceInformation()))
    timer = Timer()
    setup.solve(TIMEOUT_S)
    if not setup.haveExactSolutionPath():
        return Outcome(*timer.milliseconds(), None)
    setup.simplifySolution()
    milliseconds = timer.milliseconds()
    found = setup.getSolutionPath().getStates()
    return Outcome(*milliseconds, np.array([state[0:count] for state in found]))


def collides(bare: Bare, model: RobotModel, path: Floats) -> bool:
    """Check a path in steps ten times finer than OMPL's default."""
    step = OMPL_RESOLUTION / 10 * float(np.linalg.norm(model.upper - model.lower))
    for a, b in pairwise(path):
        count = max(1, int(np.ceil(np.linalg.norm(b - a) / step)))
        if any(bare.touches(a + (b - a) * share) for share in np.arange(count + 1) / count):
            return True
    return False


def summary(
    scene: str, planner: str, outcomes: list[Outcome], bare: Bare, model: RobotModel
) -> PlanningFigures:
    """Summarise one planner in one scene."""
    found = [o for o in outcomes if o.path is not None]
    paths = [o.path for o in found if o.path is not None]
    lengths = [float(np.linalg.norm(np.diff(p, axis=0), axis=1).sum()) for p in paths]
    return PlanningFigures(
        scene=scene,
        planner=planner,
        goals=len(outcomes),
        succeeded=len(found),
        milliseconds=Percentiles.of([o.milliseconds for o in outcomes]),
        processor_milliseconds=Percentiles.of([o.processor_milliseconds for o in outcomes]),
        path_length_rad_median=tidy(float(np.median(lengths or [0.0]))),
        colliding_when_rechecked=sum(collides(bare, model, path) for path in paths),
        duration_s_median=tidy(float(np.median([o.duration_s for o in found] or [0.0]))),
        timing_ms_median=tidy(float(np.median([o.timing_ms for o in found] or [0.0]))),
        searched=sum(o.searched for o in found),
    )


def measure(name: str, seed: int, goals: int) -> list[PlanningFigures]:
    """Plan every goal of a scene with both planners."""
    model, scene = textbook_arm(), SCENES[name]()
    planner, bare = Planner(model), Bare(model, scene)
    tasks = list(problems(planner, bare, REGIONS[name], seed, goals))
    planner.plan(PlanRequest(JointGoal(tuple(tasks[0][0]))), tuple(tasks[0][0]), scene)
    ours = [lectern(planner, scene, a, b, seed + i) for i, (a, b) in enumerate(tasks)]
    plain = [plain_ompl(model, bare, a, b, seed + i) for i, (a, b) in enumerate(tasks)]
    return [
        summary(name, "lectern", ours, bare, model),
        summary(name, "plain_ompl", plain, bare, model),
    ]


def bars(figures: list[PlanningFigures]) -> list[Bar]:
    """Hold Lectern's figures against the design."""
    ours = [row for row in figures if row.planner == "lectern"]
    return [
        *(
            Bar.at_most(f"median, {row.scene}", row.milliseconds.p50_ms, BAR_MEDIAN_MS, "ms")
            for row in ours
        ),
        *(
            Bar.at_most(
                f"median of processor time, {row.scene}",
                row.processor_milliseconds.p50_ms,
                BAR_MEDIAN_MS,
                "ms",
            )
            for row in ours
        ),
        Bar.at_least(
            "goals reached",
            100 * sum(row.succeeded for row in ours) / sum(row.goals for row in ours),
            100.0,
            "%",
        ),
        Bar.at_most(
            "paths that touch something",
            sum(row.colliding_when_rechecked for row in ours),
            0,
            "paths",
        ),
    ]


def main() -> None:
    """Measure every scene and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goals", type=int, default=100, help="goals in each scene")
    parser.add_argument("--development", action="store_true", help="other seeds than the reported")
    parser.add_argument("--scene", choices=SCENE_NAMES, action="append")
    options = parser.parse_args()
    ou.noOutputHandler()
    watch = Stopwatch()
    seed = DEVELOPMENT_SEED if options.development else REPORTED_SEED
    figures = []
    for name in options.scene or SCENE_NAMES:
        say(f"planning in {name} ...")
        figures += measure(name, seed, options.goals)
    settings = {
        "goals_per_scene": options.goals,
        "first_seed": seed,
        "timeout_s": TIMEOUT_S,
        "recheck_step_of_extent": OMPL_RESOLUTION / 10,
    }
    publish("planning", watch, settings, figures, bars(figures))


if __name__ == "__main__":
    main()
