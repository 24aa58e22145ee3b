"""A plan made anew from its content, which nobody else holds and whose digest is its own.

Frozen classes and read-only arrays can be changed by who is determined to
(`object.__setattr__`, `setflags`), and a cached digest outlives such a change. So the gate checks,
approves and executes copies that it made itself, and computes their digest itself.
"""

from __future__ import annotations

from types import MappingProxyType

from lectern.errors import TrajectoryInvalid
from lectern.robot.plan import Grip, Move, Plan, Step
from lectern.robot.trajectory import Trajectory


def seal(plan: Plan) -> Plan:
    """Return a copy of a plan that shares nothing with it.

    Raises:
        TrajectoryInvalid: It contains something that is no step, or a malformed trajectory.
    """
    if type(plan) is not Plan or type(plan.robot) is not str or type(plan.steps) is not tuple:
        raise _not_a_plan(plan)
    figures = {str(key): float(value) for key, value in plan.figures.items()}
    return Plan(plan.robot, tuple(map(_sealed, plan.steps)), MappingProxyType(figures))


def _sealed(step: Step) -> Step:
    # Exact types: a subclass could show one content to the checks and another to the robot.
    if type(step) is Move and type(step.trajectory) is Trajectory:
        path = step.trajectory
        if all(type(name) is str for name in path.names):
            names = tuple(path.names)
            return Move(Trajectory(names, path.times_s, path.positions, path.velocities))
    if type(step) is Grip and type(step.attach) is str and type(step.detach) is str:
        return Grip(float(step.width_m), float(step.force_n), step.attach, step.detach)
    raise _not_a_plan(step)


def _not_a_plan(thing: object) -> TrajectoryInvalid:
    return TrajectoryInvalid(
        f"A {type(thing).__name__[:40]} is not a plan of moves and grips.", "Plan the motion anew."
    )
