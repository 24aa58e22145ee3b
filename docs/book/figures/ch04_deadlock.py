"""Why waiting inside a callback for a service answer never ends on one thread."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from style import BLUE, GREEN, GREY, INK, ORANGE, RED, arrow, blank, diagram, save


def _bar(ax, span, row, label, color) -> None:
    start, end = span
    ax.add_patch(
        Rectangle((start, row), end - start, 0.7, facecolor=color + "2a", edgecolor=color, lw=1.3)
    )
    ax.text((start + end) / 2, row + 0.34, label, ha="center", va="center", fontsize=8)


def draw() -> Figure:
    """Return the drawing."""
    fig = blank(6.0, 3.7)
    top, bottom = fig.subplots(2, 1)
    for ax in (top, bottom):
        diagram(ax, (-2.4, 10.2), (-0.3, 3.1))
        ax.set_aspect("auto")
        ax.text(-0.1, 1.75, "callback\nof pick", ha="right", va="center")
        ax.text(-0.1, 0.35, "answer of\nthe gripper", ha="right", va="center")
        arrow(ax, (0.0, -0.15), (10.1, -0.15), GREY, width=1)
        ax.plot([3.4, 3.4], [-0.1, 2.3], color=GREY, lw=1, ls=":")
        ax.text(3.45, 2.35, "answer arrives", color=GREY, fontsize=8)
    top.set_title("Same mutually exclusive group: deadlock", loc="left")
    _bar(top, (0.2, 1.6), 1.4, "sends", BLUE)
    _bar(top, (1.6, 9.9), 1.4, "waits, and keeps its group busy", RED)
    _bar(top, (3.4, 9.9), 0.0, "may not start: the group is busy", ORANGE)
    bottom.set_title("Client in a group of its own: both finish", loc="left")
    _bar(bottom, (0.2, 1.6), 1.4, "sends", BLUE)
    _bar(bottom, (1.6, 4.8), 1.4, "awaits", GREY)
    _bar(bottom, (3.4, 4.8), 0.0, "runs", GREEN)
    _bar(bottom, (4.8, 7.2), 1.4, "goes on, responds", BLUE)
    bottom.text(10.0, 0.1, "time", ha="right", color=INK, fontsize=8)
    return fig


if __name__ == "__main__":
    save(draw(), "ch04_deadlock")
