"""The primary states of a managed node and the transitions between them."""

from __future__ import annotations

from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, arrow, box, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 2.3)
    diagram(ax, (-0.2, 12.2), (-0.5, 4.1))
    box(ax, (1.7, 2.8), (2.8, 1.1), "unconfigured", BLUE)
    box(ax, (6.0, 2.8), (2.8, 1.1), "inactive", ORANGE)
    box(ax, (10.3, 2.8), (2.8, 1.1), "active", GREEN)
    box(ax, (6.0, 0.4), (2.8, 1.0), "finalized", GREY)
    for left, right, go, back in (
        (3.1, 4.6, "configure", "cleanup"),
        (7.4, 8.9, "activate", "deactivate"),
    ):
        arrow(ax, (left, 3.05), (right, 3.05), INK)
        arrow(ax, (right, 2.55), (left, 2.55), INK)
        ax.text((left + right) / 2, 3.2, go, ha="center", fontsize=8)
        ax.text((left + right) / 2, 2.08, back, ha="center", fontsize=8)
    arrow(ax, (1.9, 2.25), (4.6, 0.55), GREY, width=1.2)
    arrow(ax, (6.0, 2.25), (6.0, 0.9), GREY, width=1.2)
    arrow(ax, (10.1, 2.25), (7.4, 0.55), GREY, width=1.2)
    ax.text(6.15, 1.5, "shutdown", color=GREY, fontsize=8, va="center")
    ax.text(2.7, 1.15, "shutdown", color=GREY, fontsize=8, ha="right")
    ax.text(9.3, 1.15, "shutdown", color=GREY, fontsize=8)
    return fig


if __name__ == "__main__":
    save(draw(), "ch04_lifecycle")
