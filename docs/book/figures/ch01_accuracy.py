"""Accuracy and repeatability as hits on four targets."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from style import BLUE, GREY, LIGHT, RED, blank, diagram, save


def draw() -> Figure:
    """Return the drawing."""
    fig = blank(6.0, 2.15)
    hits = np.random.default_rng(4).normal(size=(12, 2))
    hits -= hits.mean(axis=0)
    panels = (
        (0.0, 0.10, "accurate,\nrepeatable"),
        (0.65, 0.10, "inaccurate,\nrepeatable"),
        (0.0, 0.33, "accurate on average,\nnot repeatable"),
        (0.55, 0.30, "neither"),
    )
    for column, (offset, spread, title) in enumerate(panels, start=1):
        ax = fig.add_subplot(1, 4, column)
        diagram(ax, (-1.1, 1.1), (-1.1, 1.75))
        for radius in (1.0, 0.66, 0.33):
            ax.add_patch(Circle((0, 0), radius, facecolor="none", edgecolor=LIGHT, linewidth=1.2))
        ax.plot(0, 0, "+", color=RED, markersize=12, markeredgewidth=1.6)
        points = offset * np.array([0.7, 0.6]) + spread * hits
        ax.plot(*points.T, "o", color=BLUE, markersize=3.2, alpha=0.85)
        ax.text(0, 1.2, title, fontsize=8, ha="center", va="bottom")
    fig.supxlabel("red cross: commanded point, blue dots: reached points", fontsize=8, color=GREY)
    return fig


if __name__ == "__main__":
    save(draw(), "ch01_accuracy")
