"""Speed control of a motor: open loop, closed loop, and closed loop with a late measurement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

INERTIA = 0.01  # kg m^2
FRICTION = 0.020  # N m s/rad, what the motor has
ASSUMED_FRICTION = 0.016  # N m s/rad, what the designer believes
LOAD = 0.05  # N m, unknown to the controller
TARGET = 10.0  # rad/s


def simulate(gain: float, delay_s: float, seconds: float = 1.0) -> NDArray[np.float64]:
    """Return the motor speed in rad/s at every millisecond; a gain of 0 is open loop."""
    dt = 1e-3
    steps = round(seconds / dt)
    late = round(delay_s / dt)
    speed = np.zeros(steps + 1)
    for k in range(steps):
        measured = speed[k - late] if k >= late else 0.0
        torque = ASSUMED_FRICTION * TARGET + gain * (TARGET - measured)
        speed[k + 1] = speed[k] + dt * (torque - FRICTION * speed[k] - LOAD) / INERTIA
    return speed


if __name__ == "__main__":
    print(f"open loop:             {simulate(0.0, 0.0, 5.0)[-1]:.2f} rad/s")
    print(f"closed, 10 ms delay:   {simulate(0.2, 0.010, 5.0)[-1]:.2f} rad/s")
    print(f"closed, 100 ms delay:  peak {simulate(0.2, 0.100).max():.0f} rad/s and growing")
