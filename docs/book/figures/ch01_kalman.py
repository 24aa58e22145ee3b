"""Prediction, reading and their combination as three Gaussian curves."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREEN, ORANGE, figure, save

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))
from ch01_estimation import Estimate, correct


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 2.9)
    prior = Estimate(2.00, 0.04)
    reading = Estimate(2.30, 0.01)
    fused = correct(prior, reading.mean, reading.variance)
    x = np.linspace(1.3, 2.8, 151)
    curves = (
        (prior, BLUE, "prediction: 2.00 m ± 0.20 m"),
        (reading, ORANGE, "reading: 2.30 m ± 0.10 m"),
        (fused, GREEN, "estimate: 2.24 m ± 0.09 m"),
    )
    for belief, color, name in curves:
        spread = 2 * belief.variance
        y = np.exp(-((x - belief.mean) ** 2) / spread) / np.sqrt(np.pi * spread)
        ax.plot(x, y, color=color, label=name)
        ax.fill_between(x, y, color=color, alpha=0.10, linewidth=0)
    ax.set(xlim=(1.3, 2.8), ylim=(0, 5), xlabel="distance to the wall (m)")
    ax.set_ylabel("probability density (1/m)")
    ax.legend(loc="upper left", frameon=False)
    return fig


if __name__ == "__main__":
    save(draw(), "ch01_kalman")
