"""The embedded robot: simulator, planner and camera behind the `Robot` interface."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from lectern.errors import (
    InvalidInput,
    ObjectInRobot,
    RobotBusy,
    SimulationFailed,
)
from lectern.robot.embedded.camera import Camera, camera_info
from lectern.robot.embedded.physics import carry_over, overlaps
from lectern.robot.embedded.simulator import Job, Simulator, Snapshot
from lectern.robot.embedded.world import CAMERAS, World, build_world
from lectern.robot.fitting import check_fits
from lectern.robot.geometry import Pose
from lectern.robot.goals import PlanRequest
from lectern.robot.image import CameraInfo, Cameras, Image
from lectern.robot.model import RobotModel
from lectern.robot.plan import Plan
from lectern.robot.robot import (
    MAX_RECORDED,
    Execution,
    Measurement,
    OnProgress,
    Progress,
    Reality,
)
from lectern.robot.scene import Scene, SceneObject
from lectern.robot.scenes import bench
from lectern.robot.state import RobotState

if TYPE_CHECKING:
    from lectern.robot.planning.planner import Planner

# An object given within this distance of where it is stays where it is, m.
_SAME_PLACE_M = 1e-6
_MAX_RATE_HZ = 1000.0
# How often the simulator measures.
MEASURED_HZ = 100


class EmbeddedRobot:
    """A simulated robot in this process; see `lectern.robot.robot.Robot`."""

    def __init__(self, simulator: Simulator, seed: int) -> None:
        self._simulator = simulator
        self._camera = Camera()
        self._lock = threading.Lock()
        self._claimed_by: object | None = None
        self.seed = seed

    @classmethod
    def start(
        cls,
        model: RobotModel,
        scene: Scene | None = None,
        *,
        paced: bool = True,
        seed: int = 0,
    ) -> EmbeddedRobot:
        """Start a robot in its pose `home`.

        Args:
            model: The robot; `textbook_arm()` for Lectern's own.
            scene: Its surroundings; None: the workbench.
            paced: Whether simulated time follows the wall clock; else it passes as fast as it can
                while something moves, and stands still otherwise.
            seed: Kept for those who draw random numbers; the physics itself draws none.

        Raises:
            DescriptionInvalid: MuJoCo cannot load the robot.
            SceneObjectInvalid: A mesh of the scene cannot be read.
            ObjectInRobot: An object of the scene overlaps the robot.
        """
        scene = bench() if scene is None else scene
        simulator = Simulator(model, scene, model.pose_named("home"), paced=paced)
        _check_apart(simulator.snapshot, simulator.snapshot.world, frozenset(scene.objects))
        simulator.start()
        return cls(simulator, seed)

    @property
    def model(self) -> RobotModel:
        """The robot's description and limits."""
        return self._simulator.robot

    @property
    def reality(self) -> Reality:
        """Always `sim`."""
        return "sim"

    def state(self) -> RobotState:
        """Return the newest measurement, from any thread, at once.

        After the simulator's thread has died, the last one, its activity `failed`.
        """
        return self._simulator.snapshot.state

    async def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        """Yield newest measurements at up to `rate_hz` of the wall clock; see `RobotView`.

        Raises:
            InvalidInput: The rate is not above 0 and at most 1000.
        """
        if not 0 < rate_hz <= _MAX_RATE_HZ:
            raise InvalidInput(f"The rate {rate_hz} Hz is out of range.", "Use 1 to 1000 Hz.")
        if rate_hz > MEASURED_HZ:
            async with aclosing(self._every_state()) as every:
                async for state in every:
                    yield state
            return
        news = _News(asyncio.get_running_loop())
        self._simulator.listen(news.tell)
        try:
            due_s = time.monotonic()
            while not self._simulator.closed:
                news.expect()
                yield self.state()
                due_s = max(due_s + 1.0 / rate_hz, time.monotonic())
                await asyncio.sleep(due_s - time.monotonic())
                await news.come()
        finally:
            self._simulator.unlisten(news.tell)

    async def _every_state(self) -> AsyncGenerator[RobotState, None]:
        """Yield every measurement, also those made while the reader's loop had no time."""
        backlog = _Backlog(asyncio.get_running_loop())
        self._simulator.listen(backlog.take)
        try:
            newest = self.state()
            yield newest
            while not self._simulator.closed:
                for state in await backlog.come():
                    if state.stamp_s != newest.stamp_s:
                        newest = state
                        yield state
        finally:
            self._simulator.unlisten(backlog.take)

    @contextmanager
    def record(self) -> Iterator[list[Measurement]]:
        """Collect every measurement within a block; see `RobotView.record`."""
        notes, measurements = _Notes(), list[Measurement]()
        self._simulator.listen(notes.take)
        try:
            yield measurements
        finally:
            self._simulator.unlisten(notes.take)
            measurements.extend(Measurement(s.state, s.surroundings) for s in tuple(notes.taken))

    def scene(self) -> Scene:
        """Return the surroundings, movable objects where they are now."""
        return self._simulator.snapshot.surroundings

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan one motion without moving, with the fingers as they are; see `RobotView.plan`."""
        now = self._simulator.snapshot
        start = self._joints(now) if request.start_rad is None else request.start_rad
        scene = now.surroundings if request.scene is None else request.scene
        finger_m = self._finger_m(now)
        return await asyncio.to_thread(lambda: self._planner.plan(request, start, scene, finger_m))

    async def check(self, plan: Plan, scene: Scene | None = None) -> None:
        """Check a plan for collisions; see `RobotView.check`."""
        now = self._simulator.snapshot
        around = now.surroundings if scene is None else scene
        start, finger_m = self._joints(now), self._finger_m(now)
        await asyncio.to_thread(lambda: self._planner.check(plan, around, start, finger_m))

    async def picture(self, width: int = 640, height: int = 480, camera: str = "overview") -> bytes:
        """Return a PNG picture of the present; see `RobotView.picture`."""
        now = self._simulator.snapshot
        return await asyncio.to_thread(
            self._camera.picture,
            self.model,
            now.world,
            now.physics,
            width=width,
            height=height,
            camera=camera,
        )

    async def image(self, width: int = 640, height: int = 480, camera: str = "overview") -> Image:
        """Return a raw picture of the present with its calibration.

        Raises:
            InvalidInput: There is no such camera, or the size is out of range.
            CameraUnavailable: This machine cannot render.
        """
        now = self._simulator.snapshot
        pixels = await asyncio.to_thread(
            self._camera.pixels,
            self.model,
            now.world,
            now.physics,
            width=width,
            height=height,
            camera=camera,
        )
        info = camera_info(now.world, width, height, camera)
        return Image(pixels, now.state.stamp_s, info)

    def camera_info(
        self, width: int = 640, height: int = 480, camera: str = "overview"
    ) -> CameraInfo:
        """Return the calibration of pictures of a size, without taking one.

        Raises:
            InvalidInput: There is no such camera, or the size is out of range.
        """
        return camera_info(self._simulator.snapshot.world, width, height, camera)

    @property
    def cameras(self) -> Cameras:
        """The cameras, for those who may look and not move."""
        return Cameras(CAMERAS, self.image, self.camera_info)

    async def execute(self, plan: Plan, on_progress: OnProgress | None = None) -> Execution:
        """Carry out a plan; see `Robot.execute`."""
        epoch = self._simulator.stops
        check_fits(plan, self.model, self._simulator.snapshot.scene)
        tell = _in_loop(on_progress)
        claim = self._claim()
        try:
            job = await asyncio.to_thread(self._simulator.prepare, plan, epoch, tell)
        except BaseException:
            self._release(claim)
            raise
        return await self._carry_out(job, claim)

    async def wait(self, duration_s: float) -> None:
        """Let simulated time pass; what an unpaced robot does not do by itself.

        Raises:
            InvalidInput: It is no time, or more than ten minutes.
            RobotBusy: A plan is being executed.
            MotionStopped: `stop` was called.
            SimulationFailed: Physics blew up or its thread died; the robot was reset.
        """
        job = self._simulator.waiting(duration_s)
        await self._carry_out(job, self._claim())

    async def push(self, body: str, force_n: tuple[float, float, float], duration_s: float) -> None:
        """Push a link or a movable object at its centre of mass, in the world's axes.

        Raises:
            SceneObjectUnknown: There is no such link or object.
            InvalidInput: A number is not finite, or the push lasts more than ten minutes.
        """
        await asyncio.wrap_future(self._simulator.push(body, force_n, duration_s))

    def stop(self, reason: str) -> None:
        """Bring everything to rest now; callable from any thread, never waits, never fails."""
        self._simulator.stop(reason)

    def halt(self, reason: str) -> None:
        """Bring the plan that is being executed to rest at once; see `Robot.halt`.

        That is the same here: the simulator carries out nothing beside it.
        """
        self._simulator.stop(reason)

    async def set_scene(self, scene: Scene, base: Scene | None = None) -> None:
        """Change the surroundings; see `Robot.set_scene`.

        What is added or moved begins at rest; all else stays where it is, in motion and held.
        """
        claim = self._claim()
        try:
            now = self._simulator.snapshot
            wanted, placed = _change(now.surroundings, scene, base)
            world = await asyncio.to_thread(self._build, now, wanted, placed)
            await asyncio.wrap_future(self._simulator.replace_world(world, wanted, placed))
        finally:
            self._release(claim)

    async def reset(self, seed: int = 0) -> None:
        """Put robot and scene back to where they started; whatever runs is stopped."""
        self.seed = seed
        await asyncio.wrap_future(self._simulator.reset())

    async def close(self) -> None:
        """Bring the robot to rest and let go of all resources."""
        self.stop("The robot is being switched off.")
        await asyncio.to_thread(self._simulator.close)
        await asyncio.to_thread(self._camera.close)

    @cached_property
    def _planner(self) -> Planner:
        # OMPL and Pinocchio take a second to load, which looking at the robot need not wait for.
        from lectern.robot.planning.planner import Planner

        return Planner(self.model)

    async def _carry_out(self, job: Job, claim: object) -> Execution:
        """Wait for a job; if the waiting is cancelled, until the robot is at rest."""
        future = self._simulator.submit(job)
        future.add_done_callback(lambda _: self._release(claim))
        waiter = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiter)
        except asyncio.CancelledError:
            self._simulator.cancel(job)
            await _until_done(waiter)
            raise

    def _joints(self, now: Snapshot) -> tuple[float, ...]:
        return tuple(float(q) for q in now.state.of(self.model.names))

    def _finger_m(self, now: Snapshot) -> float:
        """Return where the fingers are, as finely as planning tells them apart."""
        fingers = now.state.of(self.model.gripper.joints)
        return round(max(0.0, float(fingers.mean())), 4)

    def _claim(self) -> object:
        """Take the robot for one caller."""
        if not self._simulator.alive:
            raise SimulationFailed("The simulator's thread has ended.", "Reset the robot.")
        with self._lock:
            if self._claimed_by is not None:
                raise RobotBusy("The robot is carrying out another plan.", "Wait until it is done.")
            self._claimed_by = object()
            return self._claimed_by

    def _release(self, claim: object) -> None:
        with self._lock:
            if self._claimed_by is claim:
                self._claimed_by = None

    def _build(self, now: Snapshot, scene: Scene, placed: frozenset[str]) -> World:
        world = build_world(self.model, scene)
        _check_apart(now, world, placed)
        return world


class _Notes:
    """Keeps snapshots, one of each stamp, as many as a recording may have."""

    def __init__(self) -> None:
        self.taken: list[Snapshot] = []

    def take(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; on the physics thread."""
        taken = self.taken
        later = not taken or taken[-1].state.stamp_s < snapshot.state.stamp_s
        if later and len(taken) < MAX_RECORDED:
            taken.append(snapshot)


async def _until_done(waiter: asyncio.Future[Execution]) -> None:
    """Wait for what ends soon, however often the waiting is cancelled."""
    while not waiter.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([waiter])
    waiter.exception()  # retrieved, so that nothing complains that nobody looked


class _News:
    """Wakes one reader on an event loop when a new snapshot is there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()
        self._expected = False

    def expect(self) -> None:
        """From now on a snapshot is news."""
        self._event.clear()
        self._expected = True

    async def come(self) -> None:
        """Wait for a snapshot since `expect`."""
        await self._event.wait()

    def tell(self, _: Snapshot) -> None:
        """Wake the reader once; on the physics thread."""
        if self._expected and not self._loop.is_closed():
            self._expected = False
            self._loop.call_soon_threadsafe(self._event.set)


class _Backlog:
    """Keeps the snapshots that one reader on an event loop has not had yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Snapshot] = deque(maxlen=MEASURED_HZ)  # a second's worth
        self._event = asyncio.Event()

    def take(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and wake the reader; on the physics thread."""
        self._waiting.append(snapshot)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def come(self) -> list[RobotState]:
        """Wait for snapshots and return those there are, the oldest first."""
        await self._event.wait()
        self._event.clear()
        return [self._waiting.popleft().state for _ in range(len(self._waiting))]


def _in_loop(on_progress: OnProgress | None) -> OnProgress | None:
    """Return a callback for any thread that calls `on_progress` in the running loop."""
    if on_progress is None:
        return None
    loop, call = asyncio.get_running_loop(), on_progress

    def tell(progress: Progress) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call, progress)

    return tell


def _change(present: Scene, wanted: Scene, base: Scene | None) -> tuple[Scene, frozenset[str]]:
    """Return what the scene becomes, and the objects that are put somewhere in it.

    Raises:
        SceneObjectInvalid: A name to add is taken meanwhile.
        SceneObjectUnknown: An object to move is gone meanwhile.
    """
    if base is None:
        placed, scene = _placed(present, wanted), wanted
    else:
        placed = frozenset(
            name for name, item in wanted.objects.items() if base.objects.get(name) != item
        )
        scene = present.changed(base, wanted)
    for name in placed & set(scene.attached):
        scene = scene.detach(name, scene.get(name).pose)
    return scene, placed


def _placed(present: Scene, wanted: Scene) -> frozenset[str]:
    """Return the objects that are new, other than before, or elsewhere."""
    return frozenset(
        name
        for name, item in wanted.objects.items()
        if name not in present.objects or not _same(present.objects[name], item)
    )


def _same(first: SceneObject, second: SceneObject) -> bool:
    alike = (first.shape, first.mass_kg) == (second.shape, second.mass_kg)
    return alike and _distance(first.pose, second.pose) < _SAME_PLACE_M


def _distance(first: Pose, second: Pose) -> float:
    apart = np.abs(first.matrix() - second.matrix())
    return float(apart.max())


def _check_apart(now: Snapshot, world: World, placed: frozenset[str]) -> None:
    """Check that none of the placed objects overlaps the robot.

    Raises:
        ObjectInRobot: One does.
    """
    data = mujoco.MjData(world.model)
    carry_over(now.world, now.physics, world, data, placed)
    mujoco.mj_kinematics(world.model, data)
    for overlap in overlaps(world, data, placed):
        raise ObjectInRobot(
            f"{overlap.name!r} would overlap {overlap.link!r} of the robot by "
            f"{1000 * overlap.depth_m:.0f} mm.",
            "Put it elsewhere, or move the robot away first.",
        )
