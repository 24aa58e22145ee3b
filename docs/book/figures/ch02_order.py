"""Two quarter turns in both orders end in different orientations."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from style import BLUE, GREEN, GREY, LIGHT, RED, arrow, blank, diagram, save

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))
from ch02_rotations import rot_x, rot_z

VIEW = np.array([[-0.62, 0.78, 0.0], [-0.36, -0.28, 0.89]])  # rows: right and up on the page


def draw_box(ax: Axes, turn: NDArray[np.float64], shift: tuple[float, float]) -> None:
    """Draw a flat box turned by a rotation, with its own axes in red, green and blue."""
    half = np.array([0.75, 0.42, 0.16])
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
    flat = corners @ turn.T @ VIEW.T + shift
    for i in range(8):
        for bit in (1, 2, 4):
            if not i & bit:
                ax.plot(*flat[[i, i | bit]].T, color=GREY, linewidth=1.1)
    for axis, color in zip(turn.T, (RED, GREEN, BLUE), strict=True):
        start, end = np.array(shift), VIEW @ (1.05 * axis) + shift
        arrow(ax, start, end, color, width=2.0)


def draw() -> Figure:
    """Return the drawing."""
    fig = blank(6.0, 3.6)
    ax = fig.add_subplot()
    diagram(ax, (-1.6, 9.0), (-4.7, 1.75))
    x90, z90 = rot_x(math.pi / 2), rot_z(math.pi / 2)
    rows = (
        ("about x", x90, "then about z", z90 @ x90),
        ("about z", z90, "then about x", x90 @ z90),
    )
    for row, (first, middle, second, last) in enumerate(rows):
        y = -3.3 * row
        for column, turn in enumerate((np.eye(3), middle, last)):
            draw_box(ax, turn, (3.7 * column, y))
        for column, label in enumerate((first, second)):
            x = 3.7 * column + 1.85
            arrow(ax, (x - 0.4, y), (x + 0.4, y))
            ax.text(x, y + 0.2, label + "\n90°", ha="center", va="bottom", fontsize=8)
    ax.plot([-1.4, 8.8], [-1.55, -1.55], color=LIGHT, linewidth=1)
    return fig


if __name__ == "__main__":
    save(draw(), "ch02_order")
