"""Self-motion of a planar 3R arm: four postures, one tool point."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from style import CYCLE, GREEN, INK, diagram, figure, save

L = (0.5, 0.4, 0.2)
START = np.radians([30.0, 60.0, -90.0])
TOOL = np.array([0.6330127, 0.65])


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.6)
    diagram(ax, (-0.3, 1.15), (-0.08, 0.87))
    for color, heading in zip(CYCLE, (-25.0, 0.0, 40.0, 90.0), strict=False):
        points = _posture(np.radians(heading))
        ax.plot(*points.T, color=color, lw=3.5, alpha=0.8, marker="o", ms=7, mfc="white", mew=1.5)
        label = "start, $q = (30°, 60°, -90°)$" if heading == 0 else None
        if label:
            ax.annotate(
                label,
                xy=(0.433, 0.5),
                xytext=(-0.29, 0.62),
                color=color,
                arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.8},
            )
    ax.plot(*TOOL, "s", ms=9, color=GREEN)
    ax.plot(0, 0, "o", ms=12, mfc="white", mec=INK, mew=1.6)
    ax.text(TOOL[0] + 0.06, TOOL[1] + 0.02, "tool point stays here", color=GREEN, va="bottom")
    ax.text(0.0, -0.035, "base", ha="center", va="top")
    return fig


def _posture(heading):
    # With the direction of link 3 chosen, links 1 and 2 are a 2R arm that must reach its start.
    wrist = TOOL - L[2] * np.array([np.cos(heading), np.sin(heading)])
    reach = np.linalg.norm(wrist)
    q2 = np.arccos((reach**2 - L[0] ** 2 - L[1] ** 2) / (2 * L[0] * L[1]))
    q1 = np.arctan2(wrist[1], wrist[0]) - np.arctan2(L[1] * np.sin(q2), L[0] + L[1] * np.cos(q2))
    elbow = L[0] * np.array([np.cos(q1), np.sin(q1)])
    return np.array([(0.0, 0.0), elbow, wrist, TOOL])


if __name__ == "__main__":
    save(draw(), "ch03_null_space")
