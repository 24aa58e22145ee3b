"""MuJoCo on a thread of its own.

Commands go in through a queue and come back as futures; states come out as immutable snapshots that
any thread may read. Time passes in chunks of 10 ms (2 ms while braking), in calls into MuJoCo
with Python's lock released, so that neither a busy interpreter slows the physics nor the physics
the rest. A snapshot is published after each.

Paced, simulated time follows the wall clock on absolute deadlines, so that it does not drift; after
a hold-up of more than a quarter of a second the schedule begins anew rather than racing to catch
up. Unpaced, time passes as fast as the machine allows while there is something to carry out, and
stands still otherwise: an idle simulator costs nothing, and a program that sends one command after
another meets the same states, bit for bit, every time.

A stop is not queued: it is looked at before everything else in every chunk, and once more in the
middle of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from lectern.errors import (
    GraspFailed,
    InvalidInput,
    LecternError,
    MotionStopped,
    RobotBusy,
    SimulationFailed,
    TrackingLost,
)
from lectern.robot.embedded.control import Dynamics, dynamics_model
from lectern.robot.embedded.motions import (
    CHUNK_S,
    CHUNK_STEPS,
    REST_RAD_S,
    Brake,
    Follow,
    Hand,
    Motion,
    Squeeze,
    Wait,
    check_held,
)
from lectern.robot.embedded.physics import Physics, scene_in
from lectern.robot.embedded.world import STEP_S, World, build_world
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import Execution, OnProgress, Progress
from lectern.robot.scene import Attachment, Scene
from lectern.robot.state import Activity, RobotState

# Behind by more than this, the schedule of a paced simulator begins anew.
_HOLD_UP_S = 0.25
_MAX_QUEUED = 64
# A push or a wait lasts no longer than this.
MAX_WAIT_S = 600.0
# Progress is told every so many chunks.
_PROGRESS_CHUNKS = 10
_JOIN_S = 5.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything about one moment.

    Attributes:
        state: Of the robot's joints.
        physics: Time, positions and velocities of everything, read only.
        world: What these belong to.
        scene: The surroundings; movable objects still where they were put at first.
    """

    state: RobotState
    physics: Floats
    world: World
    scene: Scene

    @cached_property
    def surroundings(self) -> Scene:
        """The surroundings, movable objects where they were at this moment."""
        return scene_in(self.scene, self.world, self.physics)


@dataclass(eq=False)
class Job:
    """Motions to carry out one after another, and who waits for them.

    Attributes:
        motions: With the index of the plan's step each belongs to.
        future: Told when it is over.
        on_progress: Told now and then, on the physics thread.
        epoch: Count of stops when the job was made; a stop since then voids it.
        cancelled: Whether nobody wants it any more, from any thread.
    """

    motions: deque[Motion]
    future: Future[Execution]
    epoch: int
    on_progress: OnProgress | None = None
    durations_s: list[float] = field(default_factory=list)
    began_s: float = 0.0
    step: int = -1
    current: Motion | None = None
    chunks: int = 0
    max_error_rad: float = 0.0
    final_error_rad: float = 0.0
    cancelled: bool = False


class Simulator:
    """A robot and its surroundings, simulated; every public method may be called from any thread.

    Args:
        robot: Its description and limits.
        scene: Its surroundings.
        home_rad: Where the arm begins.
        paced: Whether simulated time follows the wall clock.
    """

    def __init__(
        self, robot: RobotModel, scene: Scene, home_rad: tuple[float, ...], *, paced: bool
    ) -> None:
        self.robot = robot
        self.paced = paced
        self._home = np.array(home_rad)
        self._first_world = build_world(robot, scene)
        self._bare = dynamics_model(build_world(robot, Scene()).model)
        self._wake = threading.Condition()
        self._queue: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._listeners: tuple[Callable[[Snapshot], None], ...] = ()
        self._thread: threading.Thread | None = None
        # One thread at a time may begin or end the physics thread.
        self._life = threading.Lock()
        self._closing = False
        self._stops = 0
        self._stop_reason: str | None = None
        self._time_s = 0.0
        self._boot(self._first_world)

    # From any thread

    def start(self) -> None:
        """Let time begin."""
        self._thread = threading.Thread(target=self._run, name="physics", daemon=True)
        self._thread.start()

    @property
    def snapshot(self) -> Snapshot:
        """The newest moment."""
        return self._snapshot

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive() and not self._died

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing

    @property
    def stops(self) -> int:
        """How often `stop` was called."""
        return self._stops

    def dynamics(self) -> Dynamics:
        """Return the arm's dynamics, for the use of one thread."""
        gains = self._first_world.gains
        return Dynamics(self._bare, len(self.robot.joints), gains)

    def prepare(self, plan: Plan, epoch: int, on_progress: OnProgress | None = None) -> Job:
        """Turn a plan into a job; the part of the work that needs no physics thread.

        Raises:
            TrajectoryInvalid: A trajectory lasts too long.
        """
        dynamics = self.dynamics()
        motions: deque[Motion] = deque()
        durations = []
        for step in plan.steps:
            if isinstance(step, Move):
                reference = dynamics.follow(step.trajectory, CHUNK_S)
                motions.append(Follow(step.trajectory, reference, self._hand))
                durations.append(step.trajectory.duration_s)
            else:
                motions.append(self._squeeze(step))
                durations.append(1.0)
        return Job(motions, Future(), epoch, on_progress, durations)

    def submit(self, job: Job) -> Future[Execution]:
        """Carry out a job; fails with what `Robot.execute` raises."""
        begun = self.call(lambda: self._begin(job))
        begun.add_done_callback(lambda done: _pass_failure(done, job.future))
        return job.future

    def waiting(self, duration_s: float) -> Job:
        """Return a job that lets simulated time pass while everything is held.

        Raises:
            InvalidInput: It is no time, or too long.
        """
        if not 0 <= duration_s <= MAX_WAIT_S:
            raise InvalidInput(
                f"A wait of {duration_s} s is not possible.", f"Use 0 to {MAX_WAIT_S:g} s."
            )
        motion = Wait(duration_s, self._hand)
        return Job(deque([motion]), Future(), self._stops, None, [duration_s])

    def push(
        self, body: str, force_n: tuple[float, float, float], duration_s: float
    ) -> Future[None]:
        """Push a link or an object at its centre of mass, in the world's axes, for some time.

        Time does not pass for a push alone where it is not paced.

        Raises:
            InvalidInput: A number is not finite, or the push lasts too long.
        """
        if not (np.isfinite(force_n).all() and 0 <= duration_s <= MAX_WAIT_S):
            raise InvalidInput(
                f"A push with {force_n} N for {duration_s} s is not possible.",
                f"Give a force of three numbers and at most {MAX_WAIT_S:g} s.",
            )
        return self.call(lambda: self._physics.push(body, np.array(force_n), duration_s))

    def call(self, work: Callable[[], T]) -> Future[T]:
        """Run something on the physics thread between two chunks.

        Raises (through the future):
            SimulationFailed: The thread has died or ends.
            RobotBusy: Too much is queued.
        """
        future: Future[T] = Future()
        with self._wake:
            if self._died or self._closing:
                future.set_exception(self._death())
            elif len(self._queue) >= _MAX_QUEUED:
                future.set_exception(
                    RobotBusy(f"{_MAX_QUEUED} commands wait for the simulator.", "Try again later.")
                )
            else:
                self._queue.append((work, future))  # type: ignore[arg-type]
                self._wake.notify()
        return future

    def stop(self, reason: str) -> None:
        """Bring everything to rest now; never waits, never fails."""
        with self._wake:
            self._stops += 1
            self._stop_reason = reason
            self._wake.notify()

    def cancel(self, job: Job) -> None:
        """Bring a job to an end within the joints' acceleration limits; never waits."""
        job.cancelled = True

    def replace_world(self, world: World, scene: Scene, placed: frozenset[str]) -> Future[None]:
        """Go on in another world of the same robot; `placed` objects take their new places."""
        return self.call(lambda: self._replace(world, scene, placed))

    def reset(self) -> Future[None]:
        """Put everything back to where it began; a dead thread is replaced by a new one."""
        with self._life:
            if not self.alive and not self._closing:
                self._revive()
        return self.call(self._reset)

    def _revive(self) -> None:
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        self._time_s = self._physics.time_s
        self._boot(self._first_world)
        self.start()

    def listen(self, listener: Callable[[Snapshot], None]) -> None:
        """Tell a listener every snapshot, on the physics thread; it must not wait."""
        with self._wake:
            self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Callable[[Snapshot], None]) -> None:
        """Tell a listener nothing more."""
        with self._wake:
            self._listeners = tuple(x for x in self._listeners if x != listener)

    def close(self) -> None:
        """End the thread; whoever waits gets SimulationFailed."""
        with self._life, self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    # On the physics thread

    def _boot(self, world: World) -> None:
        self._died = False
        self._cause = ""
        self._physics = Physics(world, self._home, self._time_s)
        self._hand = Hand(world.gains.stiffness, len(self.robot.joints))
        self._hand.hold(self._physics.positions)
        self._scene = world.scene
        self._job: Job | None = None
        self._brake: Brake | None = None
        self._verdict: Exception | None = None
        # A blow-up while nobody waited; the next to ask hears of it.
        self._unheard: SimulationFailed | None = None
        self._braking_dynamics = self._own_dynamics()
        self._deadline_s: float | None = None
        self._publish()

    def _own_dynamics(self) -> Dynamics:
        """Return dynamics that share no model, so that a held object can be counted in them."""
        gains = self._first_world.gains
        return Dynamics(dynamics_model(self._bare), len(self.robot.joints), gains)

    def _run(self) -> None:
        try:
            while self._due():
                self._heed_stop()
                self._heed_queue()
                self._heed_cancel()
                if self._time_passes():
                    self._chunk()
        except BaseException as error:  # whatever it was, waiters must hear it
            self._die(repr(error))
        else:
            self._die("it was closed")

    def _due(self) -> bool:
        """Wait until something is due; False when the simulator closes."""
        with self._wake:
            while not self._closing:
                if self._stop_reason is not None or self._queue:
                    return True
                wait_s = self._time_to_next()
                if wait_s is not None and wait_s <= 0:
                    return True
                self._wake.wait(wait_s)
        return False

    def _time_to_next(self) -> float | None:
        """Return how long to wait for the next chunk, s; None: until somebody wants something."""
        if not self.paced:
            return 0.0 if self._busy() else None
        now_s = time.monotonic()
        if self._deadline_s is None or now_s - self._deadline_s > _HOLD_UP_S:
            self._deadline_s = now_s
        return self._deadline_s - now_s

    def _time_passes(self) -> bool:
        """Say whether a chunk is due now, and move the deadline on if so."""
        if not self.paced:
            return self._busy()
        wait_s = self._time_to_next()
        if wait_s is None or self._deadline_s is None or wait_s > 0:
            return False
        self._deadline_s += self._chunk_steps() * STEP_S
        return True

    def _motion(self) -> Motion | None:
        """Return what is being carried out."""
        return self._brake or (self._job.current if self._job else None)

    def _chunk_steps(self) -> int:
        motion = self._motion()
        return motion.steps if motion else CHUNK_STEPS

    def _busy(self) -> bool:
        return self._job is not None or self._brake is not None

    def _heed_stop(self) -> None:
        with self._wake:
            reason, self._stop_reason = self._stop_reason, None
        if reason is None:
            return
        stopped = MotionStopped(f"The motion was stopped: {reason}", "Plan anew when it is safe.")
        self._halt(stopped, hard=True)

    def _heed_queue(self) -> None:
        while self._stop_reason is None:
            with self._wake:
                if not self._queue:
                    return
                work, future = self._queue.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except LecternError as error:
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)
                raise

    def _heed_cancel(self) -> None:
        if self._job is not None and self._job.cancelled and self._brake is None:
            cancelled = MotionStopped("The motion was cancelled.", "Plan anew.")
            self._halt(cancelled, hard=False)

    def _begin(self, job: Job) -> None:
        if job.cancelled:
            raise MotionStopped("The motion was cancelled before it began.", "Plan anew.")
        if job.epoch != self._stops:
            raise MotionStopped("The motion was stopped before it began.", "Plan anew.")
        if self._job is not None or self._brake is not None:
            raise RobotBusy("The robot is carrying out another plan.", "Wait until it is done.")
        unheard, self._unheard = self._unheard, None
        if unheard is not None:
            raise unheard
        job.began_s = self._physics.time_s
        self._job = job
        self._next_motion(job)

    def _next_motion(self, job: Job) -> None:
        """Begin the next motion of a job; without one the job is done."""
        if not job.motions:
            self._job = None
            self._publish()
            if job.on_progress is not None:
                job.on_progress(Progress(max(0, job.step), 1.0, self._physics.time_s))
            job.future.set_result(self._execution(job))
            return
        job.current = job.motions.popleft()
        job.step += 1
        try:
            job.current.begin(self._physics)
        except LecternError as error:
            self._fail(job, error)

    def _fail(self, job: Job, error: Exception) -> None:
        """End a job with an error, the arm being at rest."""
        self._job = None
        self._publish()
        if not job.future.done():
            job.future.set_exception(error)

    def _chunk(self) -> None:
        motion = self._motion()
        commands = motion.commands() if motion else self._hand.both_ends()
        try:
            self._physics.advance(commands, self._chunk_steps(), self._stop_asked)
        except SimulationFailed as error:
            self._recover(error)
            return
        if self._stop_asked():
            # The chunk ended early, so that there is nothing to judge it by.
            self._publish()
        elif self._brake is not None:
            self._judge_brake(self._brake)
        elif self._job is not None:
            self._judge_job(self._job)
        if self._physics.time_s > self._snapshot.state.stamp_s:
            self._publish()

    def _stop_asked(self) -> bool:
        return self._stop_reason is not None

    def _judge_brake(self, brake: Brake) -> None:
        if not brake.judge(self._physics):
            return
        self._brake, verdict = None, self._verdict
        self._verdict = None
        if self._job is not None and verdict is not None:
            self._fail(self._job, verdict)
        else:
            self._publish()

    def _judge_job(self, job: Job) -> None:
        motion = job.current
        assert motion is not None
        try:
            over = motion.judge(self._physics)
        except TrackingLost as error:
            self._halt(error, hard=True)
            return
        except GraspFailed as error:
            self._fail(job, error)
            return
        self._tell(job)
        if over:
            self._finish(job, motion)

    def _finish(self, job: Job, motion: Motion) -> None:
        """Record what a finished motion changed, then go on with the next."""
        if isinstance(motion, Follow):
            job.max_error_rad = max(job.max_error_rad, motion.max_error_rad)
            job.final_error_rad = motion.final_error_rad
        try:
            if isinstance(motion, Squeeze):
                self._record(motion.grip)
            elif isinstance(motion, Follow):
                self._check_held()
        except LecternError as error:
            self._fail(job, error)
            return
        self._next_motion(job)

    def _record(self, grip: Grip) -> None:
        """Write into the scene what a grip lets go of and holds."""
        if grip.detach:
            now = scene_in(self._scene, self._physics.world, self._physics.state)
            pose = now.get(grip.detach).pose
            self._scene = self._scene.detach(grip.detach, pose)
        if grip.attach:
            link = self.robot.tool_frame
            pose = self._physics.pose_in_link(grip.attach, link)
            self._scene = self._scene.attach(grip.attach, Attachment(link, pose))

    def _check_held(self) -> None:
        for name, held in self._scene.attached.items():
            try:
                check_held(self._physics, name, held.link, held.pose.position_m)
            except GraspFailed:
                pose = self._physics.poses()[name]
                self._scene = self._scene.detach(name, pose)
                raise

    def _halt(self, verdict: Exception, *, hard: bool) -> None:
        """Brake, then end the job with the verdict; a robot that rests has nothing to do."""
        if self._job is None and np.abs(self._physics.velocities).max() < REST_RAD_S:
            return
        self._verdict = verdict
        self._count_held()
        self._brake = Brake(self._braking_dynamics, self.robot, self._hand, hard)
        self._brake.begin(self._physics)
        self._hand.commands[self._hand.arm_joints :] = self._finger_hold()
        self._publish()

    def _count_held(self) -> None:
        """Let the braking know of what the hand holds."""
        tool = self.robot.tool_frame
        mass_kg, place_m = 0.0, (0.0, 0.0, 0.0)
        for name, held in self._scene.attached.items():
            if held.link == tool:
                mass_kg, place_m = self._scene.get(name).mass_kg or 0.0, held.pose.position_m
        self._braking_dynamics.carry(self._physics.world.links[tool], mass_kg, place_m)

    def _finger_hold(self) -> Floats:
        """Return commands that keep the fingers where they are, or pressing on what they hold."""
        n = self._hand.arm_joints
        gripping = self._job is not None and isinstance(self._job.current, Squeeze)
        if self._scene.attached and not gripping:
            return np.array(self._hand.commands[n:])
        return np.asarray(self._physics.world.gains.stiffness[n:] * self._physics.positions[n:])

    def _replace(self, world: World, scene: Scene, placed: frozenset[str]) -> None:
        self._physics.replace(world, placed)
        self._scene = scene
        self._publish()

    def _reset(self) -> None:
        job = self._forget()
        self._physics = Physics(self._first_world, self._home, self._physics.time_s)
        self._scene = self._first_world.scene
        self._hand.hold(self._physics.positions)
        self._publish()
        if job is not None:
            job.future.set_exception(MotionStopped("The robot was reset.", "Plan anew."))

    def _forget(self) -> Job | None:
        """Drop whatever goes on, and what was to be said of it; return the job."""
        job, self._job, self._brake = self._job, None, None
        self._verdict, self._unheard = None, None
        return job

    def _recover(self, error: SimulationFailed) -> None:
        """Put the robot home and the objects to where the scene has them, and say what happened."""
        _log.error("At %.3f s: %s", self._physics.time_s, error)
        job = self._forget()
        self._physics.reset()
        moved = self._make_room()
        failed = SimulationFailed(" ".join([error.detail, *moved]), error.remedy)
        self._scene = Scene(self._physics.world.scene.objects)
        self._hand.hold(self._physics.positions)
        self._publish()
        if job is None:
            self._unheard = failed
        elif not job.future.done():
            job.future.set_exception(failed)

    def _make_room(self) -> list[str]:
        """Put what stands where the robot is now elsewhere; say of each object where to."""
        first, scene = self._first_world.scene, self._physics.world.scene
        in_the_way = [overlap.name for overlap in self._physics.overlaps(scene.objects)]
        for name in in_the_way:
            scene = scene.remove(name)
        back = [first.objects[name] for name in in_the_way if name in first.objects]
        for item in back:
            scene = scene.add(item)
        if in_the_way:
            world = build_world(self.robot, Scene(scene.objects))
            self._physics = Physics(world, self._home, self._physics.time_s)
        return [_moved_away(name, name in first.objects) for name in in_the_way]

    def _die(self, cause: str) -> None:
        """Tell everybody that no time will pass any more."""
        with self._wake:
            self._died, self._cause = True, cause
            waiting = [future for _, future in self._queue]
            self._queue.clear()
        if not self._closing:
            _log.error("The simulator's thread has ended: %s", cause)
        if self._job is not None:
            waiting.append(self._job.future)  # type: ignore[arg-type]
        self._publish(Activity.FAILED)
        for future in waiting:
            if not future.done():
                future.set_exception(self._death())

    def _death(self) -> SimulationFailed:
        return SimulationFailed(
            f"The simulator's thread has ended: {self._cause or 'it was closed'}.",
            "Reset the robot.",
        )

    def _activity(self) -> Activity:
        if self._brake is not None:
            return Activity.STOPPING
        return Activity.MOVING if self._job is not None else Activity.IDLE

    def _publish(self, activity: Activity | None = None) -> None:
        physics, world = self._physics, self._physics.world
        everything, efforts = physics.state, physics.efforts
        everything.setflags(write=False)
        efforts.setflags(write=False)
        n, first_speed = physics.joints, 1 + world.model.nq
        state = RobotState(
            world.joints,
            everything[1 : 1 + n],
            everything[first_speed : first_speed + n],
            efforts,
            stamp_s=physics.time_s,
            activity=activity or self._activity(),
        )
        self._snapshot = Snapshot(state, everything, world, self._scene)
        for listener in self._listeners:
            listener(self._snapshot)

    def _tell(self, job: Job) -> None:
        job.chunks += 1
        if job.on_progress is None or job.current is None or job.chunks % _PROGRESS_CHUNKS:
            return
        total_s = sum(job.durations_s) or 1.0
        done_s = sum(job.durations_s[: job.step])
        done_s += job.current.fraction * job.durations_s[job.step]
        job.on_progress(Progress(job.step, min(1.0, done_s / total_s), self._physics.time_s))

    def _execution(self, job: Job) -> Execution:
        return Execution(
            duration_s=self._physics.time_s - job.began_s,
            max_error_rad=job.max_error_rad,
            final_error_rad=job.final_error_rad,
            gripper_width_m=float(self._physics.positions[self._hand.arm_joints :].sum()),
        )

    def _squeeze(self, grip: Grip) -> Squeeze:
        gains = self._first_world.gains
        return Squeeze(grip, self.robot, self._hand, gains.stiffness, gains.damping)


def _moved_away(name: str, back: bool) -> str:
    where = "put back to where it was at first" if back else "taken out of the scene"
    return f"{name!r} stood where the robot is at home and was {where}."


def _pass_failure(done: Future[None], waiter: Future[Execution]) -> None:
    error = done.exception()
    if error is not None and not waiter.done():
        waiter.set_exception(error)
