"""The four Denavit-Hartenberg parameters between two joint axes, standard convention."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 4.0)
    diagram(ax, (-2.0, 8.2), (-1.2, 5.6))
    base, foot, far = np.array([1.0, 0.4]), np.array([1.0, 2.9]), np.array([5.6, 2.2])
    tilted = np.array([0.42, 0.91])
    ax.plot([1, 1], [-0.9, 4.9], color=GREY, lw=1, ls="-.")
    ax.plot(*np.array([far - 3.0 * tilted, far + 2.9 * tilted]).T, color=GREY, lw=1, ls="-.")
    ax.plot([5.6, 5.6], [2.2, 4.9], color=GREY, lw=1, ls=":")
    ax.plot(*np.array([foot, far]).T, color=BLUE, lw=2.4)
    _axis(ax, base, np.add(base, (0, 1.25)), "$z_{i-1}$", (0.15, -0.1))
    _axis(ax, base, np.add(base, (1.5, -0.55)), "$x_{i-1}$", (0.1, -0.05))
    _axis(ax, far, far + 1.35 * tilted, "$z_i$", (0.15, -0.05))
    _axis(ax, far, np.add(far, (1.5, -0.23)), "$x_i$", (0.1, -0.05))
    arrow(ax, (0.45, 0.4), (0.45, 2.9), ORANGE)
    ax.text(0.3, 1.65, "$d_i$", color=ORANGE, ha="right", va="center", fontsize=12)
    ax.text(3.3, 2.72, "$a_i$", color=BLUE, ha="center", va="bottom", fontsize=12)
    # theta: from x_{i-1} (copied to the foot of the normal) to the common normal, about z_{i-1}
    ax.plot(*np.array([foot, np.add(foot, (2.0, -0.73))]).T, color=GREY, lw=1, ls=":")
    arrow(ax, np.add(foot, (1.5, -0.55)), np.add(foot, (1.75, -0.266)), GREEN, bend=0.25)
    ax.text(2.95, 2.27, "$\\theta_i$", color=GREEN, va="center", fontsize=12)
    arrow(ax, (5.6, 4.3), far + 2.2 * tilted, PURPLE, bend=-0.15)
    ax.text(6.05, 4.6, "$\\alpha_i$", color=PURPLE, ha="center", fontsize=12)
    ax.text(1.0, 5.1, "axis of joint $i$", ha="center", color=GREY)
    ax.text(6.95, 5.1, "axis of joint $i+1$", ha="center", color=GREY)
    ax.text(0.85, 0.0, "$\\{i-1\\}$", ha="right", color=INK)
    ax.text(5.3, 1.7, "$\\{i\\}$", ha="right", color=INK)
    return fig


def _axis(ax, start, end, label, shift) -> None:
    arrow(ax, start, end, INK, width=1.8)
    ax.text(end[0] + shift[0], end[1] + shift[1], label, ha="left", va="center", fontsize=11)


if __name__ == "__main__":
    save(draw(), "ch03_dh")
