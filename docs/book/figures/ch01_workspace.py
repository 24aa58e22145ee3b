"""The reachable workspace of a planar two-link arm, and two ways to reach one point."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from style import BLUE, GREEN, GREY, INK, ORANGE, arrow, diagram, figure, save

LONG, SHORT = 0.5, 0.3  # m


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.5)
    diagram(ax, (-1.0, 1.75), (-0.88, 0.88))
    ax.add_patch(Wedge((0, 0), 0.8, 0, 360, width=0.6, facecolor=BLUE + "1c", edgecolor=BLUE))
    target = np.array([0.45, 0.42])
    distance = float(np.hypot(*target))
    heading = math.atan2(target[1], target[0])
    corner = math.acos((LONG**2 + distance**2 - SHORT**2) / (2 * LONG * distance))
    for side, color, name in ((1, ORANGE, "elbow up"), (-1, GREEN, "elbow down")):
        shoulder = heading + side * corner
        elbow = LONG * np.array([math.cos(shoulder), math.sin(shoulder)])
        points = np.array([[0, 0], elbow, target])
        ax.plot(points[:, 0], points[:, 1], color=color, linewidth=5, solid_capstyle="round")
        ax.plot(*points[:2].T, "o", color="white", markeredgecolor=INK, markersize=8)
        ax.plot([], [], color=color, linewidth=5, label=name)
    ax.plot(*target, "o", color=INK, markersize=7)
    ax.text(target[0] + 0.05, target[1] + 0.03, "target", va="bottom")
    ax.text(0, -0.1, "hole", ha="center", va="center", color=GREY)
    arrow(ax, (0.98, -0.2), (0.72, -0.33), GREY, width=1.1)
    ax.text(1.0, -0.19, "outer radius\n0.5 + 0.3 = 0.8 m", va="center")
    arrow(ax, (0.98, -0.58), (0.12, -0.175), GREY, width=1.1)
    ax.text(1.0, -0.58, "inner radius\n$0.5 - 0.3$ = 0.2 m", va="center")
    ax.legend(loc="upper right", frameon=False)
    return fig


if __name__ == "__main__":
    save(draw(), "ch01_workspace")
