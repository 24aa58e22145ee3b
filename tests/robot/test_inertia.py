"""Masses and inertias of both robots equal those of the shapes that are seen."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
import yaml

from lectern.robot.description import description_folder, unfold_arm, unfold_base

Array = npt.NDArray[np.float64]
ROBOTS = {"arm": unfold_arm(), "base": unfold_base()}


@dataclass(frozen=True)
class Body:
    """Mass in kg, centre of mass in m, inertia about it in kg m^2, in axes of the link frame."""

    mass: float
    centre: Array
    inertia: Array


def numbers(text: str) -> Array:
    return np.array([float(word) for word in text.split()])


def rotation(rpy: Array) -> Array:
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def volume_and_moments(geometry: ElementTree.Element) -> tuple[float, Array]:
    """Volume, and the principal moments of inertia per unit of mass."""
    shape = geometry[0]
    if shape.tag == "box":
        x, y, z = numbers(shape.attrib["size"])
        return x * y * z, np.array([y * y + z * z, x * x + z * z, x * x + y * y]) / 12
    radius = float(shape.attrib["radius"])
    if shape.tag == "sphere":
        return 4 / 3 * np.pi * radius**3, np.full(3, 2 / 5 * radius**2)
    length = float(shape.attrib["length"])
    across = radius**2 / 4 + length**2 / 12
    return np.pi * radius**2 * length, np.array([across, across, radius**2 / 2])


def from_shapes(link: ElementTree.Element, mass: float) -> Body:
    """The body of uniform density that the visual shapes of a link make, by integration rules."""
    solids = []
    for visual in link.iter("visual"):
        origin = visual.find("origin").attrib
        volume, moments = volume_and_moments(visual.find("geometry"))
        turn = rotation(numbers(origin["rpy"]))
        solids.append((volume, numbers(origin["xyz"]), turn @ np.diag(moments) @ turn.T))
    total = sum(volume for volume, _, _ in solids)
    centre = sum(volume * at for volume, at, _ in solids) / total
    inertia = np.zeros((3, 3))
    for volume, at, own in solids:
        arm = at - centre
        inertia += mass * volume / total * (own + arm @ arm * np.eye(3) - np.outer(arm, arm))
    return Body(mass, centre, inertia)


def as_written(link: ElementTree.Element) -> Body:
    inertial = link.find("inertial")
    of = {key: float(value) for key, value in inertial.find("inertia").attrib.items()}
    rows = [
        [of["ixx"], of["ixy"], of["ixz"]],
        [of["ixy"], of["iyy"], of["iyz"]],
        [of["ixz"], of["iyz"], of["izz"]],
    ]
    mass = float(inertial.find("mass").attrib["value"])
    return Body(mass, numbers(inertial.find("origin").attrib["xyz"]), np.array(rows))


def solid_links(robot: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(ROBOTS[robot])
    return [link for link in root.iter("link") if link.find("visual") is not None]


LINKS = [
    pytest.param(robot, link, id=f"{robot}-{link.attrib['name']}")
    for robot in ROBOTS
    for link in solid_links(robot)
]


def named_mass(robot: str, link: str) -> float:
    text = (description_folder() / "config" / "masses.yaml").read_text(encoding="utf-8")
    masses = yaml.safe_load(text)[robot]
    pairs = {"finger_left_link": "finger_link", "finger_right_link": "finger_link"}
    pairs |= {"wheel_left_link": "wheel_link", "wheel_right_link": "wheel_link"}
    return float(masses[pairs.get(link, link)])


@pytest.mark.parametrize(("robot", "link"), LINKS)
def test_a_link_weighs_what_the_table_of_masses_says(robot: str, link: ElementTree.Element) -> None:
    assert as_written(link).mass == named_mass(robot, link.attrib["name"])


@pytest.mark.parametrize(("robot", "link"), LINKS)
def test_centre_and_inertia_follow_from_the_shapes(robot: str, link: ElementTree.Element) -> None:
    written = as_written(link)
    computed = from_shapes(link, written.mass)
    np.testing.assert_allclose(written.centre, computed.centre, atol=1e-12)
    np.testing.assert_allclose(written.inertia, computed.inertia, atol=1e-12)


@pytest.mark.parametrize(("robot", "link"), LINKS)
def test_an_inertia_is_one_that_a_body_can_have(robot: str, link: ElementTree.Element) -> None:
    small, middle, large = np.linalg.eigvalsh(as_written(link).inertia)
    assert small > 0
    assert small + middle > large


@pytest.mark.parametrize(("robot", "low_kg", "high_kg"), [("arm", 15, 20), ("base", 5, 6)])
def test_a_robot_weighs_what_its_readme_says(robot: str, low_kg: float, high_kg: float) -> None:
    assert low_kg < sum(as_written(link).mass for link in solid_links(robot)) < high_kg


@pytest.mark.parametrize("robot", ROBOTS)
def test_only_frames_have_no_mass(robot: str) -> None:
    root = ElementTree.fromstring(ROBOTS[robot])
    frames = {link.attrib["name"] for link in root.iter("link") if link.find("inertial") is None}
    assert frames <= {"world", "tool_link", "camera_optical_frame", "base_footprint"}
