"""Torque-level control of the arm, and how it brakes."""

from __future__ import annotations

import numpy as np
import pytest

from lectern.errors import TrajectoryInvalid
from lectern.robot.arm import textbook_arm
from lectern.robot.embedded.control import MAX_DURATION_S, Dynamics, dynamics_model
from lectern.robot.embedded.physics import LOOK_STEPS, Physics
from lectern.robot.embedded.world import STEP_S, build_world
from lectern.robot.scene import Scene
from lectern.robot.trajectory import Trajectory

ARM = textbook_arm()
FREE = build_world(ARM, Scene())
BARE = dynamics_model(FREE.model)


def dynamics() -> Dynamics:
    return Dynamics(BARE, len(ARM.joints), FREE.gains)


def at(positions_rad: tuple[float, ...]) -> Physics:
    return Physics(FREE, np.array(positions_rad))


@pytest.mark.parametrize("name", sorted(ARM.named))
def test_the_arm_holds_every_named_pose_against_gravity(name: str) -> None:
    physics = at(ARM.named[name])
    hold = FREE.gains.stiffness * physics.positions
    for _ in range(200):
        physics.advance(np.array([hold, hold]), 10)
    assert np.abs(physics.positions[:6] - ARM.named[name]).max() < 1e-4


def test_an_absurd_command_gives_no_more_than_the_effort_limit() -> None:
    physics = at(ARM.named["up"])
    command = FREE.gains.stiffness * physics.positions + 1e6
    physics.advance(np.array([command, command]), 10)
    assert (np.abs(physics.efforts[:6]) <= ARM.max_effort + 1e-9).all()
    assert (np.abs(physics.efforts[:6]) >= 0.99 * ARM.max_effort).all()


def test_braking_from_full_speed_takes_the_time_that_was_computed() -> None:
    rng, law = np.random.default_rng(3), dynamics()
    for _ in range(30):
        physics = at(tuple(rng.uniform(0.8 * ARM.lower, 0.8 * ARM.upper)))
        velocities = ARM.max_velocity * rng.choice([-1.0, 1.0], 6)
        physics.data.qvel[:6] = velocities
        shortest_s = law.shortest_brake_s(physics.positions[:6], velocities, ARM.max_effort)
        braking = law.brake(physics.positions[:6], velocities, shortest_s, 0.002)
        fingers = FREE.gains.stiffness[6:] * physics.positions[6:]
        for ends in braking.commands:
            physics.advance(np.hstack([ends, [fingers, fingers]]), 2)
            assert (np.abs(physics.efforts[:6]) <= ARM.max_effort + 1e-9).all()
        assert np.abs(physics.velocities[:6]).max() < 0.3
        assert np.abs(physics.positions[:6] - braking.positions[-1]).max() < 0.02


def test_a_faster_arm_takes_longer_to_stop() -> None:
    law, pose = dynamics(), np.array(ARM.named["stretched"])
    slow, fast = (
        law.shortest_brake_s(pose, share * ARM.max_velocity, ARM.max_effort) for share in (0.2, 1.0)
    )
    assert slow < fast


def test_a_held_object_counts_as_a_mass_at_its_place() -> None:
    law = Dynamics(dynamics_model(BARE), len(ARM.joints), FREE.gains)
    pose, rate = np.array(ARM.named["stretched"]), np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    empty_s = law.shortest_brake_s(pose, rate, ARM.max_effort)
    law.carry(FREE.links[ARM.tool_frame], 2.0, (0.0, 0.0, 0.1))
    laden_s = law.shortest_brake_s(pose, rate, ARM.max_effort)
    # The tool is 1.1 m out, the object 0.1 m further: 2 kg (1.2 m)^2 about joint_1.
    more = 2.0 * 1.2**2 / (0.95 * ARM.max_effort[0])
    assert laden_s - empty_s == pytest.approx(more, rel=0.05)
    law.carry(FREE.links[ARM.tool_frame], 0.0, (0.0, 0.0, 0.0))
    assert law.shortest_brake_s(pose, rate, ARM.max_effort) == pytest.approx(empty_s)


def test_time_ends_early_when_a_stop_is_asked_for() -> None:
    physics, looks = at(ARM.named["home"]), iter([False, False, True])
    hold = FREE.gains.stiffness * physics.positions
    physics.advance(np.array([hold, hold]), 3 * LOOK_STEPS, lambda: next(looks))
    assert physics.time_s == pytest.approx(2 * LOOK_STEPS * STEP_S)


def test_a_trajectory_too_long_for_memory_is_refused() -> None:
    still = np.zeros((2, 6))
    long = Trajectory(ARM.names, np.array([0.0, MAX_DURATION_S * 1e6]), still, still)
    with pytest.raises(TrajectoryInvalid, match="lasts"):
        dynamics().follow(long, 0.01)
