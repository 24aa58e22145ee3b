"""Three ways to combine uncertain knowledge: Bayes, Kalman, complementary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


def bayes(prior: float, if_true: float, if_false: float) -> float:
    """Return the probability of a hypothesis after one observation.

    Args:
        prior: Probability before the observation.
        if_true: Probability of the observation if the hypothesis holds.
        if_false: Probability of the observation if the hypothesis does not hold.
    """
    evidence = if_true * prior + if_false * (1 - prior)
    return if_true * prior / evidence


@dataclass(frozen=True)
class Estimate:
    """A Gaussian belief about one number."""

    mean: float
    variance: float


def correct(belief: Estimate, reading: float, reading_variance: float) -> Estimate:
    """Return the belief after a reading: the Kalman measurement update."""
    gain = belief.variance / (belief.variance + reading_variance)
    mean = belief.mean + gain * (reading - belief.mean)
    return Estimate(mean, (1 - gain) * belief.variance)


def predict(belief: Estimate, change: float, change_variance: float) -> Estimate:
    """Return the belief after a known motion: the Kalman time update."""
    return Estimate(belief.mean + change, belief.variance + change_variance)


def complementary(samples: Iterable[tuple[float, float]], dt: float, alpha: float) -> float:
    """Return the tilt angle in rad from (gyro rate in rad/s, accelerometer tilt in rad) pairs."""
    angle = 0.0
    for rate, tilt in samples:
        angle = alpha * (angle + rate * dt) + (1 - alpha) * tilt
    return angle


if __name__ == "__main__":
    held = bayes(0.7, if_true=0.95, if_false=0.10)
    print(f"object held:  {held:.3f}, then {bayes(held, 0.95, 0.10):.3f}")
    wall = correct(Estimate(2.00, 0.04), reading=2.30, reading_variance=0.01)
    print(f"after the reading:  {wall.mean:.3f} m, variance {wall.variance:.4f}")
    wall = predict(wall, change=-0.10, change_variance=0.002)
    print(f"after the motion:   {wall.mean:.3f} m, variance {wall.variance:.4f}")
    tilt = complementary([(0.01, 0.0)] * 1000, dt=0.01, alpha=0.98)
    print(f"tilt error from a gyro bias of 0.01 rad/s:  {tilt * 1e3:.1f} mrad")
