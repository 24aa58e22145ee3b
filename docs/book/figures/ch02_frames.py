"""One point seen from two frames in the plane."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc
from numpy.typing import NDArray
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, diagram, figure, save


def draw_frame(ax: Axes, origin: NDArray[np.float64], angle: float, name: str, color: str) -> None:
    """Draw a planar frame with axes of length 0.8."""
    for turn, label in ((0.0, "x"), (math.pi / 2, "y")):
        direction = np.array([math.cos(angle + turn), math.sin(angle + turn)])
        arrow(ax, origin, origin + 0.8 * direction, color, width=2.0)
        spot = origin + 0.92 * direction
        ax.text(
            spot[0], spot[1], rf"$\hat {label}_{{{name}}}$", color=color, ha="center", va="center"
        )
    ax.text(
        origin[0] - 0.1, origin[1] - 0.2, rf"$\{{{name}\}}$", color=color, ha="center", fontsize=11
    )


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.3)
    diagram(ax, (-0.5, 4.3), (-0.4, 2.25))
    a, b = np.array([0.0, 0.0]), np.array([2.0, 0.6])
    angle = math.radians(30)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    p = b + rotation @ np.array([1.6, 0.6])
    ax.plot([b[0], b[0] + 1.3], [b[1], b[1]], color=GREY, linewidth=1, linestyle=":")
    ax.add_patch(Arc((b[0], b[1]), 2.2, 2.2, theta1=0, theta2=30, color=GREY))
    ax.text(b[0] + 1.2, b[1] + 0.28, r"$\theta$", color=INK, ha="left")
    arrow(ax, a, b, PURPLE)
    ax.text(1.15, 0.16, r"${}^{a}t_{b}$", color=PURPLE)
    arrow(ax, a, p, GREEN)
    ax.text(1.1, 0.93, r"${}^{a}p$", color=GREEN, ha="right")
    arrow(ax, b, p, ORANGE)
    ax.text(2.92, 1.2, r"${}^{b}p$", color=ORANGE)
    draw_frame(ax, a, 0.0, "a", BLUE)
    draw_frame(ax, b, angle, "b", INK)
    ax.plot(*p, "o", color=INK, markersize=6)
    ax.text(p[0] + 0.1, p[1] + 0.05, "p", style="italic")
    return fig


if __name__ == "__main__":
    save(draw(), "ch02_frames")
