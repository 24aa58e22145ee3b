"""The physics of the base without threads: wheels that follow commands, and what is measured."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from lectern.errors import SimulationFailed
from lectern.robot.base import WATCHDOG_S, BaseState
from lectern.robot.description import BaseNumbers
from lectern.robot.embedded.base.lidar import SCAN_S
from lectern.robot.embedded.base.odometry import Odometry
from lectern.robot.embedded.base.world import STEP_S, BaseWorld
from lectern.robot.embedded.world import pose_in
from lectern.robot.geometry import Floats, Pose

TICK_STEPS = 5
TICK_S = TICK_STEPS * STEP_S
WATCHDOG_TICKS = round(WATCHDOG_S / TICK_S)
SCAN_TICKS = round(SCAN_S / TICK_S)
# Slower than this, m/s or rad/s, everything rests.
REST_SPEED = 0.002
_SETTLE_TICKS = 100
# Nothing in the arena moves faster than this; what does has blown up.
_MAX_SPEED = 200.0


@dataclass(frozen=True, eq=False)
class Moment:
    """Everything about one tick; arrays are read only.

    Attributes:
        tick: Ticks of 10 ms since the clock began.
        state: Of the base.
        positions: Of everything, shape (nq,).
        scanned: Tick of the newest scan, and the positions at that tick.
        orientation_wxyz: Of the IMU in the world.
        angular_velocity: Of the IMU in its own axes, rad/s, shape (3,).
        specific_force: What the IMU feels in its own axes, mean of the tick, m/s^2, shape (3,).
    """

    tick: int
    state: BaseState
    positions: Floats
    scanned: tuple[int, Floats]
    orientation_wxyz: tuple[float, float, float, float]
    angular_velocity: Floats
    specific_force: Floats

    @property
    def stamp_s(self) -> float:
        """Time of the robot's own clock."""
        return self.state.stamp_s


class BaseSimulation:
    """The base in its arena; one thread at a time.

    Args:
        world: What is simulated.
        numbers: Of the wheels.
        tick: What the clock shows at the beginning.
    """

    def __init__(self, world: BaseWorld, numbers: BaseNumbers, tick: int = 0) -> None:
        self._world = world
        self._numbers = numbers
        self._data = mujoco.MjData(world.model)
        self._wanted = np.zeros(2)
        self._expires_tick = 0
        self._force: Floats = np.zeros(3)
        self.tick = tick
        self._settle()
        self._odometry = Odometry(numbers, self._wheels())
        self._scanned = (tick, self._positions())
        self.moment = self._look()

    def command(self, wheels_rad_s: tuple[float, float]) -> None:
        """Let the wheels turn at these speeds until the watchdog ends it.

        Zero is a command as well, but lengthens no drive.
        """
        self._wanted[:] = wheels_rad_s
        if any(wheels_rad_s):
            self._expires_tick = self.tick + WATCHDOG_TICKS

    def halt(self) -> None:
        """Brake to rest, and forget the watchdog."""
        self._wanted[:] = 0.0
        self._expires_tick = self.tick

    def advance(self) -> bool:
        """Let one tick pass; say whether the watchdog ended a drive in it.

        Raises:
            SimulationFailed: Physics blew up.
        """
        self._step()
        self.tick += 1
        self._odometry.read(self._wheels())
        if self.tick % SCAN_TICKS == 0:
            self._scanned = (self.tick, self._positions())
        expired = self.tick == self._expires_tick
        if expired:
            self._wanted[:] = 0.0
        self.moment = self._look()
        return expired

    @property
    def driving(self) -> bool:
        """Whether a command that is not zero still holds."""
        return self.tick < self._expires_tick

    def resting(self) -> bool:
        """Tell whether nothing moves and nothing is to move."""
        still = float(np.abs(self._data.qvel).max()) < REST_SPEED
        idle = not self._wanted.any() and not self._data.ctrl.any()
        return still and idle and not self.driving

    def skip_to(self, tick: int) -> None:
        """Set the clock forward without anything moving; a drive that is over by then ends next."""
        if tick <= self.tick:
            return
        if self.driving:
            self._expires_tick = max(self._expires_tick, tick + 1)
        self.tick = tick
        if tick // SCAN_TICKS * SCAN_TICKS > self._scanned[0]:
            self._scanned = (tick // SCAN_TICKS * SCAN_TICKS, self._positions())
        self.moment = self._look()

    def _step(self) -> None:
        """Pass one tick; wheels change their speed no faster than the description has it."""
        data, change = self._data, self._numbers.max_wheel_acceleration_rad_s2 * STEP_S
        force: Floats = np.zeros(3)
        for _ in range(TICK_STEPS):
            data.ctrl += np.clip(self._wanted - data.ctrl, -change, change)
            mujoco.mj_step(self._world.model, data)
            force += data.sensor("accelerometer").data
        self._force = force / TICK_STEPS
        if not np.isfinite(data.qpos).all() or not np.abs(data.qvel).max() < _MAX_SPEED:
            raise SimulationFailed(
                "The physics of the base blew up.", "Start Lectern again; report this as a bug."
            )
        mujoco.mj_forward(self._world.model, data)

    def _settle(self) -> None:
        """Let the base sink into its tyres before anybody looks."""
        for _ in range(_SETTLE_TICKS):
            self._step()
        if not self.resting():
            raise SimulationFailed(
                "The base finds no rest on the floor.", "Repair the description."
            )

    def _wheels(self) -> tuple[float, float]:
        left, right = self._data.qpos[list(self._world.wheel_positions)]
        return float(left), float(right)

    def _positions(self) -> Floats:
        positions = np.array(self._data.qpos)
        positions.setflags(write=False)
        return positions

    def _look(self) -> Moment:
        data = self._data
        w, x, y, z = (float(value) for value in data.sensor("orientation").data)
        gyro = np.array(data.sensor("gyro").data)
        return Moment(
            tick=self.tick,
            state=self._state(),
            positions=self._positions(),
            scanned=self._scanned,
            orientation_wxyz=(w, x, y, z),
            angular_velocity=gyro,
            specific_force=self._force,
        )

    def _state(self) -> BaseState:
        left, right = (float(v) for v in self._data.qvel[list(self._world.wheel_speeds)])
        linear, angular = self._odometry.motion(left, right)
        return BaseState(
            stamp_s=self.tick * TICK_S,
            pose=self._odometry.pose(),
            linear_m_s=linear,
            angular_rad_s=angular,
            wheel_positions_rad=self._wheels(),
            wheel_velocities_rad_s=(left, right),
            true_pose=self._true_pose(),
        )

    def _true_pose(self) -> Pose:
        body, data = self._world.base_link, self._data
        return pose_in(np.concatenate([data.xpos[body], data.xquat[body]]))
