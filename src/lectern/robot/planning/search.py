"""Path search by OMPL; collision checks, limits and seeds are ours.

OMPL takes its random numbers from one generator of the process, so one search runs at a time, and
each sets the seed before OMPL builds anything that draws numbers. Planners that end with their
first path are then the same for a seed, however fast the machine is; only a timeout depends on the
clock, and that is an error, not another path. Planners that go on improving end after a number of
checked motions, not after a time, for the same reason.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou

from lectern.errors import InvalidInput, PlanningTimeout
from lectern.robot.geometry import Floats

_IMPROVING_MOTIONS = 1500
# Motions of the shortest attempt of the others, before they start anew.
_ATTEMPT_MOTIONS = 300
# Longest motion that RRT-Connect tries; OMPL would take 2.6 rad here, most of which are blocked.
_RANGE_RAD = 0.7
_one_search = threading.Lock()


@dataclass(frozen=True)
class _Algorithm:
    build: Callable[[ob.SpaceInformation], ob.Planner]
    motions: int = 0  # at which it ends, for those that go on improving; 0: at its first path


def _rrt_connect(information: ob.SpaceInformation) -> ob.Planner:
    planner = og.RRTConnect(information)
    planner.setRange(_RANGE_RAD)
    return planner


# PRM and its relatives are missing: they call back from threads of their own, which Python's lock
# stops for good.
ALGORITHMS: Mapping[str, _Algorithm] = MappingProxyType(
    {
        "rrt_connect": _Algorithm(_rrt_connect),
        "rrt": _Algorithm(og.RRT),
        "rrt_star": _Algorithm(og.RRTstar, _IMPROVING_MOTIONS),
        "informed_rrt_star": _Algorithm(og.InformedRRTstar, _IMPROVING_MOTIONS),
        "bit_star": _Algorithm(og.BITstar, _IMPROVING_MOTIONS),
        "kpiece": _Algorithm(og.KPIECE1),
        "bkpiece": _Algorithm(og.BKPIECE1),
        "lbkpiece": _Algorithm(og.LBKPIECE1),
    }
)


def algorithm(name: str) -> _Algorithm:
    """Return a planner by name.

    Raises:
        InvalidInput: There is no such planner.
    """
    if name not in ALGORITHMS:
        raise InvalidInput(
            f"There is no planner {name[:80]!r}.", f"Planners: {', '.join(sorted(ALGORITHMS))}."
        )
    return ALGORITHMS[name]


@dataclass(frozen=True)
class SearchProblem:
    """What to search for.

    Attributes:
        lower: Joint limits, shape (n,), rad.
        upper: The same.
        starts_rad: Any of them will do, each of shape (n,); the first is used first.
        goals_rad: The same.
        state_free: Tells whether the arm may be somewhere.
        motion_free: Tells whether it may move straight from one place to another.
        planner: Name of the algorithm.
        seed: Of everything random.
    """

    lower: Floats
    upper: Floats
    starts_rad: list[Floats]
    goals_rad: list[Floats]
    state_free: Callable[[Floats], bool]
    motion_free: Callable[[Floats, Floats], bool]
    planner: str
    seed: int


def search(problem: SearchProblem, deadline_s: float) -> Floats:
    """Return a path, shape (points, n), from one of the starts to one of the goals.

    Args:
        problem: What to search for.
        deadline_s: When to give up, on the clock of `time.monotonic`.

    Raises:
        PlanningTimeout: No path was found in time.
        BaseException: Whatever a check raised; OMPL would not hand it on by itself.
    """
    chosen = algorithm(problem.planner)
    wait_s = max(0.0, deadline_s - time.monotonic())
    if not _one_search.acquire(timeout=wait_s):
        raise PlanningTimeout("Other searches did not end in time.", "Try again.")
    try:
        return _restarted(problem, chosen, deadline_s)
    finally:
        _one_search.release()


def _restarted(problem: SearchProblem, chosen: _Algorithm, deadline_s: float) -> Floats:
    """Search anew with other seeds when one takes long.

    How long a tree takes to grow together differs by orders of magnitude between seeds, so many
    short attempts find a path sooner than a long one. Their lengths follow the sequence of Luby,
    Sinclair and Zuckerman, "Optimal speedup of Las Vegas algorithms", 1993, which is within a
    factor of the best there is, whatever the spread.
    """
    motions = 0
    for attempt in itertools.count():
        budget = chosen.motions or _ATTEMPT_MOTIONS * luby(attempt + 1)
        checks = _Checks(problem, budget, deadline_s)
        seed = np.random.SeedSequence([problem.seed, attempt]).generate_state(1)[0]
        path = _Search(problem, chosen, checks, int(seed)).run()
        motions += checks.motions
        if checks.failure:
            _clear_frames(checks.failure)
            raise checks.failure
        if path is not None:
            return path
        if chosen.motions or time.monotonic() > deadline_s:
            break
    raise PlanningTimeout(
        f"{problem.planner} found no path in the time given; it tried {motions} motions.",
        "Give it more time, choose another planner, or make room.",
    )


def luby(index: int) -> int:
    """Return a term of the sequence 1, 1, 2, 1, 1, 2, 4, ...; the first has the index 1."""
    bits = index.bit_length()
    if index == 2**bits - 1:
        return int(2 ** (bits - 1))
    return luby(index - 2 ** (bits - 1) + 1)


def _clear_frames(error: BaseException) -> None:
    """Let what raised an error let go of OMPL's objects, which else are reported as leaks."""
    traceback.clear_frames(error.__traceback__)
    frame = error.__traceback__ and error.__traceback__.tb_frame.f_back
    while frame is not None and frame is not sys._getframe():
        with contextlib.suppress(RuntimeError):  # it still runs
            frame.clear()
        frame = frame.f_back


class _Search:
    """One search: from OMPL's words to ours and back."""

    def __init__(
        self, problem: SearchProblem, chosen: _Algorithm, checks: _Checks, seed: int
    ) -> None:
        ou.noOutputHandler()
        ou.RNG.setSeed(seed % (2**31 - 1) + 1)
        self._problem, self._checks = problem, checks
        self._space = ob.RealVectorStateSpace(problem.lower.size)
        bounds = ob.RealVectorBounds(problem.lower.size)
        for index, (low, high) in enumerate(zip(problem.lower, problem.upper, strict=True)):
            bounds.setLow(index, float(low))
            bounds.setHigh(index, float(high))
        self._space.setBounds(bounds)
        self._information = ob.SpaceInformation(self._space)
        self._information.setStateValidityChecker(self._checks.state_free)
        self._validator = _Validator(self._information, self._checks)
        self._information.setMotionValidator(self._validator)
        self._information.setup()
        self._planner = chosen.build(self._information)

    def run(self) -> Floats | None:
        """Return a path; None: the checks ended the search before there was one."""
        definition = self._definition()
        self._planner.setProblemDefinition(definition)
        self._planner.setup()
        self._planner.solve(ob.PlannerTerminationCondition(self._checks.ended))
        if not definition.hasExactSolution():
            return None
        count = self._problem.lower.size
        return np.array([s[0:count] for s in definition.getSolutionPath().getStates()])

    def _definition(self) -> ob.ProblemDefinition:
        definition = ob.ProblemDefinition(self._information)
        for start in self._problem.starts_rad:
            definition.addStartState(self._state(start))
        goals = ob.GoalStates(self._information)
        for goal in self._problem.goals_rad:
            goals.addState(self._state(goal))
        definition.setGoal(goals)
        return definition

    def _state(self, q_rad: Floats) -> ob.State:
        state = self._space.allocState()
        state[0 : q_rad.size] = [float(v) for v in q_rad]
        return state


class _Checks:
    """What OMPL calls. It holds nothing of OMPL's: such a ring would never be freed."""

    def __init__(self, problem: SearchProblem, budget: int, deadline_s: float) -> None:
        self._problem, self._budget, self._deadline_s = problem, budget, deadline_s
        self._count = problem.lower.size
        self.failure: BaseException | None = None
        self.motions = 0

    def ended(self) -> bool:
        done = self.motions >= self._budget
        return bool(self.failure or done or time.monotonic() > self._deadline_s)

    def state_free(self, state: Any) -> bool:
        return self._guarded(lambda: self._problem.state_free(np.array(state[0 : self._count])))

    def motion_free(self, first: Any, second: Any) -> bool:
        self.motions += 1
        a, b = np.array(first[0 : self._count]), np.array(second[0 : self._count])
        return self._guarded(lambda: self._problem.motion_free(a, b))

    def _guarded(self, check: Callable[[], bool]) -> bool:
        """Keep what a check raises: it must not pass through OMPL, and ends the search."""
        if self.failure:
            return False
        try:
            return bool(check())  # OMPL takes no bool of NumPy
        except BaseException as error:
            self.failure = error
            return False


class _Validator(ob.MotionValidator):  # type: ignore[misc]
    """Hands motions to the checks."""

    def __init__(self, information: ob.SpaceInformation, checks: _Checks) -> None:
        super().__init__(information)
        self._checks = checks

    def checkMotion(self, first: Any, second: Any) -> bool:  # noqa: N802
        """Tell whether a motion is free, as OMPL asks."""
        return self._checks.motion_free(first, second)
