"""Velocity ellipses of the 2R arm (0.5 m, 0.4 m) for several elbow angles."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREY, INK, ORANGE, figure, save

L1, L2, SCALE = 0.5, 0.4, 0.25


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.9)
    ax.set_aspect("equal")
    ax.set_xlabel("$x$ in m")
    ax.set_ylabel("$y$ in m")
    ax.grid()
    for degrees, label in (
        (150.0, (0.25, 0.13)),
        (112.0, (0.44, 0.2)),
        (75.0, (0.63, 0.25)),
        (36.0, (0.8, 0.31)),
        (5.0, (1.0, 0.16)),
    ):
        _posture(ax, np.radians(degrees), label)
    ax.set_xlim(-0.05, 1.1)
    ax.set_ylim(-0.45, 0.43)
    ax.set_axisbelow(True)
    ax.set_title("Tool velocities for joint rates of norm 1 rad/s, scale 1:4")
    return fig


def _posture(ax, q2, label) -> None:
    # Choose q1 so that the tool lies on the x-axis, where the ellipses are easy to compare.
    q1 = -np.arctan2(L2 * np.sin(q2), L1 + L2 * np.cos(q2))
    elbow = np.array([L1 * np.cos(q1), L1 * np.sin(q1)])
    tool = elbow + L2 * np.array([np.cos(q1 + q2), np.sin(q1 + q2)])
    J = np.array([[-tool[1], -(tool - elbow)[1]], [tool[0], (tool - elbow)[0]]])
    turn = np.linspace(0, 2 * np.pi, 200)
    loop = tool[:, None] + SCALE * J @ np.array([np.cos(turn), np.sin(turn)])
    ax.plot(*np.array([(0, 0), elbow, tool]).T, color=GREY, lw=2.5, alpha=0.6, marker="o", ms=4)
    ax.fill(*loop, facecolor=BLUE + "22", edgecolor=BLUE, lw=1.5)
    ax.plot(*tool, "s", ms=5, color=ORANGE)
    w = L1 * L2 * np.sin(q2)
    ax.text(*label, f"$q_2={np.degrees(q2):.0f}°$", ha="center", color=INK)
    ax.text(label[0], label[1] - 0.05, f"$w={w:.3f}$", ha="center", color=BLUE, fontsize=8)


if __name__ == "__main__":
    save(draw(), "ch03_ellipses")
