"""A robot in memory: ideal motors on a virtual clock, with a real planner; for tests and dry runs.

Time passes only while something moves, as fast as the machine allows. The motors are where they are
told to be and stop at once; an object that is gripped is simply held. What contacts do, only the
embedded simulator shows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from lectern.errors import (
    CameraUnavailable,
    InvalidInput,
    MotionStopped,
    ObjectInRobot,
    PlanOutdated,
    RobotBusy,
)
from lectern.robot.chain import chain_of
from lectern.robot.geometry import WORLD, Floats, Pose
from lectern.robot.goals import PlanRequest
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import (
    MAX_RECORDED,
    START_TOLERANCE_RAD,
    Execution,
    Measurement,
    OnProgress,
    Progress,
    Reality,
)
from lectern.robot.scene import Attachment, Scene
from lectern.robot.scenes import bench
from lectern.robot.state import Activity, RobotState
from lectern.robot.trajectory import Trajectory

TICK_S = 0.01
_FINGER_SPEED_M_S = 0.1
_MAX_RATE_HZ = 1000.0


class Planning(Protocol):
    """What a robot in memory asks of a planner; `lectern.robot.planning.planner.Planner` is one."""

    def plan(
        self, request: PlanRequest, start_rad: tuple[float, ...], scene: Scene, finger_m: float
    ) -> Plan:
        """Plan one motion with the fingers where they are, m; see `RobotView.plan`."""

    def check(
        self, plan: Plan, scene: Scene, start_rad: tuple[float, ...], finger_m: float
    ) -> None:
        """Check a plan that begins with the fingers where they are, m; see `RobotView.check`."""

    def robot_contacts(self, q: Floats, finger_m: float, scene: Scene) -> list[tuple[str, str]]:
        """Return the pairs that touch at joint positions q, rad, with a finger position, m."""


class MemoryRobot:
    """A robot without physics; see `lectern.robot.robot.Robot`."""

    def __init__(
        self,
        model: RobotModel,
        planner: Planning,
        scene: Scene | None = None,
        *,
        reality: Reality = "sim",
    ) -> None:
        """Stand in the pose `home`, or where every joint is nearest to 0 if there is none.

        Args:
            model: The robot.
            planner: Its planner; only it knows of collisions.
            scene: The surroundings; None: the workbench.
            reality: What the gate shall take it for.
        """
        self._model = model
        self._planner = planner
        self._reality: Reality = reality
        self._first_scene = bench() if scene is None else scene
        self._chain = chain_of(model.urdf, model.names)
        self._lock = threading.Lock()
        self._occupied: Future[None] | None = None
        self._stops = 0
        self._stop_reason = ""
        self._clock_s = 0.0
        self._recordings: tuple[list[Measurement], ...] = ()
        self._start_over()

    @property
    def model(self) -> RobotModel:
        """The robot's description and limits."""
        return self._model

    @property
    def reality(self) -> Reality:
        """What it was made as."""
        return self._reality

    def state(self) -> RobotState:
        """Return the present state, from any thread, at once."""
        return self._state

    async def states(self, rate_hz: float) -> AsyncIterator[RobotState]:
        """Yield states at up to `rate_hz` of the wall clock.

        Raises:
            InvalidInput: The rate is not above 0 and at most 1000.
        """
        if not 0 < rate_hz <= _MAX_RATE_HZ:
            raise InvalidInput(f"The rate {rate_hz} Hz is out of range.", "Use 1 to 1000 Hz.")
        while True:
            yield self._state
            await asyncio.sleep(1.0 / rate_hz)

    @contextmanager
    def record(self) -> Iterator[list[Measurement]]:
        """Collect every measurement within a block: one each tick; see `RobotView.record`."""
        measurements: list[Measurement] = []
        self._recordings = (*self._recordings, measurements)
        try:
            yield measurements
        finally:
            self._recordings = tuple(r for r in self._recordings if r is not measurements)

    def scene(self) -> Scene:
        """Return the surroundings; what is held is where the hand is."""
        scene = self._scene
        for name, held in scene.attached.items():
            scene = scene.move(name, self._link(held.link) @ held.pose)
        return scene

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan one motion without moving; see `RobotView.plan`."""
        start = self._joints() if request.start_rad is None else request.start_rad
        scene = self.scene() if request.scene is None else request.scene
        return await asyncio.to_thread(self._planner.plan, request, start, scene, self._finger_m)

    async def check(self, plan: Plan, scene: Scene | None = None) -> None:
        """Check a plan for collisions; see `RobotView.check`."""
        scene = self.scene() if scene is None else scene
        await asyncio.to_thread(self._planner.check, plan, scene, self._joints(), self._finger_m)

    async def picture(self, width: int = 640, height: int = 480, camera: str = "overview") -> bytes:
        """Refuse: there is nothing to see.

        Raises:
            CameraUnavailable: Always.
        """
        raise CameraUnavailable("A robot in memory has no camera.", "Use the embedded simulator.")

    async def execute(self, plan: Plan, on_progress: OnProgress | None = None) -> Execution:
        """Carry out a plan; see `Robot.execute`."""
        stops, began_s = self._stops, self._clock_s
        with self._claimed():
            self._check_start(plan)
            try:
                for number, step in enumerate(plan.steps):
                    for passed_s in self._ticks(step):
                        await asyncio.sleep(0)
                        self._check_stop(stops)
                        self._tell(on_progress, plan, number, passed_s)
            finally:
                self._rest()
        return Execution(self._clock_s - began_s, 0.0, 0.0, 2 * self._finger_m)

    def stop(self, reason: str) -> None:
        """Stop what runs before its next tick; callable from any thread, never fails."""
        self._void(reason)

    def halt(self, reason: str) -> None:
        """Stop the plan that is being executed before its next tick; see `Robot.halt`."""
        self._void(reason)

    async def set_scene(self, scene: Scene, base: Scene | None = None) -> None:
        """Change the surroundings; see `Robot.set_scene`."""
        with self._claimed():
            present = self.scene()
            if base is not None:
                scene = present.changed(base, scene)
            placed = {n for n, item in scene.objects.items() if present.objects.get(n) != item}
            q, finger_m = np.array(self._joints()), self._finger_m
            for pair in await asyncio.to_thread(self._planner.robot_contacts, q, finger_m, scene):
                if set(pair) & placed:
                    raise ObjectInRobot(
                        f"{pair[0]!r} and {pair[1]!r} would overlap.", "Put the object elsewhere."
                    )
            self._scene = scene

    async def reset(self, seed: int = 0) -> None:
        """Put robot and scene back to where they started; whatever runs is stopped."""
        self.stop("the robot was reset")
        if (occupied := self._occupied) is not None:
            await asyncio.shield(asyncio.wrap_future(occupied))
        with self._claimed():
            self._start_over()

    async def close(self) -> None:
        """Stop what runs."""
        self.stop("the robot is being switched off")

    def _void(self, reason: str) -> None:
        with self._lock:
            self._stops += 1
            self._stop_reason = reason

    def _start_over(self) -> None:
        home = self._model.named.get("home")
        if home is None:
            home = tuple(np.clip(0.0, self._model.lower, self._model.upper))
        fingers = [0.0] * len(self._model.gripper.joints)
        self._scene = self._first_scene
        self._show(np.array([*home, *fingers]))

    def _show(
        self,
        positions: Floats,
        velocities: Floats | None = None,
        activity: Activity = Activity.IDLE,
    ) -> None:
        """Make a state the newest one."""
        zeros = np.zeros_like(positions)
        velocities = zeros if velocities is None else velocities
        for values in (positions, velocities, zeros):
            values.setflags(write=False)
        names = (*self._model.names, *self._model.gripper.joints)
        self._state = RobotState(names, positions, velocities, zeros, self._clock_s, activity)
        self._note()

    def _note(self) -> None:
        for notes in self._recordings:
            rises = not notes or notes[-1].state.stamp_s < self._clock_s
            if rises and len(notes) < MAX_RECORDED:
                notes.append(Measurement(self._state, self.scene()))

    def _joints(self) -> tuple[float, ...]:
        return tuple(float(q) for q in self._state.of(self._model.names))

    @property
    def _finger_m(self) -> float:
        return float(self._state.positions[len(self._model.names)])

    def _link(self, link: str) -> Pose:
        return Pose.from_matrix(self._chain.poses(np.array([self._joints()]))[link][0], WORLD)

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        with self._lock:
            if self._occupied is not None:
                raise RobotBusy("The robot is carrying out another plan.", "Wait until it is done.")
            occupied = self._occupied = Future()
        try:
            yield
        finally:
            self._occupied = None
            occupied.set_result(None)

    def _check_start(self, plan: Plan) -> None:
        first = next((step for step in plan.steps if isinstance(step, Move)), None)
        if plan.robot != self._model.name:
            raise PlanOutdated(f"The plan is for {plan.robot[:80]!r}.", "Plan with this robot.")
        if first is None:
            return
        if first.trajectory.names != self._model.names:
            raise InvalidInput("The plan is for other joints.", "Plan with this robot.")
        gap = np.abs(first.trajectory.positions[0] - self._joints()).max()
        if not gap <= START_TOLERANCE_RAD:
            raise PlanOutdated(f"The plan begins {gap:.4f} rad away.", "Plan from where it is.")

    def _check_stop(self, stops: int) -> None:
        if self._stops != stops:
            raise MotionStopped(f"The motion was stopped: {self._stop_reason}.", "Plan it anew.")

    def _ticks(self, step: Move | Grip) -> Iterator[float]:
        """Carry out a step tick by tick; yield the time that passed in it, before each tick."""
        if isinstance(step, Move):
            yield from self._follow(step.trajectory)
        else:
            yield from self._close_fingers(step)

    def _follow(self, path: Trajectory) -> Iterator[float]:
        fingers = self._state.positions[len(self._model.names) :]
        began_s = self._clock_s
        count = max(1, int(np.ceil(path.duration_s / TICK_S)))
        for tick in range(1, count + 1):
            passed_s = min(tick * TICK_S, path.duration_s)
            yield passed_s
            positions, velocities, _ = path.sample(np.array([passed_s]))
            self._clock_s = began_s + passed_s
            self._show(
                np.concatenate([positions[0], fingers]),
                np.concatenate([velocities[0], np.zeros_like(fingers)]),
                Activity.MOVING,
            )

    def _close_fingers(self, grip: Grip) -> Iterator[float]:
        arm = self._state.positions[: len(self._model.names)]
        fingers = self._state.positions[len(self._model.names) :]
        if grip.detach:
            yield 0.0
            self._scene = self.scene().detach(grip.detach, self.scene().get(grip.detach).pose)
        duration_s = float(np.abs(grip.width_m / 2 - fingers).max()) / _FINGER_SPEED_M_S
        yield duration_s
        self._clock_s += duration_s
        fingers = np.full_like(fingers, grip.width_m / 2)
        self._show(np.concatenate([arm, fingers]), activity=Activity.MOVING)
        if grip.attach:
            self._hold(grip.attach)

    def _hold(self, name: str) -> None:
        frame = self._model.tool_frame
        pose = self._link(frame).inverse(frame) @ self.scene().get(name).pose
        self._scene = self._scene.attach(name, Attachment(frame, pose))

    def _rest(self) -> None:
        self._show(self._state.positions.copy())

    def _tell(
        self, on_progress: OnProgress | None, plan: Plan, number: int, passed_s: float
    ) -> None:
        if on_progress is None:
            return
        before = Plan(plan.robot, plan.steps[:number]).duration_s
        moving = passed_s if isinstance(plan.steps[number], Move) else 0.0
        whole = plan.duration_s
        fraction = (before + moving) / whole if whole else (number + 1) / len(plan.steps)
        on_progress(Progress(number, min(1.0, fraction), self._clock_s))
