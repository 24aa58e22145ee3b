"""The planar 2R arm at q = (30, 60) degrees with l1 = 0.5 m and l2 = 0.4 m."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Arc
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, diagram, figure, save

Q1, Q2, L1, L2 = np.radians(30.0), np.radians(60.0), 0.5, 0.4
ELBOW = np.array([L1 * np.cos(Q1), L1 * np.sin(Q1)])
TOOL = ELBOW + np.array([L2 * np.cos(Q1 + Q2), L2 * np.sin(Q1 + Q2)])


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.7)
    diagram(ax, (-0.32, 0.98), (-0.1, 0.8))
    arrow(ax, (0, 0), (0.62, 0), GREY, width=1.2)
    arrow(ax, (0, 0), (0, 0.62), GREY, width=1.2)
    ax.text(0.635, 0, "$x$ of {0}", va="center", color=GREY)
    ax.text(0, 0.635, "$y$ of {0}", ha="center", va="bottom", color=GREY)
    ax.plot(*np.array([[0, 0], ELBOW]).T, color=BLUE, lw=6, solid_capstyle="round", alpha=0.85)
    ax.plot(*np.array([ELBOW, TOOL]).T, color=ORANGE, lw=6, solid_capstyle="round", alpha=0.85)
    along = ELBOW + 0.24 * np.array([np.cos(Q1), np.sin(Q1)])
    ax.plot(*np.array([ELBOW, along]).T, color=BLUE, lw=1, ls="--")
    for joint in ((0, 0), ELBOW):
        ax.plot(*joint, "o", ms=12, mfc="white", mec=INK, mew=1.6)
    ax.plot(*TOOL, "s", ms=8, color=GREEN)
    ax.add_patch(Arc((0, 0), 0.36, 0.36, theta1=0, theta2=30, color=BLUE, lw=1.5))
    ax.add_patch(Arc(tuple(ELBOW), 0.3, 0.3, theta1=30, theta2=90, color=ORANGE, lw=1.5))
    ax.text(0.195, 0.045, "$q_1 = 30°$", color=BLUE, va="center")
    ax.text(0.545, 0.405, "$q_2 = 60°$", color=ORANGE, va="center")
    ax.text(0.17, 0.195, "$l_1 = 0.5$ m", ha="center", rotation=30, color=BLUE)
    ax.text(0.405, 0.45, "$l_2 = 0.4$ m", ha="right", va="center", color=ORANGE)
    ax.text(0.47, 0.655, "tool point\n$(0.433,\\ 0.650)$ m", color=GREEN, va="center")
    ax.text(-0.03, -0.025, "joint 1", ha="right", va="top")
    ax.text(0.47, 0.22, "joint 2", va="center")
    _frame(ax)
    return fig


def _frame(ax) -> None:
    # The last link points along x of the tool frame, which stands at q1 + q2 = 90 degrees.
    arrow(ax, TOOL, np.add(TOOL, (0, 0.12)), PURPLE, width=1.3)
    arrow(ax, TOOL, np.add(TOOL, (-0.12, 0)), PURPLE, width=1.3)
    ax.text(TOOL[0] + 0.015, TOOL[1] + 0.115, "$x$ of {t}", color=PURPLE, va="center")
    ax.text(TOOL[0] - 0.13, TOOL[1], "$y$ of {t}", color=PURPLE, ha="right", va="center")


if __name__ == "__main__":
    save(draw(), "ch03_planar_2r")
