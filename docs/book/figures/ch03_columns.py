"""Each column of the Jacobian is the tool velocity caused by one joint; the tool adds them up."""

from __future__ import annotations

import numpy as np
from ch03_planar_2r import ELBOW, TOOL
from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, arrow, diagram, figure, save

RATES = (0.5, -0.2)


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.7)
    diagram(ax, (-0.35, 0.95), (-0.08, 1.0))
    for a, b in (((0, 0), ELBOW), (ELBOW, TOOL)):
        ax.plot(*np.array([a, b]).T, color=GREY, lw=6, alpha=0.35, solid_capstyle="round")
    ax.plot(*np.array([(0, 0), TOOL]).T, color=BLUE, lw=1, ls="--")
    ax.plot(*np.array([ELBOW, TOOL]).T, color=ORANGE, lw=1, ls="--")
    for joint in ((0, 0), ELBOW):
        ax.plot(*joint, "o", ms=12, mfc="white", mec=INK, mew=1.6)
    first = RATES[0] * np.array([-TOOL[1], TOOL[0]])
    second = RATES[1] * np.array([-(TOOL - ELBOW)[1], (TOOL - ELBOW)[0]])
    ax.plot(*np.array([TOOL + first, TOOL + first + second]).T, color=ORANGE, lw=1, ls=":")
    ax.plot(*np.array([TOOL + second, TOOL + first + second]).T, color=BLUE, lw=1, ls=":")
    arrow(ax, TOOL, TOOL + first, BLUE, width=2)
    arrow(ax, TOOL, TOOL + second, ORANGE, width=2)
    arrow(ax, TOOL, TOOL + first + second, GREEN, width=2.4)
    ax.plot(*TOOL, "s", ms=8, color=INK)
    ax.text(0.09, 0.9, "$J_1\\,\\dot{q}_1$", color=BLUE, ha="right", fontsize=11)
    ax.text(0.535, 0.65, "$J_2\\,\\dot{q}_2$", color=ORANGE, va="center", fontsize=11)
    ax.text(0.2, 0.91, "tool velocity $J\\,\\dot{q}$", color=GREEN, fontsize=11)
    ax.text(0.14, 0.3, "joint 1 to tool", color=BLUE, rotation=56.3, ha="center", va="center")
    ax.text(0.455, 0.43, "joint 2 to tool", color=ORANGE, rotation=90, ha="left", va="center")
    ax.text(-0.04, 0, "$\\dot{q}_1 = +0.5$ rad/s", ha="right", va="center")
    ax.text(0.48, 0.24, "$\\dot{q}_2 = -0.2$ rad/s", va="center")
    return fig


if __name__ == "__main__":
    save(draw(), "ch03_columns")
