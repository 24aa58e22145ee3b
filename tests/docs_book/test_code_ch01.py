from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "book" / "code"))

import ch01_actuation as actuation
import ch01_estimation as estimation
import ch01_feedback as feedback
import ch01_mobility as mobility


@pytest.mark.parametrize(
    ("links", "freedoms", "planar", "expected"),
    [
        pytest.param(4, [1] * 4, True, 1, id="four-bar"),
        pytest.param(7, [1] * 6, False, 6, id="serial arm"),
        pytest.param(14, [2, 1, 3] * 6, False, 6, id="Stewart platform"),
        pytest.param(5, [1] * 5, True, 2, id="five-bar"),
        pytest.param(5, [1] * 6, True, 0, id="parallelogram with a fifth bar"),
    ],
)
def test_mobility_counts_known_mechanisms(links, freedoms, planar, expected):
    assert mobility.mobility(links, freedoms, planar=planar) == expected


def test_encoder_numbers_of_the_chapter_hold():
    assert actuation.encoder_step(1000) == pytest.approx(1.571e-3, rel=1e-3)
    assert actuation.encoder_step(1000) * 0.8 == pytest.approx(1.26e-3, rel=5e-3)
    assert actuation.encoder_step(1000, 100) == pytest.approx(15.7e-6, rel=1e-3)
    assert actuation.encoder_step(1024) / 1e-3 == pytest.approx(1.53, rel=5e-3)


def test_best_ratio_maximises_the_acceleration_of_a_load():
    motor, load = 2e-5, 0.25

    def acceleration(ratio: float) -> float:
        return ratio / actuation.joint_inertia(motor, load, ratio)

    best = actuation.best_ratio(motor, load)
    assert best == pytest.approx(111.8, abs=0.1)
    assert acceleration(best) > acceleration(best * 1.05)
    assert acceleration(best) > acceleration(best / 1.05)
    assert actuation.joint_inertia(motor, 0.0, best) == pytest.approx(load)


def test_steady_speeds_match_the_formulas_of_the_chapter():
    open_loop = (0.016 * 10 - 0.05) / 0.020
    closed_loop = ((0.016 + 0.2) * 10 - 0.05) / (0.020 + 0.2)
    assert feedback.simulate(0.0, 0.0, 5.0)[-1] == pytest.approx(open_loop, rel=1e-3)
    assert feedback.simulate(0.2, 0.01, 5.0)[-1] == pytest.approx(closed_loop, rel=1e-6)
    assert (open_loop, closed_loop) == pytest.approx((5.5, 9.59), abs=1e-3)


@pytest.mark.parametrize(
    ("delay_s", "grows"),
    [pytest.param(0.060, False, id="60 ms rings"), pytest.param(0.100, True, id="100 ms grows")],
)
def test_a_late_measurement_destabilises_beyond_the_bound(delay_s, grows):
    speed = feedback.simulate(0.2, delay_s, 3.0)
    swing_early = np.ptp(speed[:1000])
    swing_late = np.ptp(speed[-1000:])
    assert bool(swing_late > swing_early) is grows
    assert (20 * delay_s > math.pi / 2) is grows


def test_bayes_gives_the_chapter_s_numbers():
    once = estimation.bayes(0.7, 0.95, 0.10)
    assert once == pytest.approx(0.957, abs=5e-4)
    assert estimation.bayes(once, 0.95, 0.10) == pytest.approx(0.995, abs=5e-4)
    assert estimation.bayes(0.7, 0.05, 0.90) == pytest.approx(0.115, abs=5e-4)


def test_the_kalman_gain_gives_the_least_variance():
    prior, reading_variance = estimation.Estimate(2.00, 0.04), 0.01
    best = estimation.correct(prior, 2.30, reading_variance)
    assert (best.mean, best.variance) == pytest.approx((2.24, 0.008))
    for gain in (0.75, 0.85):
        mixed = (1 - gain) ** 2 * prior.variance + gain**2 * reading_variance
        assert mixed > best.variance
    moved = estimation.predict(best, -0.10, 0.002)
    assert (moved.mean, moved.variance) == pytest.approx((2.14, 0.010))
    again = estimation.correct(moved, 2.04, 0.01)
    assert (again.mean, again.variance) == pytest.approx((2.09, 0.005))


def test_complementary_filter_limits_the_effect_of_a_gyro_bias():
    dt, alpha, bias = 0.01, 0.98, 0.01
    settled = estimation.complementary([(bias, 0.0)] * 2000, dt, alpha)
    assert settled == pytest.approx(bias * alpha * dt / (1 - alpha), rel=1e-6)
    assert settled == pytest.approx(4.9e-3, rel=1e-6)


def test_repeatability_example_follows_the_standard_s_formula():
    readings = np.array([100.42, 100.38, 100.41, 100.40, 100.39])
    distances = np.abs(readings - readings.mean())
    assert readings.mean() - 100 == pytest.approx(0.40)
    assert distances.mean() + 3 * distances.std(ddof=1) == pytest.approx(0.037, abs=5e-4)


@pytest.mark.parametrize(
    ("computed", "printed"),
    [
        pytest.param(math.pi * (0.8**2 - 0.2**2), 1.885, id="area of the annulus, m^2"),
        pytest.param(0.3 * 100 * 0.8, 24, id="torque after the gear, N m"),
        pytest.param(3000 / 60 * 2 * math.pi / 100, 3.14, id="speed after the gear, rad/s"),
        pytest.param(math.degrees(0.01 * 60), 34.4, id="gyro drift in a minute, deg"),
        pytest.param(2 * 10 / 299_792_458, 66.7e-9, id="echo from 10 m, s"),
        pytest.param(math.radians(0.25) * 10, 0.0436, id="gap between lidar beams, m"),
        pytest.param(2**2 / (600 * 0.1), 0.067, id="stereo depth of one pixel, m"),
        pytest.param(1.0 * 0.1 + 1.0**2 / (2 * 5), 0.2, id="stopping distance, m"),
    ],
)
def test_worked_numbers_of_the_chapter_hold(computed, printed):
    assert computed == pytest.approx(printed, rel=6e-3)
