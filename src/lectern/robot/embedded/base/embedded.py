"""The simulated base behind the `Base` interface: physics on a thread of its own, paced.

Time is that of the robot's clock, so that base and arm have the same; it passes in ticks of 10 ms.
After a hold-up of more than a quarter of a second the base leaves out what it missed rather than
racing to catch up. While nothing moves and nobody has looked for a second, the thread sleeps; who
looks or drives next sets the clock forward, for at rest nothing else changes.

Unpaced there is no thread, and time passes in `wait` alone.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from lectern.errors import InvalidInput, SimulationFailed
from lectern.robot.base import BaseState, ImuSample, Scan, wheel_speeds
from lectern.robot.description import BaseNumbers, base_numbers, unfold_base
from lectern.robot.embedded.base.imu import imu_sample
from lectern.robot.embedded.base.lidar import Lidar
from lectern.robot.embedded.base.noise import Noise
from lectern.robot.embedded.base.simulation import TICK_S, BaseSimulation, Moment
from lectern.robot.embedded.base.world import build_base_world
from lectern.robot.robot import Reality
from lectern.robot.scene import Scene
from lectern.robot.scenes import arena

# Behind by more ticks than this, the base leaves out what it missed.
_HOLD_UP_TICKS = 25
# The thread stays awake for so long after somebody looked.
_AWAKE_S = 1.0
_MAX_WAIT_S = 600.0
_JOIN_S = 5.0
_log = logging.getLogger(__name__)


class EmbeddedBase:
    """A simulated base in this process; see `lectern.robot.base.Base`. Build it with `start`."""

    def __init__(
        self,
        simulation: BaseSimulation,
        lidar: Lidar,
        numbers: BaseNumbers,
        *,
        noise: Noise,
        seed: int,
        clock: Callable[[], float] | None,
    ) -> None:
        self._simulation = simulation
        self._lidar = lidar
        self._numbers = numbers
        self._noise = noise
        self._seed = seed
        self._clock = clock
        self._wake = threading.Condition()
        self._moment = simulation.moment
        self._pending: tuple[float, float] | None = None
        self._halting = False
        self._asleep = threading.Event()
        self._looked_s = time.monotonic()
        self._closing = False
        self._failure: SimulationFailed | None = None
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._thread: threading.Thread | None = None

    @classmethod
    def start(
        cls,
        surroundings: Scene | None = None,
        *,
        paced: bool = True,
        clock: Callable[[], float] | None = None,
        seed: int = 0,
        noise: Noise | None = None,
    ) -> EmbeddedBase:
        """Start a base at the origin of the world, looking along x.

        Args:
            surroundings: Boxes and cylinders; None: the arena.
            paced: Whether time passes by itself; else in `wait` alone.
            clock: The robot's clock, s, which the base keeps to where it is paced; None: the time
                since now.
            seed: Of the sensors' noise, at least 0.
            noise: Of the sensors; None: that of docs/base.md.

        Raises:
            DescriptionInvalid: The base's description cannot be used.
            SceneObjectInvalid: An object is neither a box nor a cylinder.
            SimulationFailed: The base finds no rest.
        """
        noise = noise or Noise()
        numbers = base_numbers()
        world = build_base_world(
            unfold_base(), numbers, arena() if surroundings is None else surroundings
        )
        clock = (clock or _since_now()) if paced else None
        simulation = BaseSimulation(world, numbers, _tick(clock) if clock else 0)
        lidar = Lidar(world, noise.range_m, seed)
        base = cls(simulation, lidar, numbers, noise=noise, seed=seed, clock=clock)
        if clock is not None:
            base._thread = threading.Thread(target=base._run, name="base", daemon=True)
            base._thread.start()
        return base

    @property
    def numbers(self) -> BaseNumbers:
        """The wheels and their limits."""
        return self._numbers

    @property
    def reality(self) -> Reality:
        """Always `sim`."""
        return "sim"

    @property
    def asleep(self) -> bool:
        """Whether the physics thread waits until somebody looks or drives."""
        return self._asleep.is_set()

    @property
    def driving(self) -> bool:
        """Whether a command that is not zero still holds."""
        with self._wake:
            ahead = self._pending is not None and any(self._pending)
            return ahead or (self._simulation.driving and not self._halting)

    def state(self) -> BaseState:
        """Return the newest state; see `BaseView`."""
        return self._newest().state

    def imu(self) -> ImuSample:
        """Return the newest reading of the IMU; see `BaseView`."""
        return imu_sample(self._newest(), self._noise, self._seed)

    def scan(self) -> Scan:
        """Return the newest scan; see `BaseView`."""
        tick, positions = self._newest().scanned
        return self._lidar.scan(tick, tick * TICK_S, positions)

    def drive(self, linear_m_s: float, angular_rad_s: float) -> None:
        """Drive at a speed for `WATCHDOG_S`, then brake to rest; see `Base.drive`."""
        speeds = wheel_speeds(linear_m_s, angular_rad_s, self._numbers)
        with self._wake:
            self._awaken()
            self._pending = speeds

    def stop(self) -> None:
        """Brake to rest now; from any thread, never waits, never fails."""
        with self._wake:
            self._pending, self._halting = None, True

    def on_expiry(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever the watchdog ends a drive; see `Base.on_expiry`."""
        with self._wake:
            self._listeners = (*self._listeners, listener)

    async def wait(self, duration_s: float) -> None:
        """Let time pass for a base that is not paced, in whole ticks.

        Raises:
            InvalidInput: The base is paced, or this is no time, or more than ten minutes.
            SimulationFailed: Physics blew up.
        """
        if self._clock is not None or not 0 <= duration_s <= _MAX_WAIT_S:
            raise InvalidInput(
                f"This base cannot be made to wait for {duration_s} s.",
                f"Wait 0 to {_MAX_WAIT_S:g} s with a base that is not paced.",
            )
        await asyncio.to_thread(self._pass, round(duration_s / TICK_S))

    async def close(self) -> None:
        """End the thread; whoever looks or drives later gets SimulationFailed."""
        with self._wake:
            self._closing = True
            self._fail(SimulationFailed("The base is switched off.", "Start Lectern again."))
            self._wake.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _JOIN_S)

    def _newest(self) -> Moment:
        with self._wake:
            self._awaken()
            return self._moment

    def _awaken(self) -> None:
        """See to it that the newest moment is now; the lock is held.

        Raises:
            SimulationFailed: No time will pass any more.
        """
        if self._failure is not None:
            raise SimulationFailed(self._failure.detail, self._failure.remedy)
        self._looked_s = time.monotonic()
        if self._asleep.is_set() and self._clock is not None:
            self._simulation.skip_to(_tick(self._clock))
            self._moment = self._simulation.moment
            self._asleep.clear()
            self._wake.notify()

    # On the thread that lets time pass

    def _run(self) -> None:
        try:
            while self._due():
                self._advance()
        except BaseException as error:  # whatever it was, who looks next must hear of it
            _log.exception("The thread of the base has ended")
            with self._wake:
                self._fail(_named(error))

    def _fail(self, failure: SimulationFailed) -> None:
        self._failure = self._failure or failure

    def _due(self) -> bool:
        """Wait until a tick is due; False when the base closes."""
        assert self._clock is not None
        with self._wake:
            while not self._closing:
                if self._may_sleep():
                    self._asleep.set()
                    self._wake.wait()
                    continue
                now = _tick(self._clock)
                if now - self._simulation.tick > _HOLD_UP_TICKS:
                    self._simulation.skip_to(now - 1)
                if now > self._simulation.tick:
                    return True
                self._wake.wait(TICK_S)
        return False

    def _may_sleep(self) -> bool:
        watched = time.monotonic() - self._looked_s < _AWAKE_S
        return not watched and self._pending is None and self._simulation.resting()

    def _pass(self, ticks: int) -> None:
        for _ in range(ticks):
            self._advance()

    def _advance(self) -> None:
        with self._wake:
            self._heed()
        expired = self._simulation.advance()
        with self._wake:
            self._moment = self._simulation.moment
            listeners = self._listeners
        if expired:
            for listener in listeners:
                listener()

    def _heed(self) -> None:
        """Pass on what was wanted since the last tick; a stop comes before later commands."""
        halting, self._halting = self._halting, False
        pending, self._pending = self._pending, None
        if halting:
            self._simulation.halt()
        if pending is not None:
            self._simulation.command(pending)


def _named(error: BaseException) -> SimulationFailed:
    if isinstance(error, SimulationFailed):
        return error
    return SimulationFailed(
        f"The thread of the base has ended: {error!r:.200}.", "Start Lectern again."
    )


def _tick(clock: Callable[[], float]) -> int:
    return int(clock() / TICK_S + 1e-6)


def _since_now() -> Callable[[], float]:
    began_s = time.monotonic()
    return lambda: time.monotonic() - began_s
