"""What the physics thread carries out: following, gripping, braking, waiting.

A motion says what to send to the motors for the next steps, then judges the states they led to.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lectern.errors import GraspFailed, PlanOutdated, TrackingLost
from lectern.robot.embedded.control import Dynamics, Reference
from lectern.robot.embedded.physics import Physics
from lectern.robot.embedded.world import STEP_S
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip
from lectern.robot.robot import START_TOLERANCE_RAD
from lectern.robot.trajectory import Trajectory

# Steps between two looks at the state: usually, and while braking.
CHUNK_STEPS, BRAKING_CHUNK_STEPS = 10, 2
CHUNK_S, BRAKING_CHUNK_S = CHUNK_STEPS * STEP_S, BRAKING_CHUNK_STEPS * STEP_S
# A joint this far from where it should be is not following any more, rad.
LOST_RAD = 0.15
# Slower than this is at rest, rad/s; fingers and objects, m/s.
REST_RAD_S, REST_M_S = 0.02, 0.002
# Fingers slower than this are stopped, m/s: braking the arm shakes them by half a millimetre.
_STOPPED_M_S = 0.005
# A motion is over when the arm rests this close to the goal, rad, or after this time, s.
_SETTLED_RAD, _SETTLING_S = 0.002, 0.5
# What is still this far from the goal then, rad, did not follow.
_MISSED_RAD = 0.02
_FINGER_SPEED_M_S = 0.06
# Fingers that did not move for so long are at their end, s; gripping takes no longer than this, s.
_FINGER_REST_S, _FINGER_LIMIT_S = 0.05, 4.0
_DROP_LIMIT_S = 1.5
# How far a held object may shift in the hand before it counts as lost, m.
_SLIP_LIMIT_M = 0.02


class Motion(Protocol):
    """One thing to carry out; used on the physics thread alone."""

    def begin(self, physics: Physics) -> None:
        """Look at where things are; raises a named error if the motion cannot begin."""

    @property
    def steps(self) -> int:
        """How many steps a chunk of this motion has."""

    def commands(self) -> Floats:
        """Return what to tell the motors at both ends of the next chunk, shape (2, motors)."""

    def judge(self, physics: Physics) -> bool:
        """Say whether it is over, given the state its commands led to; may raise."""

    @property
    def fraction(self) -> float:
        """Share of its expected time that has passed."""


class Hand:
    """What the motors are told while nothing else is asked of them, shape (motors,)."""

    def __init__(self, stiffness: Floats, arm_joints: int) -> None:
        self._stiffness = stiffness
        self.arm_joints = arm_joints
        self.commands = np.zeros_like(stiffness)

    def hold(self, positions: Floats) -> None:
        """Keep arm and fingers at joint positions, shape (motors,)."""
        self.commands = self._stiffness * positions

    def both_ends(self) -> Floats:
        """Return the same commands for both ends of a chunk, shape (2, motors)."""
        return np.array([self.commands, self.commands])


class Follow:
    """Follow a trajectory that was turned into commands beforehand."""

    def __init__(self, trajectory: Trajectory, reference: Reference, hand: Hand) -> None:
        self._start = trajectory.positions[0]
        self._names = trajectory.names
        self._reference = reference
        self._hand = hand
        self._sent = 0
        self.max_error_rad = 0.0
        self.final_error_rad = 0.0

    @property
    def fraction(self) -> float:
        """Share of its expected time that has passed."""
        return min(1.0, self._sent / len(self._reference.commands))

    def begin(self, physics: Physics) -> None:
        """Check that the arm is where the trajectory begins.

        Raises:
            PlanOutdated: It is not.
        """
        apart = np.abs(physics.positions[: self._hand.arm_joints] - self._start)
        worst = int(apart.argmax())
        if apart[worst] > START_TOLERANCE_RAD:
            raise PlanOutdated(
                f"{self._names[worst]} is {apart[worst]:.4f} rad from where the plan begins.",
                "Plan the motion anew.",
            )

    @property
    def steps(self) -> int:
        """How many steps a chunk of this motion has."""
        return CHUNK_STEPS

    def commands(self) -> Floats:
        """Return the next commands; after the last, those that hold the goal."""
        n = self._hand.arm_joints
        self._hand.commands[:n] = self._reference.hold
        ends = self._hand.both_ends()
        if self._sent < len(self._reference.commands):
            ends[:, :n] = self._reference.commands[self._sent]
        self._sent += 1
        return ends

    def judge(self, physics: Physics) -> bool:
        """Measure the error; over when the arm rests at the goal.

        Raises:
            TrackingLost: A joint is too far from where it should be, or never gets to the goal.
        """
        n, chunks = self._hand.arm_joints, len(self._reference.positions)
        wanted = self._reference.positions[min(self._sent, chunks) - 1]
        errors = np.abs(physics.positions[:n] - wanted)
        self.final_error_rad = float(errors.max())
        self.max_error_rad = max(self.max_error_rad, self.final_error_rad)
        if self.final_error_rad > LOST_RAD:
            self._lose(errors)
        if self._sent < chunks:
            return False
        at_rest = np.abs(physics.velocities[:n]).max() < REST_RAD_S
        if at_rest and self.final_error_rad < _SETTLED_RAD:
            return True
        over = (self._sent - chunks) * CHUNK_S > _SETTLING_S
        if over and self.final_error_rad > _MISSED_RAD:
            self._lose(errors)
        return over

    def _lose(self, errors: Floats) -> None:
        joint = int(errors.argmax())
        raise TrackingLost(
            f"{self._names[joint]} was {errors.max():.3f} rad from where it should be, so the arm "
            "was brought to rest.",
            "See what stands in its way, and plan anew.",
        )


class Brake:
    """Bring arm and fingers to rest.

    Args:
        dynamics: Of the arm.
        robot: Its limits.
        hand: What holds the arm afterwards.
        hard: With all the motors' effort; else within the joints' acceleration limits.
    """

    def __init__(self, dynamics: Dynamics, robot: RobotModel, hand: Hand, hard: bool) -> None:
        self._dynamics = dynamics
        self._robot = robot
        self._hand = hand
        self._hard = hard
        self._sent = 0
        self._reference: Reference | None = None

    @property
    def fraction(self) -> float:
        """Braking has no expected time."""
        return 0.0

    def begin(self, physics: Physics) -> None:
        """Plan the braking from how the arm moves now."""
        n = self._hand.arm_joints
        positions, velocities = physics.positions, physics.velocities
        if self._hard:
            duration_s = self._dynamics.shortest_brake_s(
                positions[:n], velocities[:n], self._robot.max_effort
            )
        else:
            duration_s = float((np.abs(velocities[:n]) / self._robot.max_acceleration).max())
        self._reference = self._dynamics.brake(
            positions[:n], velocities[:n], duration_s, BRAKING_CHUNK_S
        )
        self._hand.commands[:n] = self._reference.hold

    @property
    def steps(self) -> int:
        """How many steps a chunk of this motion has."""
        return BRAKING_CHUNK_STEPS

    def commands(self) -> Floats:
        """Return the next commands; after the last, those that hold."""
        ends = self._hand.both_ends()
        if self._reference is not None and self._sent < len(self._reference.commands):
            ends[:, : self._hand.arm_joints] = self._reference.commands[self._sent]
        self._sent += 1
        return ends

    def judge(self, physics: Physics) -> bool:
        """Over when arm and fingers rest, or at the latest after the time to settle."""
        n = self._hand.arm_joints
        if _rests(physics, n):
            self._hand.commands[:n] = self._dynamics.hold(physics.positions[:n])
            return True
        chunks = 0 if self._reference is None else len(self._reference.commands)
        if self._sent >= chunks:
            # What error is left would pull the arm on: where it is now is as good as any place.
            self._hand.commands[:n] = self._dynamics.hold(physics.positions[:n])
        return (self._sent - chunks) * BRAKING_CHUNK_S > _SETTLING_S


def _rests(physics: Physics, arm_joints: int) -> bool:
    """Say whether neither the arm nor a finger moves."""
    speeds = np.abs(physics.velocities)
    arm, fingers = speeds[:arm_joints].max(), speeds[arm_joints:].max()
    return bool(arm < REST_RAD_S and fingers < _STOPPED_M_S)


class Squeeze:
    """Move the fingers with limited force until they rest.

    Args:
        grip: What is asked for.
        robot: The gripper's limits.
        hand: What holds arm and fingers meanwhile and afterwards.
    """

    def __init__(
        self, grip: Grip, robot: RobotModel, hand: Hand, stiffness: Floats, damping: Floats
    ) -> None:
        self.grip = grip
        self._robot = robot
        self._hand = hand
        n = hand.arm_joints
        self._stiffness, self._damping = stiffness[n:], damping[n:]
        self._goal_m = float(np.clip(grip.width_m, 0.0, robot.gripper.max_width_m)) / 2
        self._reference_m: Floats = np.zeros(0)
        self._speed_m_s = 0.0
        self._chunks = 1
        self._sent = 0
        self._still_s = 0.0

    @property
    def fraction(self) -> float:
        """Share of the fingers' way that has been commanded."""
        return min(1.0, self._sent / self._chunks)

    def begin(self, physics: Physics) -> None:
        """Plan the fingers' way from where they are."""
        physics.limit_grip(min(self.grip.force_n, self._robot.gripper.max_force_n))
        start_m = float(physics.positions[self._hand.arm_joints :].mean())
        way_m = self._goal_m - start_m
        self._chunks = max(1, int(np.ceil(abs(way_m) / (_FINGER_SPEED_M_S * CHUNK_S))))
        shares: Floats = np.arange(self._chunks + 1) / self._chunks
        self._reference_m = start_m + way_m * shares
        self._speed_m_s = way_m / (self._chunks * CHUNK_S)

    @property
    def steps(self) -> int:
        """How many steps a chunk of this motion has."""
        return CHUNK_STEPS

    def commands(self) -> Floats:
        """Return the next commands; after the last, those that press on."""
        n = self._hand.arm_joints
        self._hand.commands[n:] = self._stiffness * self._goal_m
        ends = self._hand.both_ends()
        if self._sent < self._chunks:
            way = self._reference_m[self._sent : self._sent + 2, None]
            ends[:, n:] = self._stiffness * way + self._damping * self._speed_m_s
        self._sent += 1
        return ends

    def judge(self, physics: Physics) -> bool:
        """Over when the fingers rest, and so does what they let go of.

        Raises:
            GraspFailed: They rest and hold nothing of what should be attached.
        """
        if self._sent < self._chunks:
            return False
        waited_s = (self._sent - self._chunks) * CHUNK_S
        moving = np.abs(physics.velocities[self._hand.arm_joints :]).max() > REST_M_S
        self._still_s = 0.0 if moving else self._still_s + CHUNK_S
        if self._still_s < _FINGER_REST_S and waited_s < _FINGER_LIMIT_S:
            return False
        if self._falling(physics) and waited_s < _DROP_LIMIT_S:
            return False
        if self.grip.attach and not self._holds(physics):
            raise GraspFailed(
                f"The fingers closed to {1000 * physics.positions[-2:].sum():.1f} mm and do not "
                f"hold {self.grip.attach!r}.",
                "Move the open gripper around the object first.",
            )
        return True

    def _falling(self, physics: Physics) -> bool:
        name = self.grip.detach
        return name in physics.world.movable and physics.speed_of(name) > 5 * REST_M_S

    def _holds(self, physics: Physics) -> bool:
        """Say whether every finger touches the object."""
        model = physics.world.model
        fingers = {int(model.joint(name).bodyid[0]) for name in self._robot.gripper.joints}
        body = physics.world.objects.get(self.grip.attach)
        return body is not None and fingers <= physics.touching(body)


class Wait:
    """Let time pass while everything is held."""

    def __init__(self, duration_s: float, hand: Hand) -> None:
        self._chunks = max(1, round(duration_s / CHUNK_S))
        self._hand = hand
        self._sent = 0

    @property
    def fraction(self) -> float:
        """Share of the time that has passed."""
        return min(1.0, self._sent / self._chunks)

    def begin(self, physics: Physics) -> None:
        """Nothing to check."""

    @property
    def steps(self) -> int:
        """How many steps a chunk of this motion has."""
        return CHUNK_STEPS

    def commands(self) -> Floats:
        """Return commands that hold everything."""
        self._sent += 1
        return self._hand.both_ends()

    def judge(self, physics: Physics) -> bool:
        """Over when the time has passed."""
        return self._sent >= self._chunks


def slipped_m(physics: Physics, name: str, link: str, held_at_m: tuple[float, ...]) -> float:
    """Return how far an object has shifted in the frame of the link that holds it, m."""
    now = physics.pose_in_link(name, link).position_m
    return float(np.linalg.norm(np.subtract(now, held_at_m)))


def check_held(physics: Physics, name: str, link: str, held_at_m: tuple[float, ...]) -> None:
    """Check that a held object is still in the hand.

    Raises:
        GraspFailed: It is not.
    """
    shift_m = slipped_m(physics, name, link, held_at_m)
    if shift_m > _SLIP_LIMIT_M:
        raise GraspFailed(
            f"The gripper lost {name!r} on the way: it shifted by {1000 * shift_m:.0f} mm.",
            "Grip it with more force, or nearer to its centre.",
        )
