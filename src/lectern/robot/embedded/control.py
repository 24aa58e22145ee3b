"""Joint control at torque level, as commands to MuJoCo's own actuators.

The law of each arm joint is computed torque with a stiff error loop around it:

    tau = k (q_d - q) + d (qdot_d - qdot) + [M(q_d) qddot_d + C(q_d, qdot_d) qdot_d + F(qdot_d)]_i
          + g_i(q),   limited to the joint's effort limit,

that is feed-forward inverse dynamics along the trajectory plus PD (Siciliano, Sciavicco, Villani,
Oriolo, "Robotics: Modelling, Planning and Control", 2009, section 8.5; An, Atkeson, Hollerbach,
"Model-Based Control of a Robot Manipulator", 1988, chapter 5). MuJoCo's affine actuator computes
u - k q - d qdot at every step, so u = k q_d + d qdot_d + feed-forward is all that has to be sent,
and it is known before the motion begins. The actuator integrates u from its rate, so that within a
chunk of steps u runs along a straight line (a first-order hold) and no Python runs between two
steps. Because the integrator is implicit in the speed, the damping that acts in a step is that of
the step's end, and qdot_d is taken there too: with the speed of its beginning, the damping would
keep light joints from slowing down. MuJoCo adds the gravity term g(q) to the actuator's force
(`actgravcomp`) before the limit applies.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from lectern.errors import TrajectoryInvalid
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.trajectory import Trajectory

# The error at which a joint asks for its whole effort limit, rad.
_FULL_EFFORT_ERROR_RAD = 0.04
# Ratio of stiffness to damping, 1/s: how fast an error dies out once speeds match.
_ERROR_RATE_PER_S = 25.0
# Stiffness of a finger, N/m, and its damping, N s/m.
_FINGER_STIFFNESS, _FINGER_DAMPING = 10_000.0, 100.0
# A trajectory longer than this is refused: its commands would not fit into memory.
MAX_DURATION_S = 600.0
# Between two points of a trajectory the acceleration may jump; a chunk looks at its own side only.
_SIDE_S = 1e-9
# Share of the effort limits that braking plans with; the error loop gets the rest.
_BRAKING_SHARE = 0.95
_SHORTEST_BRAKE_S, _LONGEST_BRAKE_S = 0.004, 3.0


@dataclass(frozen=True, eq=False)
class Gains:
    """Stiffness, damping and rotor inertia of every motor, arm joints first.

    Attributes:
        stiffness: N m/rad, or N/m, shape (motors,).
        damping: N m s/rad, or N s/m, shape (motors,).
        rotor: Inertia of the rotor behind its gear, kg m^2, or kg, shape (motors,). A light link
            alone would be thrown from side to side: damping d, limited in effort, overshoots
            within a step h unless the inertia is at least d h. Rotors of real arms are heavier.
    """

    stiffness: Floats
    damping: Floats
    rotor: Floats


def gains_of(robot: RobotModel, step_s: float) -> Gains:
    """Return the gains of the arm's joints and of the fingers, for steps of this length."""
    arm = robot.max_effort / _FULL_EFFORT_ERROR_RAD
    fingers = len(robot.gripper.joints)
    stiffness = np.concatenate([arm, np.full(fingers, _FINGER_STIFFNESS)])
    damping = np.concatenate([arm / _ERROR_RATE_PER_S, np.full(fingers, _FINGER_DAMPING)])
    return Gains(stiffness, damping, damping * step_s)


@dataclass(frozen=True, eq=False)
class Reference:
    """What the arm shall do, chunk by chunk.

    Attributes:
        positions: Where it shall be at the end of each chunk, shape (chunks, arm joints), rad.
        commands: What to tell the motors at the beginning and at the end of each chunk, shape
            (chunks, 2, arm joints), N m.
        hold: What to tell them from then on, shape (arm joints,), N m.
    """

    positions: Floats
    commands: Floats
    hold: Floats


class Dynamics:
    """Inverse dynamics of the arm alone; one thread at a time.

    Args:
        model: A MuJoCo model whose first joints are the arm's, with nothing around it.
        joints: How many these are.
        gains: Of the motors that the commands go to.
    """

    def __init__(self, model: mujoco.MjModel, joints: int, gains: Gains) -> None:
        self._model = model
        self._data = mujoco.MjData(model)
        self._joints = joints
        self._stiffness = gains.stiffness[:joints]
        self._damping = gains.damping[:joints]

    def carry(self, body: int, mass_kg: float, at_m: tuple[float, ...]) -> None:
        """Count a held object from now on, as a mass at a point; 0 kg: nothing is held.

        Changes the model, so that no other Dynamics may share it.

        Args:
            body: The link that it moves with, which has no mass of its own.
            mass_kg: Its mass.
            at_m: Where it is in the link's frame.
        """
        self._model.body_mass[body] = mass_kg
        self._model.body_ipos[body] = at_m
        self._model.body_sameframe[body] = mujoco.mjtSameFrame.mjSAMEFRAME_NONE
        mujoco.mj_setConst(self._model, self._data)

    def follow(self, trajectory: Trajectory, chunk_s: float) -> Reference:
        """Return the commands that let the arm follow a trajectory.

        Raises:
            TrajectoryInvalid: It lasts too long.
        """
        if trajectory.duration_s > MAX_DURATION_S:
            raise TrajectoryInvalid(
                f"The trajectory lasts {trajectory.duration_s:.0f} s, more than "
                f"{MAX_DURATION_S:.0f} s.",
                "Divide it, or move faster.",
            )
        starts_s = np.arange(0.0, trajectory.duration_s, chunk_s)
        ends_s = np.minimum(starts_s + chunk_s, trajectory.duration_s)
        times_s = np.stack([starts_s, ends_s - _SIDE_S], axis=1)
        return self._reference(*trajectory.sample(times_s.ravel()), trajectory.positions[-1])

    def brake(
        self, positions: Floats, velocities: Floats, duration_s: float, chunk_s: float
    ) -> Reference:
        """Return commands that slow every joint down evenly, all at rest after `duration_s`."""
        chunks = max(1, int(np.ceil(duration_s / chunk_s)))
        starts_s = np.arange(chunks) * chunk_s
        times_s = np.stack([starts_s, starts_s + chunk_s], axis=1).reshape(-1, 1)
        acceleration = -velocities / (chunks * chunk_s)
        way = positions + velocities * times_s + acceleration * times_s**2 / 2
        speeds = velocities + acceleration * times_s
        return self._reference(way, speeds, np.broadcast_to(acceleration, way.shape), way[-1])

    def shortest_brake_s(self, positions: Floats, velocities: Floats, effort: Floats) -> float:
        """Return the shortest time in which the motors can stop all joints together, s.

        Stopping within T needs tau = h - M qdot / T, which is linear in 1/T; the joint that comes
        to its limit first decides. h is what gravity, the links' turning and friction ask for.
        """
        self._set(positions, velocities)
        mujoco.mj_forward(self._model, self._data)
        n = self._joints
        momentum = np.zeros(self._model.nv)
        mujoco.mj_mulM(self._model, self._data, momentum, self._data.qvel)
        load = self._data.qfrc_bias[:n] - np.minimum(0.0, self._data.qfrc_passive[:n])
        room = _BRAKING_SHARE * effort + np.sign(momentum[:n]) * load
        needed = np.abs(momentum[:n]) / np.maximum(room, 0.1 * effort)
        return float(np.clip(needed.max(), _SHORTEST_BRAKE_S, _LONGEST_BRAKE_S))

    def hold(self, positions: Floats) -> Floats:
        """Return the commands that keep the arm where it is, shape (joints,)."""
        return np.asarray(self._stiffness * positions)

    def _reference(
        self, positions: Floats, velocities: Floats, accelerations: Floats, end: Floats
    ) -> Reference:
        """Return the reference of motion given at the beginning and the end of every chunk."""
        moments = zip(positions, velocities, accelerations, strict=True)
        torque = np.array([self._inverse(*moment) for moment in moments])
        next_speeds = velocities + self._model.opt.timestep * accelerations
        commands = self._stiffness * positions + self._damping * next_speeds + torque
        shape = (-1, 2, self._joints)
        return Reference(positions[1::2], commands.reshape(shape), self.hold(end))

    def _inverse(self, positions: Floats, velocities: Floats, accelerations: Floats) -> Floats:
        """Return M a + C v + friction, without gravity, shape (joints,), N m."""
        data, n = self._data, self._joints
        self._set(positions, velocities)
        data.qacc[:n] = accelerations
        mujoco.mj_inverse(self._model, data)
        # With gravity compensated inside the actuator, gravity is not this law's business.
        return np.array(data.qfrc_inverse[:n] - data.qfrc_gravcomp[:n])

    def _set(self, positions: Floats, velocities: Floats) -> None:
        n = self._joints
        self._data.qpos[:n], self._data.qvel[:n] = positions, velocities


def dynamics_model(model: mujoco.MjModel) -> mujoco.MjModel:
    """Return a copy of a model of the arm alone, in which nothing touches and nothing sleeps."""
    bare: mujoco.MjModel = model.__copy__()
    off = mujoco.mjtDisableBit
    bare.opt.disableflags |= off.mjDSBL_CONTACT | off.mjDSBL_LIMIT | off.mjDSBL_EQUALITY
    bare.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    return bare
