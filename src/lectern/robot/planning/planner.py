"""Motion planning: from a request to a trajectory that is proven free of collisions.

A straight joint motion is tried first, then OMPL searches (see `search`), the path is shortened,
rounded, timed, and the timed trajectory itself is checked continuously (see `motion`).
"""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from lectern.errors import (
    GoalInCollision,
    InvalidInput,
    LimitsExceeded,
    PathBlocked,
    PlanningTimeout,
    PlanOutdated,
    StartInCollision,
)
from lectern.robot.geometry import Floats
from lectern.robot.goals import JointGoal, LineGoal, NamedGoal, PlanRequest, PoseGoal
from lectern.robot.model import LIMIT_TOLERANCE, RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.planning.collision import CollisionWorld, Contact
from lectern.robot.planning.kinematics import Kinematics
from lectern.robot.planning.line import along_line
from lectern.robot.planning.path import MotionFree, length_rad, shortened
from lectern.robot.planning.proof import MotionChecker, Obstruction, line, polyline
from lectern.robot.planning.retreat import drawn_back, outermost_first, until
from lectern.robot.planning.search import SearchProblem, algorithm, search
from lectern.robot.planning.sweep import swept_into
from lectern.robot.planning.timing import (
    SplinePath,
    nudged,
    pieces,
    rounded,
    through,
    timed,
)
from lectern.robot.planning.worlds import Worlds
from lectern.robot.robot import START_TOLERANCE_RAD
from lectern.robot.scene import Attachment, Scene
from lectern.robot.trajectory import Trajectory

LONGEST_TIMEOUT_S = 300.0
SLOWEST = 1e-3
# Distances kept while searching, in the finished trajectory, and when a plan is checked again, m.
# Each is below the one before, so that what passes one passes the next.
_SEARCH_MARGIN_M = 4e-3
_FINAL_MARGIN_M = 1e-3
_CHECK_MARGIN_M = 2e-4
# Where start or goal are nearer than that, these shares of their distance are kept.
_SHARES = {_SEARCH_MARGIN_M: 0.5, _FINAL_MARGIN_M: 0.25, _CHECK_MARGIN_M: 0.1}
# Distances between the samples of a search, rad; the finer where the coarser missed something.
_SAMPLES_RAD = (0.04, 0.01)
_ROUNDING_RAD = 0.6
_SHARPEST_RAD = 1e-3
# Joint positions this close are the same place, rad.
_SAME_RAD = 1e-9
# Motions of less than this are too short to be timed as a path.
_NUDGE_RAD = 1e-4


class Planner:
    """Plans motions of one robot; thread-safe, though searches take turns (see `search`).

    The same request gives the same plan, unless the clock ends the search: that is an error.

    A plan's figure `min_clearance_m` is proven: at no instant of its motion are two shapes, of
    which a joint changes the distance, nearer than that; they may stay farther apart. It is -1
    where there is nothing to touch.

    Raises:
        DescriptionInvalid: The robot's description cannot be used.
    """

    def __init__(self, model: RobotModel) -> None:
        self.model = model
        self.kinematics = Kinematics(model)
        self._worlds = Worlds(model)

    def plan(
        self,
        request: PlanRequest,
        start_rad: Floats | tuple[float, ...],
        scene: Scene,
        finger_m: float | None = None,
    ) -> Plan:
        """Plan one motion.

        Args:
            request: Goal and settings; its start and scene come before the following ones.
            start_rad: Where the robot is, shape (n,).
            scene: Its surroundings.
            finger_m: Position of the fingers, m; None: open.

        Raises:
            LecternError: What `RobotView.plan` names.
        """
        began = time.monotonic()
        check_request(request)
        start = self._positions(request.start_rad or start_rad, "start", START_TOLERANCE_RAD)
        with self._world(request.scene or scene, finger_m) as world:
            return _Task(self, request, start, world, began).plan()

    def check(
        self,
        plan: Plan,
        scene: Scene,
        start_rad: Floats | tuple[float, ...] | None = None,
        finger_m: float | None = None,
    ) -> None:
        """Check a plan for collisions, continuously: every instant of its moves and its grips.

        Fingers that close may meet what is free to move, for that is how they grip.

        Args:
            plan: Of this robot.
            scene: The surroundings at its start; grips attach and detach objects on the way.
            start_rad: Where the robot is; None: where the plan begins.
            finger_m: Position of the fingers at the start, m; None: open.

        Raises:
            PathBlocked: It touches something; the message names both and the moment.
            PlanOutdated: It begins elsewhere, or a step does not begin where the one before ends.
            LimitsExceeded: A trajectory leaves the joint limits.
        """
        at = None if start_rad is None else np.asarray(start_rad, dtype=np.float64)
        passed_s = 0.0
        for step in plan.steps:
            if isinstance(step, Grip):
                then, opening_m = self._gripped(step, scene, at, finger_m)
                if at is not None:
                    self._check_grip(step, scene, at, finger_m, opening_m)
                scene, finger_m = then, opening_m
                continue
            self._check_move(step.trajectory, scene, at, finger_m, passed_s)
            at = step.trajectory.positions[-1]
            passed_s += step.trajectory.duration_s

    def robot_contacts(
        self, q_rad: Floats | tuple[float, ...], finger_m: float, scene: Scene
    ) -> list[tuple[str, str]]:
        """Return which links and objects touch, deepest first."""
        q = np.asarray(q_rad, dtype=np.float64)
        with self._world(scene, finger_m) as world:
            return [(c.first, c.second) for c in world.contacts(q)]

    def _world(
        self, scene: Scene, finger_m: float | None
    ) -> AbstractContextManager[CollisionWorld]:
        open_m = self.model.gripper.max_width_m / 2
        return self._worlds.lend(scene, open_m if finger_m is None else finger_m)

    def _positions(
        self, values: Floats | tuple[float, ...], what: str, slack_rad: float = LIMIT_TOLERANCE
    ) -> Floats:
        q = np.asarray(values, dtype=np.float64)
        self.model.check_positions(q, what, slack_rad)
        return np.clip(q, self.model.lower, self.model.upper)

    def _gripped(
        self, grip: Grip, scene: Scene, at: Floats | None, finger_m: float | None
    ) -> tuple[Scene, float | None]:
        """Return the scene and the fingers after a grip."""
        if at is None and (grip.attach or grip.detach):
            raise PlanOutdated("The plan grips before it says where the arm is.", "Give its start.")
        opening_m = grip.width_m / 2
        if grip.attach and at is not None:
            opening_m = max(opening_m, self._closed_on(grip.attach, scene, at, finger_m))
            link = self.kinematics.link_pose(at, self.model.tool_frame)
            held = link.inverse(self.model.tool_frame) @ scene.get(grip.attach).pose
            scene = scene.attach(grip.attach, Attachment(self.model.tool_frame, held))
        if grip.detach in scene.attached and at is not None:
            hold = scene.attached[grip.detach]
            scene = scene.detach(grip.detach, self.kinematics.link_pose(at, hold.link) @ hold.pose)
        return scene, opening_m

    def _check_grip(
        self, grip: Grip, scene: Scene, at: Floats, begin_m: float | None, end_m: float | None
    ) -> None:
        open_m = self.model.gripper.max_width_m / 2
        begin_m, end_m = (open_m if m is None else min(m, open_m) for m in (begin_m, end_m))
        spared = {grip.attach, grip.detach}
        found = swept_into(self.model, at, scene, begin_m, end_m, spared=spared)
        if found:
            raise PathBlocked(
                f"{found[0]} and {found[1]} touch when the gripper goes from "
                f"{2e3 * begin_m:.0f} to {2e3 * end_m:.0f} mm.",
                "Make room, or choose another width.",
            )

    def _closed_on(self, name: str, scene: Scene, at: Floats, finger_m: float | None) -> float:
        """Return the position of the fingers when they meet an object."""
        present = self.model.gripper.max_width_m / 2 if finger_m is None else finger_m
        with self._world(scene, present) as world:
            gaps = [
                float(distance)
                for distance, pair in zip(world.distances(at), world.pairs, strict=True)
                if name in pair and any("finger" in side for side in pair)
            ]
        return max(0.0, present - max(0.0, min(gaps, default=present)))

    def _check_move(
        self,
        trajectory: Trajectory,
        scene: Scene,
        at: Floats | None,
        finger_m: float | None,
        passed_s: float,
    ) -> None:
        if trajectory.names != self.model.names:
            raise InvalidInput(
                f"The trajectory moves {', '.join(trajectory.names)[:200]}.",
                f"Joints in order: {', '.join(self.model.names)}.",
            )
        begin, end = trajectory.positions[0], trajectory.positions[-1]
        if at is not None and np.abs(begin - at).max() > START_TOLERANCE_RAD:
            raise PlanOutdated("The robot is not where the plan begins.", "Plan anew.")
        self._check_hull(pieces(trajectory))
        with self._world(scene, finger_m) as world:
            required = _required(world, [begin, end], _CHECK_MARGIN_M)
            found = MotionChecker(world).obstruction(pieces(trajectory), required)
            if found:
                h = np.diff(trajectory.times_s)[found.piece]
                moment_s = passed_s + trajectory.times_s[found.piece] + found.fraction * h
                raise _blocked(world, found, f"after {moment_s:.2f} s")

    def _check_hull(self, controls: Floats) -> None:
        """The curves stay in the hull of their control points, so these tell about the limits."""
        for name, low, high, values in zip(
            self.model.names, self.model.lower, self.model.upper, controls.T, strict=True
        ):
            if values.min() < low - 1e-3 or values.max() > high + 1e-3:
                raise LimitsExceeded(
                    f"The trajectory takes {name} to {values.min():.3f} .. {values.max():.3f} rad, "
                    f"not within {low:g} to {high:g}.",
                    "Plan the motion anew.",
                )


@dataclass
class _Task:
    """One request at work."""

    planner: Planner
    request: PlanRequest
    start: Floats
    world: CollisionWorld
    began_s: float

    def __post_init__(self) -> None:
        self.model = self.planner.model
        self.checker = MotionChecker(self.world)
        self.timing_s = 0.0
        self.clearance_m = math.inf

    def plan(self) -> Plan:
        touching = self.world.contacts(self.start)
        if touching:
            raise StartInCollision(
                f"Where the motion begins, {_listed(touching)} touch.",
                "Move the robot or the object apart.",
            )
        if isinstance(self.request.goal, LineGoal):
            points = along_line(self.planner.kinematics, self.start, self.request.goal.pose)
            self._refuse_touching([points[-1]])
            trajectory = self._timed_line(points)
        else:
            goals = self._refuse_touching(self._goals())
            trajectory = self._around(goals)
        return self._finished(trajectory)

    def _goals(self) -> list[Floats]:
        goal = self.request.goal
        if isinstance(goal, JointGoal):
            return [self.planner._positions(goal.positions_rad, "goal")]
        if isinstance(goal, NamedGoal):
            return [self.planner._positions(self.model.pose_named(goal.name), "goal")]
        if isinstance(goal, PoseGoal):
            return self.planner.kinematics.reach(goal.pose, self.start)
        raise InvalidInput(f"{type(goal).__name__} is no goal.", "Give one of lectern.robot.goals.")

    def _refuse_touching(self, goals: list[Floats]) -> list[Floats]:
        contacts = [self.world.contacts(q) for q in goals]
        free = [q for q, touching in zip(goals, contacts, strict=True) if not touching]
        if free:
            return free
        ways = "" if len(goals) == 1 else f" in each of the {len(goals)} ways to reach it"
        raise GoalInCollision(
            f"At the goal{ways}, {_listed(contacts[0])} touch.",
            "Choose another goal, or make room.",
        )

    def _around(self, goals: list[Floats]) -> Trajectory:
        """Search with quick checks; where the proof finds what they missed, search with proofs."""
        self.keep = self._required([self.start, *goals], _SEARCH_MARGIN_M)
        self.world.demand(self.keep)
        for step_rad in _SAMPLES_RAD:
            try:
                return self._timed_path(self._path(goals, partial(self._sampled, step_rad)))
            except PathBlocked:
                continue
        return self._timed_path(self._path(goals, self._proven))

    def _path(self, goals: list[Floats], motion_free: MotionFree) -> Floats:
        for goal in goals:
            if motion_free(self.start, goal):
                return np.array([self.start, goal])
        return shortened(self._searched(goals, motion_free), motion_free, self.request.seed)

    def _searched(self, goals: list[Floats], motion_free: MotionFree) -> Floats:
        kinematics, seed = self.planner.kinematics, self.request.seed
        outs = [drawn_back(kinematics, self.start, motion_free, seed)]
        ins = [drawn_back(kinematics, goal, motion_free, seed) for goal in goals]
        problem = SearchProblem(
            self.model.lower,
            self.model.upper,
            outermost_first(outs),
            outermost_first(ins),
            self._state_free,
            motion_free,
            self.request.planner,
            self.request.seed,
        )
        found = search(problem, self.began_s + self.request.timeout_s)
        first, last = until(outs, found[0]), until(ins, found[-1])
        return np.concatenate([first, found[1:-1], last[::-1]])

    def _state_free(self, q: Floats) -> bool:
        self.checker.checked += 1
        return not self.world.crowded(q)

    def _sampled(self, step_rad: float, first: Floats, second: Floats) -> bool:
        return self.checker.looks_free(first, second, step_rad)

    def _proven(self, first: Floats, second: Floats) -> bool:
        return self.checker.obstruction(line(first, second), self.keep) is None

    def _required(self, ends: list[Floats], margin_m: float) -> Floats:
        return _required(self.world, ends, margin_m)

    def _timed_path(self, path: Floats) -> Trajectory:
        """Round and time a path; where rounding takes it too near to something, round less."""
        if np.abs(path - path[0]).max() < _NUDGE_RAD:
            return self._nudged(path[0], path[-1])
        apart = np.append(True, np.abs(np.diff(path, axis=0)).max(axis=1) > _SAME_RAD)
        path = path[apart]
        radii = np.full(len(path) - 2, _ROUNDING_RAD)
        keep = self._required([path[0], path[-1]], _FINAL_MARGIN_M)
        while True:
            trajectory = self._timed(rounded(path, radii))
            found = self._touched(trajectory, keep)
            if not found:
                return trajectory
            if not radii.size or radii.min() < _SHARPEST_RAD:
                raise _blocked(self.world, found, "on the timed path")
            sharp = self.checker.obstruction(polyline(path), keep)
            if sharp:
                raise _blocked(self.world, sharp, "on the path")
            nearest = int(np.argmin(np.linalg.norm(path[1:-1] - found.q_rad, axis=1)))
            radii[nearest] /= 2
            self._refuse_late()

    def _timed_line(self, points: Floats) -> Trajectory:
        if np.abs(points - points[0]).max() < _NUDGE_RAD:
            return self._nudged(points[0], points[-1])
        trajectory = self._timed(through(points))
        keep = self._required([points[0], points[-1]], _FINAL_MARGIN_M)
        found = self._touched(trajectory, keep)
        if found:
            share = np.argmin(np.linalg.norm(points - found.q_rad, axis=1)) / (len(points) - 1)
            raise _blocked(self.world, found, f"at {100 * share:.0f} % of the straight line")
        return trajectory

    def _nudged(self, first: Floats, last: Floats) -> Trajectory:
        trajectory = nudged(self.model, first, last, self.request.speed_scale)
        found = self._touched(trajectory, self._required([first, last], _FINAL_MARGIN_M))
        if found:
            raise _blocked(self.world, found, "on the way")
        return trajectory

    def _touched(self, trajectory: Trajectory, keep: Floats) -> Obstruction | None:
        found = self.checker.obstruction(pieces(trajectory), keep)
        self.clearance_m = self.checker.apart_m
        return found

    def _timed(self, path: SplinePath) -> Trajectory:
        began = time.perf_counter()
        trajectory = timed(path, self.model, self.request.speed_scale)
        self.timing_s += time.perf_counter() - began
        return trajectory

    def _refuse_late(self) -> None:
        if time.monotonic() > self.began_s + self.request.timeout_s:
            raise PlanningTimeout(
                f"The path was found but not timed within {self.request.timeout_s:g} s.",
                "Give it more time.",
            )

    def _finished(self, trajectory: Trajectory) -> Plan:
        figures = {
            "planning_ms": 1e3 * (time.monotonic() - self.began_s),
            "timing_ms": 1e3 * self.timing_s,
            "path_length_rad": length_rad(trajectory.positions),
            "duration_s": trajectory.duration_s,
            "min_clearance_m": self.clearance_m if math.isfinite(self.clearance_m) else -1.0,
            "states_checked": float(self.checker.checked),
        }
        return Plan(self.model.name, (Move(trajectory),), MappingProxyType(figures))


def check_request(request: PlanRequest) -> None:
    """Check what is asked of a planner beside goal and start.

    Raises:
        InvalidInput: Speed, time, seed or algorithm cannot be used.
    """
    if not SLOWEST <= request.speed_scale <= 1:
        raise InvalidInput(
            f"The speed_scale {request.speed_scale} is not within {SLOWEST:g} to 1.",
            "Give the share of the limits to use.",
        )
    if not 0 < request.timeout_s <= LONGEST_TIMEOUT_S:
        raise InvalidInput(
            f"The timeout {request.timeout_s} s is not above 0 and at most "
            f"{LONGEST_TIMEOUT_S:g} s.",
            "Give the longest time to search.",
        )
    if not isinstance(request.seed, int) or request.seed < 0:
        raise InvalidInput(f"The seed {request.seed!r} is no whole number of 0 or more.")
    algorithm(request.planner)


def _required(world: CollisionWorld, ends: list[Floats], margin_m: float) -> Floats:
    """Return the distance each pair must keep, shape (pairs,).

    A pair that is nearer at an end, as fingers over a bench or a cube that stands on it, must keep
    a share of what it has there; never less than where it touches.
    """
    nearest = np.min([world.distances(q) for q in ends], axis=0)
    spare = np.maximum(nearest - world.floor_m, 0.0)
    return np.asarray(world.floor_m + np.minimum(margin_m, _SHARES[margin_m] * spare))


def _listed(contacts: list[Contact]) -> str:
    return ", ".join(map(str, contacts[:3]))


def _blocked(world: CollisionWorld, found: Obstruction, where: str) -> PathBlocked:
    first, second = world.pairs[found.pair]
    return PathBlocked(
        f"{first} and {second} come within {max(found.distance_m, 0) * 1e3:.1f} mm {where}.",
        "Make room, or let the planner search for another way.",
    )
