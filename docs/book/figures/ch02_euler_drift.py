"""Loss of orthogonality under Euler steps, and the unit circle they leave."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from style import GREEN, GREY, RED, blank, save

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))
from ch02_drift import euler_step, exact_step


def draw() -> Figure:
    """Return the drawing."""
    fig = blank(6.0, 2.9)
    left, right = fig.subplots(1, 2)
    omega, dt = np.array([0.0, 0.0, 1.0]), 0.1
    wrong, exact = [np.eye(3)], [np.eye(3)]
    for _ in range(125):
        wrong.append(euler_step(wrong[-1], omega, dt))
        exact.append(exact_step(exact[-1], omega, dt))
    left.set_aspect("equal")
    left.plot(*np.array([r[:2, 0] for r in wrong]).T, color=RED, label="Euler steps")
    left.plot(*np.array([r[:2, 0] for r in exact]).T, color=GREEN, label="exact steps")
    left.set(xlabel="x", ylabel="y", title="Tip of the first column")
    left.axhline(0, color=GREY, linewidth=0.6)
    left.axvline(0, color=GREY, linewidth=0.6)
    time = dt * np.arange(len(wrong))
    right.plot(time, [np.linalg.det(r) for r in wrong], color=RED, label="Euler steps")
    right.plot(time, [np.linalg.det(r) for r in exact], color=GREEN, label="exact steps")
    right.set(xlabel="time (s)", title="Determinant", xlim=(0, 12.5), ylim=(0, 3.6))
    right.legend(frameon=False, loc="upper left")
    return fig


if __name__ == "__main__":
    save(draw(), "ch02_euler_drift")
