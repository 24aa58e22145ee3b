"""A small computation graph: nodes joined by topics, a service and an action."""

from __future__ import annotations

from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, box, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.5)
    diagram(ax, (-0.2, 12.2), (0.0, 7.0))
    box(ax, (1.9, 5.8), (3.2, 1.2), "node\n/joint_driver", BLUE)
    box(ax, (10.1, 6.0), (3.4, 1.2), "node\n/tool_point", BLUE)
    box(ax, (10.1, 3.6), (3.4, 1.2), "node\n/arm_frames", BLUE)
    box(ax, (1.9, 1.2), (3.2, 1.2), "node\n/supervisor", BLUE)
    box(ax, (10.1, 1.2), (3.4, 1.2), "node\n/gripper", BLUE)
    box(ax, (6.0, 5.0), (2.6, 0.9), "/joint_states", ORANGE)
    arrow(ax, (3.5, 5.6), (4.7, 5.15), ORANGE)
    arrow(ax, (7.3, 5.2), (8.4, 5.75), ORANGE)
    arrow(ax, (7.3, 4.75), (8.4, 3.9), ORANGE)
    ax.text(6.0, 5.75, "topic: one to many", ha="center", color=ORANGE)
    arrow(ax, (3.5, 1.45), (8.4, 1.45), GREEN)
    arrow(ax, (8.4, 1.0), (3.5, 1.0), GREEN)
    ax.text(6.0, 1.62, "service: request", ha="center", color=GREEN)
    ax.text(6.0, 0.4, "response", ha="center", color=GREEN)
    arrow(ax, (1.5, 1.8), (1.5, 5.2), PURPLE)
    arrow(ax, (2.3, 5.2), (2.3, 1.8), PURPLE)
    ax.text(1.3, 3.5, "goal,\ncancel", ha="right", va="center", color=PURPLE)
    ax.text(2.5, 3.5, "action: feedback, result", va="center", color=PURPLE)
    ax.text(10.1, 0.25, "services are one to one", ha="center", color=GREY, style="italic")
    ax.text(10.1, 5.02, "(both receive every message)", ha="center", color=INK, fontsize=8)
    return fig


if __name__ == "__main__":
    save(draw(), "ch04_graph")
