"""Plans: the exact steps a robot would take, with a digest that an approval is bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from lectern.errors import InvalidInput
from lectern.robot.trajectory import Trajectory


@dataclass(frozen=True)
class Move:
    """Follow a trajectory."""

    trajectory: Trajectory

    def digest(self) -> str:
        """Return what an approval of this step is bound to."""
        return "move:" + self.trajectory.digest()


@dataclass(frozen=True)
class Grip:
    """Open or close the gripper.

    Attributes:
        width_m: Distance between the fingers to reach; an object in between stops them earlier.
        force_n: Force with which they close.
        attach: Object that the robot holds from then on; empty: none.
        detach: Object that it lets go of; empty: none.
    """

    width_m: float
    force_n: float
    attach: str = ""
    detach: str = ""

    def digest(self) -> str:
        """Return what an approval of this step is bound to."""
        fields = [self.width_m + 0.0, self.force_n + 0.0, self.attach, self.detach]
        return "grip:" + json.dumps(fields)


Step: TypeAlias = Move | Grip


@dataclass(frozen=True)
class Plan:
    """Steps taken one after another.

    Attributes:
        robot: Name of the robot that they are for.
        steps: What to do, in order.
        figures: How it was found, for people: planning time in ms, path length in rad and so on.
    """

    robot: str
    steps: tuple[Step, ...]
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the robot and of every step, in hexadecimal; what a person approves."""
        content = json.dumps([self.robot, *(step.digest() for step in self.steps)])
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def duration_s(self) -> float:
        """Time of all moves; the gripper's time depends on what it meets."""
        return sum(s.trajectory.duration_s for s in self.steps if isinstance(s, Move))

    def then(self, *others: Plan) -> Plan:
        """Return this plan followed by others.

        Raises:
            InvalidInput: One is for another robot.
        """
        if any(other.robot != self.robot for other in others):
            raise InvalidInput(
                f"Only plans for {self.robot[:80]!r} can follow this one.", "Plan with this robot."
            )
        steps = sum((other.steps for other in others), self.steps)
        plans = (self, *others)
        totals = {
            key: _total(key, [plan.figures[key] for plan in plans if key in plan.figures])
            for key in {key: None for plan in plans for key in plan.figures}
        }
        return Plan(self.robot, steps, MappingProxyType(totals))


def _total(figure: str, values: list[float]) -> float:
    """Return one figure of several plans taken together: the least clearance, else the sum."""
    return min(values) if figure.startswith("min_") else sum(values)
