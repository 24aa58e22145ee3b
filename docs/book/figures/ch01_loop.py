"""The sense-plan-act loop between a robot's program and its world."""

from __future__ import annotations

from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, box, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 2.5)
    diagram(ax, (-0.2, 12.2), (0.4, 5.0))
    box(ax, (2.0, 4.2), (3.3, 1.3), "Sense\nreadings → estimate", BLUE)
    box(ax, (6.0, 4.2), (3.3, 1.3), "Plan\nestimate → command", PURPLE)
    box(ax, (10.0, 4.2), (3.3, 1.3), "Act\ncommand → torque", ORANGE)
    box(ax, (6.0, 1.1), (11.3, 1.1), "World: the robot's body and what surrounds it", GREEN)
    arrow(ax, (3.65, 4.2), (4.35, 4.2))
    arrow(ax, (7.65, 4.2), (8.35, 4.2))
    arrow(ax, (10.0, 3.55), (10.0, 1.65))
    arrow(ax, (2.0, 1.65), (2.0, 3.55))
    ax.text(10.15, 2.6, "forces", ha="left", va="center", color=INK)
    ax.text(1.85, 2.6, "light, sound,\nmotion, contact", ha="right", va="center", color=INK)
    ax.text(6.0, 2.6, "the loop closes through the world", ha="center", color=GREY, style="italic")
    return fig


if __name__ == "__main__":
    save(draw(), "ch01_loop")
