"""A tree of frames: the base carries an arm and a camera, and the camera sees a cup."""

from __future__ import annotations

from matplotlib.figure import Figure
from style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, arrow, box, diagram, figure, save


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 2.5)
    diagram(ax, (-0.4, 12.4), (0.0, 5.3))
    box(ax, (1.3, 2.6), (2.4, 1.0), "base {b}", BLUE)
    box(ax, (5.8, 4.3), (2.4, 1.0), "tool {t}", PURPLE)
    box(ax, (5.8, 0.9), (2.4, 1.0), "camera {c}", GREEN)
    box(ax, (10.6, 0.9), (2.4, 1.0), "cup {o}", ORANGE)
    arrow(ax, (2.0, 3.15), (4.55, 4.3))
    ax.text(3.0, 4.1, r"${}^{b}T_{t}$  joint angles", ha="right", va="center")
    arrow(ax, (2.0, 2.05), (4.55, 0.9))
    ax.text(3.0, 1.1, r"${}^{b}T_{c}$  calibration", ha="right", va="center")
    arrow(ax, (7.05, 0.9), (9.35, 0.9))
    ax.text(8.2, 0.45, r"${}^{c}T_{o}$  detection", ha="center", va="center")
    arrow(ax, (7.05, 4.3), (10.6, 1.5), GREY)
    ax.text(
        9.1,
        3.4,
        r"${}^{t}T_{o} = ({}^{b}T_{t})^{-1}\;{}^{b}T_{c}\;{}^{c}T_{o}$",
        color=INK,
        va="center",
    )
    return fig


if __name__ == "__main__":
    save(draw(), "ch02_chain")
