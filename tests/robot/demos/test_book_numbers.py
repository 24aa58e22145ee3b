"""The numbers printed in the book are those that the demos compute."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lectern.robot.demos import chain, jacobian, singularity

BOOK = Path(__file__).parents[3] / "docs" / "book"
CHAPTER_3 = (BOOK / "03-forward-kinematics-and-the-jacobian.md").read_text(encoding="utf-8")
# The posture of the book's examples: the elbow arm at (90, 30, 60) degrees is, in its own plane,
# the planar 2R arm at (30, 60).
Q = np.radians([90, 30, 60, 0, 0, 0])
RATES = np.array([0.0, 0.5, -0.2, 0.0, 0.0, 0.0])


def section(heading: str) -> str:
    (part,) = [
        p for p in re.split(r"^(?=#{2,3} )", CHAPTER_3, flags=re.MULTILINE) if p.startswith(heading)
    ]
    return part


def numbers(text: str) -> list[float]:
    return [float(n.replace("\N{MINUS SIGN}", "-")) for n in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_the_tool_of_the_elbow_arm():
    found = re.search(r"tool stands at \$\(([^)]+)\)\$ m", section("### A worked DH table"))

    assert numbers(found[1]) == pytest.approx(chain.wrist_centre(Q).round(3), abs=1e-9)


def test_the_dh_table_is_that_of_the_simulated_arm():
    rows = re.findall(r"^\| [123] \|(.+)\|$", section("### A worked DH table"), re.MULTILINE)
    cells = [[c.strip() for c in row.split("|")] for row in rows]

    assert [float(c[0]) for c in cells] == [0.0, chain.table()[1].a_m, chain.table()[3].d_m]
    assert float(cells[0][2]) == chain.table()[0].d_m


def test_the_jacobian_of_the_elbow_arm():
    text = section("## Columns of the geometric Jacobian")
    matrix = re.search(r"J_v = \\begin\{bmatrix\}(.+?)\\end", text, re.DOTALL)[1]
    printed = [numbers(row) for row in matrix.split(r"\\")]

    assert printed == jacobian.predict(Q, RATES)["wrist_jacobian_m"]


def test_the_tool_velocity_of_the_planar_arm():
    text = section("## Tool velocity from joint velocities")
    *_, vector = re.findall(r"\\begin\{bmatrix\}(.+?)\\end", text)
    speed = re.search(r"= (\d\.\d+)\$ m/s, to the left", text)[1]
    predicted = jacobian.predict(Q, RATES)

    # Shoulder turned by 90 degrees: the plane's x is the base's y.
    assert numbers(vector) == predicted["wrist_velocity_m_per_s"][1:]
    assert float(speed) == predicted["wrist_speed_m_per_s"]


def test_singular_values_manipulability_and_condition_number():
    text = section("## Manipulability")
    predicted = jacobian.predict(Q, RATES)

    sigma = re.search(r"\\sigma = \(([^)]+)\)", text)[1]
    assert numbers(sigma) == predicted["planar_singular_values_m"]
    printed = re.search(r"so \$w = (\d\.\d+)\$ and \$\\kappa = (\d\.\d)", text)
    assert float(printed[1]) == round(predicted["planar_manipulability_m2"], 3)
    assert float(printed[2]) == predicted["planar_condition_number"]


def test_the_determinant_of_the_elbow_arm_in_the_exercise():
    text = section("### Exercise 4: singularities of the elbow arm")

    printed = re.search(r"= (-\d\.\d+)\$ m", text)[1]
    assert float(printed) == jacobian.predict(Q, RATES)["wrist_jacobian_determinant_m3"]


def test_the_table_of_joint_rates_near_a_singularity():
    text = section("## Joint rates near a singularity")
    table = singularity.rates_table(0.1, 0.05)
    columns = ("elbow_deg", "sigma_min_m", "exact_rates_rad_per_s", "damped_rates_rad_per_s")
    rows = re.findall(r"^\|.*°.*\|$", text, re.MULTILINE)

    assert len(rows) == len(table["elbow_deg"])
    for index, row in enumerate(rows):
        for cell, column in zip(row.split("|")[1:-1], columns, strict=True):
            printed = re.findall(r"-?\d+(?:\.\d+)?", cell)
            assert printed == as_printed(printed, np.atleast_1d(table[column][index]))


def as_printed(printed: list[str], values: np.ndarray) -> list[str]:
    """Write values with as many digits as the book prints."""
    digits = [len(text.partition(".")[2]) for text in printed]
    return [f"{value:.{places}f}" for value, places in zip(values, digits, strict=True)]


def test_the_bound_of_damped_rates():
    text = section("## Damped least squares")
    printed = re.search(r"no more than (\d+) rad/s", text)[1]
    asked = singularity.SingularityParameters()

    assert asked.damping == 0.05
    assert float(printed) == asked.tool_speed_m_per_s / (2 * asked.damping)
