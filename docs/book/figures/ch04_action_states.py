"""The states of an action goal."""

from __future__ import annotations

from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, RED, arrow, box, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 2.8)
    diagram(ax, (-0.9, 12.6), (0.1, 5.8))
    box(ax, (2.4, 4.4), (2.2, 1.0), "accepted", BLUE)
    box(ax, (6.4, 4.4), (2.2, 1.0), "executing", BLUE)
    box(ax, (6.4, 1.0), (2.2, 1.0), "canceling", ORANGE)
    box(ax, (11.2, 4.4), (2.2, 1.0), "succeeded", GREEN)
    box(ax, (11.2, 2.7), (2.2, 1.0), "aborted", RED)
    box(ax, (11.2, 1.0), (2.2, 1.0), "canceled", GREY)
    arrow(ax, (-0.7, 4.4), (1.3, 4.4), INK)
    arrow(ax, (3.5, 4.4), (5.3, 4.4), INK)
    arrow(ax, (7.5, 4.4), (10.1, 4.4), INK)
    arrow(ax, (7.5, 4.1), (10.1, 2.9), INK)
    arrow(ax, (6.4, 3.9), (6.4, 1.5), INK)
    arrow(ax, (2.4, 3.9), (5.3, 1.2), INK)
    arrow(ax, (7.5, 1.0), (10.1, 1.0), INK)
    arrow(ax, (7.5, 1.35), (10.1, 2.4), INK)
    arrow(ax, (7.1, 1.5), (10.1, 4.05), GREY, width=1.1)
    ax.text(0.2, 4.6, "goal", ha="center")
    ax.text(4.4, 4.6, "execute", ha="center")
    ax.text(8.8, 4.6, "succeed", ha="center")
    ax.text(9.15, 3.6, "abort", ha="center")
    ax.text(6.25, 2.9, "cancel", ha="right")
    ax.text(3.3, 2.3, "cancel", ha="right")
    ax.text(8.8, 0.55, "canceled", ha="center")
    ax.text(11.2, 5.3, "terminal states", ha="center", color=GREY, style="italic")
    ax.text(4.4, 5.3, "active states", ha="center", color=GREY, style="italic")
    return fig


if __name__ == "__main__":
    save(draw(), "ch04_action_states")
