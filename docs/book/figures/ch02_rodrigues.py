"""The parts of a vector that a rotation about an axis keeps and turns."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, arrow, diagram, figure, save


def project(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Return where a point of space lies on the page."""
    return np.array([x, 0.36 * y + z])


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.9)
    diagram(ax, (-2.4, 2.7), (-0.15, 3.1))
    start, theta, height = math.radians(-75), math.radians(50), 2.1
    turned = [start + theta * s for s in (0.0, 1.0)]
    circle = [project(1.5 * math.cos(t), 1.5 * math.sin(t), height) for t in np.linspace(0, 7, 200)]
    ax.plot(*np.array(circle).T, color=GREY, linewidth=1, linestyle=":")
    arc = [
        project(0.6 * math.cos(t), 0.6 * math.sin(t), height)
        for t in np.linspace(start, start + theta)
    ]
    ax.plot(*np.array(arc).T, color=INK, linewidth=1.2)
    ax.text(0.52, 1.88, r"$\theta$", ha="center")
    origin, centre = project(0, 0, 0), project(0, 0, height)
    p, q = (project(1.5 * math.cos(t), 1.5 * math.sin(t), height) for t in turned)
    side = project(1.5 * math.cos(start + math.pi / 2), 1.5 * math.sin(start + math.pi / 2), height)
    ax.plot([0, 0], [0, 3.0], color=GREY, linewidth=1, linestyle="--")
    arrow(ax, origin, (0, 0.75), INK, width=2.2)
    ax.text(-0.12, 0.55, r"$\hat u$", ha="right")
    arrow(ax, origin, p, BLUE)
    arrow(ax, origin, q, RED)
    arrow(ax, centre, p, ORANGE)
    arrow(ax, centre, side, PURPLE)
    arrow(ax, centre, q, RED, width=1.1)
    arrow(ax, (-0.06, 0.75), (-0.06, height), GREEN)
    ax.text(-0.16, 1.4, r"$p_{\parallel} = (\hat u\cdot p)\,\hat u$", color=GREEN, ha="right")
    ax.text(0.20, 0.78, r"$p$", color=BLUE, ha="left", va="top")
    ax.text(1.0, 1.15, r"$R\,p$", color=RED)
    ax.text(0.34, 1.72, r"$p_{\perp}$", color=ORANGE)
    ax.text(side[0] + 0.1, side[1] + 0.05, r"$\hat u\times p$", color=PURPLE, va="bottom")
    ax.plot(*p, "o", color=BLUE, markersize=4)
    ax.plot(*q, "o", color=RED, markersize=4)
    return fig


if __name__ == "__main__":
    save(draw(), "ch02_rodrigues")
