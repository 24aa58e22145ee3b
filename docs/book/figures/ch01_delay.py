"""Motor speed under open-loop control and under feedback with three delays."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from style import GREEN, GREY, ORANGE, RED, figure, save

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))
from ch01_feedback import simulate


def draw() -> Figure:
    """Return the drawing."""
    fig, ax = figure(6.0, 3.5)
    ax.axhline(10, color=GREY, linestyle=":", linewidth=1.2, label="target")
    cases = (
        (0.0, 0.0, GREY, "open loop"),
        (0.2, 0.010, GREEN, "feedback, 10 ms late"),
        (0.2, 0.060, ORANGE, "feedback, 60 ms late"),
        (0.2, 0.100, RED, "feedback, 100 ms late"),
    )
    for gain, delay, color, name in cases:
        speed = simulate(gain, delay)
        ax.plot(np.arange(len(speed))[::4] * 1e-3, speed[::4], color=color, label=name)
    ax.set(xlim=(0, 1), ylim=(-6, 26), xlabel="time (s)", ylabel="speed (rad/s)")
    fig.legend(loc="outside upper center", ncols=3, frameon=False)
    return fig


if __name__ == "__main__":
    save(draw(), "ch01_delay")
