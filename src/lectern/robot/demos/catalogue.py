"""All demos by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lectern.errors import DemoUnknown
from lectern.robot.demos.base import Demo
from lectern.robot.demos.forward_kinematics import ForwardKinematics
from lectern.robot.demos.interpolation import Interpolation
from lectern.robot.demos.inverse_kinematics import InverseKinematics
from lectern.robot.demos.jacobian import Jacobian
from lectern.robot.demos.odometry import Odometry
from lectern.robot.demos.pick_and_place import PickAndPlace
from lectern.robot.demos.pid import Pid
from lectern.robot.demos.push import Push
from lectern.robot.demos.rrt_connect import RrtConnect
from lectern.robot.demos.singularity import Singularity
from lectern.robot.demos.trajectory import TrajectoryDemo

_ALL: tuple[Demo[Any], ...] = (
    ForwardKinematics(),
    Jacobian(),
    Singularity(),
    InverseKinematics(),
    Interpolation(),
    TrajectoryDemo(),
    Pid(),
    RrtConnect(),
    PickAndPlace(),
    Push(),
    Odometry(),
)

DEMOS: Mapping[str, Demo[Any]] = MappingProxyType({demo.name: demo for demo in _ALL})


def find(name: str) -> Demo[Any]:
    """Return one demo.

    Raises:
        DemoUnknown: There is none of this name; the remedy lists those there are.
    """
    if name not in DEMOS:
        raise DemoUnknown(f"There is no demo {name[:80]!r}.", f"Demos: {', '.join(DEMOS)}.")
    return DEMOS[name]


def describe() -> list[dict[str, Any]]:
    """Return name, title, book section with its heading and parameters (JSON schema) of each."""
    return [
        {
            "name": demo.name,
            "title": demo.title,
            "section": demo.section,
            "section_title": demo.section_title,
            "parameters": demo.Parameters.model_json_schema().get("properties", {}),
        }
        for demo in DEMOS.values()
    ]
