"""Joint rates near the stretched-out singularity of the 2R arm, exact and damped."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from style import BLUE, GREY, INK, ORANGE, blank, save

L1, L2, V = 0.5, 0.4, np.array([-0.1, 0.0])


def _jacobian(q2):
    s, c = np.sin(q2), np.cos(q2)
    return np.array([[-L2 * s, -L2 * s], [L1 + L2 * c, L2 * c]])


def _rates(q2, damping):
    J = _jacobian(q2)
    return J.T @ np.linalg.solve(J @ J.T + damping**2 * np.eye(2), V)


def draw() -> Figure:
    """Return the drawing."""
    fig = blank(6.0, 2.9)
    left, right = fig.subplots(1, 2)
    angles = np.radians(np.geomspace(0.1, 90.0, 200))
    degrees = np.degrees(angles)
    for damping, color, name in ((0.0, ORANGE, "exact"), (0.05, BLUE, "damped, $\\lambda = 0.05$")):
        rates = [_rates(q2, damping) for q2 in angles]
        left.loglog(degrees, [np.linalg.norm(r) for r in rates], color=color, label=name)
        reached = [-(_jacobian(q2) @ r)[0] for q2, r in zip(angles, rates, strict=True)]
        right.semilogx(degrees, reached, color=color, label=name)
    left.axhline(3.0, color=GREY, lw=1, ls="--")
    left.text(0.11, 3.4, "a typical limit, 3 rad/s", color=GREY, fontsize=8, va="bottom")
    left.set_title("Joint speed in rad/s")
    right.set_title("Inward tool speed in m/s")
    for ax in (left, right):
        ax.set_xlabel("elbow angle $q_2$ in degrees")
        ax.set_xticks([0.1, 1, 10, 90], ["0.1", "1", "10", "90"], color=INK)
        ax.grid(visible=True)
        ax.legend()
    right.set_ylim(-0.005, 0.115)
    return fig


if __name__ == "__main__":
    save(draw(), "ch03_near_singular")
