"""Running a demo by its name, with every motion going through the motion gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lectern.errors import InvalidInput
from lectern.robot.demos.base import Demo, DemoResult, Parameters, Stage
from lectern.robot.demos.catalogue import find

if TYPE_CHECKING:
    from lectern.robot.gate.gate import MotionGate
    from lectern.robot.gate.proposal import Proposal
    from lectern.robot.gate.users import User

_SHOWN = 80  # characters of a wrong value that a message repeats


@dataclass(frozen=True)
class DemoRun:
    """A demo that ran.

    Attributes:
        demo: Its name.
        parameters: Those it ran with, defaults filled in.
        result: What it found out.
        duration_s: How long it took, in real time.
    """

    demo: str
    parameters: Mapping[str, Any]
    result: DemoResult
    duration_s: float


async def run_demo(
    gate: MotionGate,
    user: User,
    name: str,
    raw_parameters: Mapping[str, Any],
    seed: int = 0,
    *,
    on_approval: Callable[[Proposal], None] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> DemoRun:
    """Run one demo on the robot behind the gate.

    Args:
        gate: Every motion is proposed to it.
        user: Who runs the demo.
        name: Of the demo.
        raw_parameters: Values by name; strings are read as the type asks for.
        seed: Seed of everything random.
        on_approval: Called with each motion that a person has to approve.
        tell: Called with one sentence about each step.

    Raises:
        DemoUnknown: There is no demo of this name.
        InvalidInput: A parameter is unknown or out of range; the message names it.
        LecternError: A motion was refused, stopped or failed.
    """
    demo = find(name)
    parameters = parse(demo, raw_parameters)
    shown = parameters.model_dump(mode="json")
    session = await gate.session(user, "run_demo", {"name": name, "parameters": shown}, on_approval)
    start = time.monotonic()
    result = await demo.run(Stage(gate.view, session, seed, tell), parameters)
    return DemoRun(name, shown, result, time.monotonic() - start)


def parse(demo: Demo[Any], raw: Mapping[str, Any]) -> Parameters:
    """Return a demo's parameters from values by name.

    Raises:
        InvalidInput: One is unknown, of the wrong type or out of range; the message names it.
    """
    try:
        parameters: Parameters = demo.Parameters.model_validate(dict(raw))
    except ValidationError as error:
        raise _unusable(demo, error) from None
    return parameters


def _unusable(demo: Demo[Any], error: ValidationError) -> InvalidInput:
    fault = error.errors(include_url=False)[0]
    name = ".".join(map(str, fault["loc"])) or "parameters"
    known = ", ".join(demo.Parameters.model_fields)
    if fault["type"] == "extra_forbidden":
        return InvalidInput(
            f"The demo {demo.name} has no parameter {name[:_SHOWN]!r}.", f"Parameters: {known}."
        )
    value = str(fault["input"])[:_SHOWN]
    return InvalidInput(
        f"The parameter {name[:_SHOWN]} of the demo {demo.name} cannot be {value!r}: "
        f"{fault['msg']}.",
        "`lectern demo list` shows what it takes.",
    )
