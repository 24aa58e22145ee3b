"""What an encoder can see and what a gear does to a motor."""

from __future__ import annotations

import math


def encoder_step(lines: int, gear_ratio: float = 1.0) -> float:
    """Return the joint angle of one quadrature count, in rad, for an encoder on the motor."""
    return 2 * math.pi / (4 * lines * gear_ratio)


def joint_inertia(motor: float, load: float, gear_ratio: float) -> float:
    """Return the inertia felt at the joint, in kg m^2: the load plus the reflected rotor."""
    return load + gear_ratio**2 * motor


def best_ratio(motor: float, load: float) -> float:
    """Return the gear ratio that gives the largest joint acceleration for a motor torque."""
    return math.sqrt(load / motor)


if __name__ == "__main__":
    print(f"encoder on the joint:  {encoder_step(1000) * 1e3:.3f} mrad")
    print(f"encoder on the motor:  {encoder_step(1000, 100) * 1e6:.1f} urad")
    print(f"inertia at the joint:  {joint_inertia(2e-5, 0.25, 100):.2f} kg m^2")
    print(f"best gear ratio:       {best_ratio(2e-5, 0.25):.0f}")
