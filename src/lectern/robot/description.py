"""The robot descriptions: xacro unfolded to URDF without ROS, and the tables that go with it.

The files belong to the ROS package `lectern_description`; a wheel carries a copy of them.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from xml.dom import Node
from xml.parsers.expat import ExpatError

import xacro
import yaml

from lectern.errors import DescriptionInvalid, InvalidInput

Simulation = Literal["mock", "gazebo", "real"]
Reason = Literal["adjacent", "always", "never"]
T = TypeVar("T")

_SIMULATIONS = ("mock", "gazebo", "real")
_ARM_JOINTS = tuple(f"joint_{i}" for i in range(1, 7))
_REASONS = ("adjacent", "always", "never")
_REMEDY = "Repair the file or install Lectern again."
# The key at the top of a file, where it is not the name of the file.
_TOP_KEYS = {"self_collision": "may_touch"}
# xacro keeps the file it is reading in module variables.
_xacro_lock = threading.Lock()


@dataclass(frozen=True)
class LimitRow:
    """Limits of one joint, in rad, rad/s, rad/s^2 and N m, or m, m/s, m/s^2 and N."""

    lower: float
    upper: float
    velocity: float
    acceleration: float
    effort: float


@dataclass(frozen=True)
class BaseNumbers:
    """The wheels of the differential-drive base and their limits."""

    wheel_radius_m: float
    wheel_separation_m: float
    max_wheel_velocity_rad_s: float
    max_wheel_acceleration_rad_s2: float
    max_wheel_effort_nm: float


@dataclass(frozen=True)
class DhRow:
    """One row of a standard Denavit-Hartenberg table."""

    joint: str
    a_m: float
    alpha_rad: float
    d_m: float
    theta_offset_rad: float


@dataclass(frozen=True)
class AllowedCollision:
    """Two links that collision checks skip.

    Attributes:
        links: Their names, in alphabetical order.
        reason: `adjacent` (one joint holds or moves both), `always` or `never` (they touch in
            every or in no sampled pose).
    """

    links: tuple[str, str]
    reason: Reason


def description_folder() -> Path:
    """Return the folder with `urdf` and `config`, of the source tree or the installed package.

    Raises:
        DescriptionInvalid: Neither is there.
    """
    here = Path(__file__).resolve()
    source = here.parents[3] / "ros2_ws" / "src" / "lectern_description"
    for folder in (source, here.parent / "_description"):
        if (folder / "urdf").is_dir():
            return folder
    raise DescriptionInvalid(f"The robot description is not in {source}.", _REMEDY)


def unfold_arm(
    *,
    prefix: str = "",
    sim: Simulation = "mock",
    parent: str = "world",
    xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    rpy_rad: tuple[float, float, float] = (0.0, 0.0, 0.0),
    controllers: str = "",
    folder: Path | None = None,
) -> str:
    """Return the arm's URDF.

    Args:
        prefix: Put before every link and joint name.
        sim: What `ros2_control` drives: nothing but itself, Gazebo, or a real arm.
        parent: The link that the arm stands on; any but `world` must be joined in by the caller.
        xyz_m: Where `base_link` stands in `parent`.
        rpy_rad: How it is turned there, about the fixed axes x, y, z.
        controllers: For Gazebo, the YAML file of the controllers.
        folder: The description to read instead of Lectern's.

    Raises:
        InvalidInput: `sim` is none of the three.
        DescriptionInvalid: A file is missing or malformed.
    """
    arguments = {"prefix": prefix, "sim": sim, "parent": parent, "controllers": controllers}
    return _unfold("arm", folder, arguments | _origin(xyz_m, rpy_rad))


def unfold_base(
    *,
    prefix: str = "",
    sim: Simulation = "mock",
    parent: str = "",
    xyz_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    rpy_rad: tuple[float, float, float] = (0.0, 0.0, 0.0),
    folder: Path | None = None,
) -> str:
    """Return the URDF of the differential-drive base; without a parent it is free to drive.

    Takes and raises what `unfold_arm` does; `xyz_m` and `rpy_rad` place `base_footprint`.
    """
    arguments = {"prefix": prefix, "sim": sim, "parent": parent}
    return _unfold("base", folder, arguments | _origin(xyz_m, rpy_rad))


def joint_limits(folder: Path | None = None) -> dict[str, LimitRow]:
    """Return the limits of the arm's six joints and of `finger_left_joint`, in that order.

    Raises:
        DescriptionInvalid: The file is missing or malformed.
    """
    return _read(folder, "joint_limits", _limits_of)


def named_poses(folder: Path | None = None) -> dict[str, tuple[float, ...]]:
    """Return the arm's poses by name: joint_1 to joint_6, rad.

    Raises:
        DescriptionInvalid: The file is missing or malformed.
    """
    return _read(folder, "named_poses", _poses_of)


def base_numbers(folder: Path | None = None) -> BaseNumbers:
    """Return the wheels of the base and what they can do.

    Raises:
        DescriptionInvalid: The file is missing or malformed.
    """
    return _read(folder, "base", _base_of)


def dh_table(folder: Path | None = None) -> tuple[DhRow, ...]:
    """Return the arm's standard DH table, from `base_link` to `tool_link`.

    Raises:
        DescriptionInvalid: The file is missing or malformed.
    """
    return _read(folder, "dh", _dh_of)


def allowed_collisions(folder: Path | None = None) -> tuple[AllowedCollision, ...]:
    """Return the pairs of the arm's links that collision checks skip, with the reason.

    Raises:
        DescriptionInvalid: The file is missing or malformed.
    """
    return _read(folder, "self_collision", _pairs_of)


def _origin(
    xyz_m: tuple[float, float, float], rpy_rad: tuple[float, float, float]
) -> dict[str, str]:
    return {"xyz": " ".join(map(str, xyz_m)), "rpy": " ".join(map(str, rpy_rad))}


def _unfold(robot: str, folder: Path | None, arguments: Mapping[str, str]) -> str:
    if arguments["sim"] not in _SIMULATIONS:
        raise InvalidInput(
            f"A robot description has no variant {arguments['sim']!r:.80}.",
            f"Variants: {', '.join(_SIMULATIONS)}.",
        )
    path = (folder or description_folder()) / "urdf" / f"{robot}.urdf.xacro"
    try:
        with _xacro_lock:
            document = xacro.process_file(str(path), mappings=dict(arguments))
    except (xacro.XacroException, ExpatError, OSError) as error:
        raise DescriptionInvalid(f"{path.name} does not unfold: {error}.", _REMEDY) from error
    _drop_comments(document)
    return str(document.toprettyxml(indent="  "))


def _drop_comments(node: Any) -> None:
    """Take comments out: xacro's own names folders of this machine."""
    for child in list(node.childNodes):
        if child.nodeType == Node.COMMENT_NODE:
            node.removeChild(child)
        else:
            _drop_comments(child)


def _read(folder: Path | None, file: str, convert: Callable[[Any], T]) -> T:
    path = (folder or description_folder()) / "config" / f"{file}.yaml"
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        return convert(table[_TOP_KEYS.get(file, file)])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DescriptionInvalid(f"{path.name} cannot be used: {error!r}.", _REMEDY) from error


def _limits_of(table: Any) -> dict[str, LimitRow]:
    return {name: _limit_row(row) for name, row in table.items()}


def _limit_row(row: Any) -> LimitRow:
    limits = LimitRow(
        lower=_finite(row["min_position"]),
        upper=_finite(row["max_position"]),
        velocity=_positive(row["max_velocity"]),
        acceleration=_positive(row["max_acceleration"]),
        effort=_positive(row["max_effort"]),
    )
    if limits.lower >= limits.upper:
        raise ValueError(f"min_position {limits.lower} is not below {limits.upper}")
    return limits


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not finite")
    return number


def _positive(value: Any) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError(f"{value} is not above zero")
    return number


def _poses_of(table: Any) -> dict[str, tuple[float, ...]]:
    poses = {str(name): tuple(map(_finite, pose)) for name, pose in table.items()}
    for name, pose in poses.items():
        if len(pose) != len(_ARM_JOINTS):
            raise ValueError(f"pose {name} has {len(pose)} joints, not {len(_ARM_JOINTS)}")
    return poses


def _base_of(table: Any) -> BaseNumbers:
    return BaseNumbers(**{name: _positive(value) for name, value in table.items()})


def _dh_of(rows: Any) -> tuple[DhRow, ...]:
    table = tuple(_dh_row(**row) for row in rows)
    if tuple(row.joint for row in table) != _ARM_JOINTS:
        raise ValueError(f"the rows are not {', '.join(_ARM_JOINTS)}")
    return table


def _dh_row(joint: str, **numbers: Any) -> DhRow:
    return DhRow(joint, **{name: _finite(value) for name, value in numbers.items()})


def _pairs_of(rows: Any) -> tuple[AllowedCollision, ...]:
    return tuple(_pair(row["links"], row["reason"]) for row in rows)


def _pair(links: Any, reason: Any) -> AllowedCollision:
    if reason not in _REASONS:
        raise ValueError(f"{reason!r} is no reason for {links} to touch")
    first, second = sorted(map(str, links))
    return AllowedCollision((first, second), reason)
