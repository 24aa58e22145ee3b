"""The lidar: rays into the arena, none of them into the base itself."""

from __future__ import annotations

import math
import threading

import mujoco
import numpy as np

from lectern.robot.base import LIDAR_FRAME, Scan
from lectern.robot.embedded.base.noise import lidar_draws
from lectern.robot.embedded.base.world import SEEN_GROUP, BaseWorld
from lectern.robot.geometry import Floats

# As in base.gazebo.xacro.
RAYS = 360
SCAN_S = 0.1
RANGE_MIN_M, RANGE_MAX_M = 0.12, 8.0
INCREMENT_RAD = 2 * math.pi / RAYS
ANGLES_RAD = -math.pi + INCREMENT_RAD * np.arange(RAYS)


class Lidar:
    """Looks around in one world; any thread may ask.

    Args:
        world: What is looked at.
        deviation_m: Standard deviation of a ray's noise.
        seed: Of the noise.
    """

    def __init__(self, world: BaseWorld, deviation_m: float, seed: int) -> None:
        self._model = world.model
        self._deviation_m = deviation_m
        self._seed = seed
        self._lock = threading.Lock()
        self._data = mujoco.MjData(world.model)
        self._groups = np.zeros(6, np.uint8)
        self._groups[SEEN_GROUP] = 1
        self._site = int(world.model.site(LIDAR_FRAME).id)
        self._newest: tuple[int, Scan] | None = None
        # In the lidar's frame.
        self._rays = np.column_stack([np.cos(ANGLES_RAD), np.sin(ANGLES_RAD), np.zeros(RAYS)])

    def scan(self, tick: int, stamp_s: float, positions: Floats) -> Scan:
        """Return what is seen from where everything is at a tick, positions of shape (nq,).

        The same moment gives the same scan every time.
        """
        with self._lock:
            if self._newest is None or self._newest[0] != tick:
                self._newest = (tick, self._scan(tick, stamp_s, positions))
            return self._newest[1]

    def _scan(self, tick: int, stamp_s: float, positions: Floats) -> Scan:
        distances = self._cast(positions)
        ranges = distances + self._deviation_m * lidar_draws(self._seed, tick, RAYS)
        ranges[ranges < RANGE_MIN_M] = -np.inf
        ranges[(distances < 0) | (ranges > RANGE_MAX_M)] = np.inf
        ranges.setflags(write=False)
        return Scan(
            stamp_s=stamp_s,
            angle_min_rad=float(ANGLES_RAD[0]),
            angle_max_rad=float(ANGLES_RAD[-1]),
            angle_increment_rad=INCREMENT_RAD,
            range_min_m=RANGE_MIN_M,
            range_max_m=RANGE_MAX_M,
            scan_time_s=SCAN_S,
            ranges_m=ranges,
        )

    def _cast(self, positions: Floats) -> Floats:
        """Return the distance along every ray, -1 where there is nothing; shape (rays,), m."""
        data = self._data
        data.qpos[:] = positions
        mujoco.mj_kinematics(self._model, data)
        rotation = data.site_xmat[self._site].reshape(3, 3)
        rays = np.ascontiguousarray(self._rays @ rotation.T).ravel()
        hit, distances = np.empty(RAYS, np.int32), np.empty(RAYS)
        mujoco.mj_multiRay(
            self._model,
            data,
            data.site_xpos[self._site],
            rays,
            self._groups,
            True,
            -1,
            hit,
            distances,
            None,
            RAYS,
            mujoco.mjMAXVAL,
        )
        return distances
