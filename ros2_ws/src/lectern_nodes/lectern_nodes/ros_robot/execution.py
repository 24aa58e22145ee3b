"""Carrying out one plan through the controllers, and what it came to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lectern.errors import (
    GraspFailed,
    LecternError,
    MotionStopped,
    PlanOutdated,
    RobotUnavailable,
    TrackingLost,
)
from lectern.robot.geometry import Floats
from lectern.robot.model import RobotModel
from lectern.robot.plan import Grip, Move, Plan
from lectern.robot.robot import START_TOLERANCE_RAD, Execution, OnProgress, Progress
from lectern.robot.scene import Box, Cylinder, Mesh, SceneObject, Sphere
from lectern.robot.state import RobotState
from lectern.robot.trajectory import Trajectory
from lectern_nodes.ros_robot.controllers import MISSED_RAD, Controllers
from lectern_nodes.ros_robot.joints import JointStates
from lectern_nodes.ros_robot.link import Errand
from lectern_nodes.ros_robot.news import News

# How often progress is told and is looked whether everybody is still there, s.
_TICK_S = 0.05
# Missing so many times in a row, a server is gone and not only late to be seen.
_GONE_TICKS = 10
# Time on the robot's clock beyond a motion's own after which nobody waits any longer, s.
_OVERTIME_S, _GRIP_LIMIT_S = 5.0, 10.0
# Slower than this is at rest, rad/s.
REST_RAD_S = 0.02
# A motion is over when the arm rests this close to the goal, rad, or after this time, s.
_SETTLED_RAD, _SETTLING_S = 0.002, 0.5
_REST_LIMIT_S = 3.0
# The controller begins up to so much later than the goal was sent, s.
_LATEST_START_S, _START_STEP_S = 0.5, 0.005
# Fingers this much wider than told are on something, m.
_FELT_M = 0.001


@dataclass
class Hand:
    """What a run does with objects.

    Attributes:
        get: Returns an object of the present scene.
        attach: Lets the hand hold an object from now on.
        detach: Lets go of it.
        refresh: Has the scene read again, for whoever keeps it may move what was pushed or let go.
        feels: Whether fingers stop at what is between them.
    """

    get: Callable[[str], SceneObject]
    attach: Callable[[str], Awaitable[None]]
    detach: Callable[[str], Awaitable[None]]
    refresh: Callable[[], Awaitable[None]]
    feels: bool


class Run:
    """One execution; `end` may be called from any thread, everything else on the event loop."""

    def __init__(
        self,
        plan: Plan,
        model: RobotModel,
        controllers: Controllers,
        joints: JointStates,
        *,
        hand: Hand,
        on_progress: OnProgress | None,
    ) -> None:
        self._plan = plan
        self._model = model
        self._controllers = controllers
        self._joints = joints
        self._hand = hand
        self._on_progress = on_progress
        self._errand: Errand | None = None
        self._reason: str | None = None
        self._fraction = 0.0
        self._samples: list[tuple[float, Floats]] = []
        self._max_error_rad = 0.0
        self._final_error_rad = 0.0

    @property
    def stopping(self) -> bool:
        """Whether it was told to end."""
        return self._reason is not None

    def end(self, reason: str) -> None:
        """Bring the robot to rest; from any thread, never waits, never fails."""
        if self._reason is None:
            self._reason = reason
        if (errand := self._errand) is not None:
            errand.cancel()

    async def carry_out(self) -> Execution:
        """Carry out the plan; see `Robot.execute`."""
        began_s = self._state().stamp_s
        self._joints.listen(self._sample)
        try:
            for number, step in enumerate(self._plan.steps):
                self._check_ended()
                if isinstance(step, Move):
                    await self._follow(number, step.trajectory)
                else:
                    await self._grip(number, step)
            await self._hand.refresh()
        except LecternError as error:
            raise await self._at_rest_after(error) from error.__cause__
        finally:
            self._joints.unlisten(self._sample)
        duration_s = self._state().stamp_s - began_s
        return Execution(duration_s, self._max_error_rad, self._final_error_rad, self.width_m())

    def width_m(self) -> float:
        """Return the distance between the fingers."""
        return float(self._state().of(self._model.gripper.joints).sum())

    async def _follow(self, number: int, trajectory: Trajectory) -> None:
        self._check_start(trajectory)
        self._samples = []
        sent_s = self._state().stamp_s
        before_s = Plan(self._plan.robot, self._plan.steps[:number]).duration_s
        whole_s = self._plan.duration_s
        errand = await self._sent(self._controllers.follow(trajectory))

        def passed() -> float:
            moving_s = min(max(self._state().stamp_s - sent_s, 0.0), trajectory.duration_s)
            return (before_s + moving_s) / whole_s

        limit_s = trajectory.duration_s + _OVERTIME_S
        status, result = await self._done(errand, number, passed, limit_s)
        error = self._controllers.followed(status, result)
        if error is not None:
            raise error
        await self._settle(trajectory)
        error_rad = await asyncio.to_thread(
            tracking_error_rad, trajectory, sent_s, tuple(self._samples)
        )
        self._max_error_rad = max(self._max_error_rad, error_rad, self._final_error_rad)

    async def _grip(self, number: int, grip: Grip) -> None:
        if grip.detach:
            await self._hand.detach(grip.detach)
        errand = await self._sent(self._controllers.grip(grip))
        before_s = Plan(self._plan.robot, self._plan.steps[:number]).duration_s
        whole_s = self._plan.duration_s
        share = before_s / whole_s if whole_s else number / len(self._plan.steps)
        status, result = await self._done(errand, number, lambda: share, _GRIP_LIMIT_S)
        error = self._controllers.gripped(status, result)
        if error is not None:
            raise error
        await self._next_state()  # measured after the fingers came to rest
        if grip.attach:
            self._check_grasp(grip, bool(result.stalled))
            await self._hand.attach(grip.attach)

    async def _sent(self, sending: Awaitable[Errand]) -> Errand:
        """Return a goal that was sent; one that a stop overtook is cancelled at once."""
        errand = self._errand = await sending
        if self._reason is not None:
            errand.cancel()
        return errand

    async def _done(
        self, errand: Errand, number: int, passed: Callable[[], float], limit_s: float
    ) -> tuple[int, Any]:
        """Wait for a goal's result, telling progress; whatever goes wrong has a name."""
        begin_s, wall_s, gone = self._state().stamp_s, time.monotonic(), 0
        while not errand.result.done():
            if errand.accepted.done() and not errand.accepted.result():
                self._check_ended()
                raise RobotUnavailable(
                    "The controller rejected the motion.",
                    "See in its log why, and whether it is active (ros2 control list_controllers).",
                )
            if errand.accepted.done():
                self._tell(number, passed())
            waited = errand.result if errand.accepted.done() else errand.accepted
            await asyncio.wait({waited}, timeout=_TICK_S)
            if errand.result.done():
                break
            self._check_ended()
            self._check_news()
            gone = 0 if errand.server_is_there() else gone + 1
            if gone >= _GONE_TICKS:
                raise RobotUnavailable(
                    "The controller went away during the motion.", "Start it, and plan anew."
                )
            late = self._state().stamp_s - begin_s > limit_s
            if late or (not errand.accepted.done() and time.monotonic() - wall_s > _OVERTIME_S):
                raise RobotUnavailable(
                    "The controller did not answer in time.", "Look at its log; plan anew."
                )
        self._check_ended()
        self._tell(number, passed())
        return errand.result.result()

    async def _settle(self, trajectory: Trajectory) -> None:
        """Wait until the arm rests at the goal: what counts is where it is, not what it is said.

        Raises:
            TrackingLost: It does not get there.
        """
        goal, begin_s = trajectory.positions[-1], self._state().stamp_s
        while True:
            state = await self._next_state()
            errors = np.abs(state.of(self._model.names) - goal)
            self._final_error_rad = float(errors.max())
            speed = np.abs(state.velocities[: len(self._model.names)]).max()
            if speed < REST_RAD_S and self._final_error_rad < _SETTLED_RAD:
                return
            if state.stamp_s - begin_s > _SETTLING_S:
                break
        if self._final_error_rad > MISSED_RAD:
            name = self._model.names[int(errors.argmax())]
            raise TrackingLost(
                f"{name} ended {errors.max():.3f} rad from the goal, though its controller says "
                "that it succeeded.",
                "See what stands in its way, and set goal tolerances in the controller.",
            )

    async def _next_state(self) -> RobotState:
        """Wait for a state that is newer than this call.

        Raises:
            RobotUnavailable: None comes.
            MotionStopped: It was told to end meanwhile.
        """
        with News(self._joints) as news:
            news.expect()
            while not await news.come(_TICK_S):
                self._check_ended()
                self._check_news()
        return self._state()

    async def _at_rest_after(self, error: LecternError) -> LecternError:
        """Cancel what runs and wait until the arm rests; return the error to raise."""
        if self._errand is not None and not self._nothing_came_of(self._errand):
            self._errand.cancel()
            self._controllers.cancel()  # whoever took the goal may be gone, and the arm go on
        until_s = time.monotonic() + _REST_LIMIT_S
        with News(self._joints) as news:
            while not self._joints.stale():
                news.expect()
                if await news.come(_TICK_S) and self._rests() and self._nothing_runs():
                    return error
                if time.monotonic() > until_s:
                    if self._rests():
                        return error
                    return TrackingLost(
                        f"The arm still moves {_REST_LIMIT_S:g} s after it was told to rest "
                        f"({error.detail})",
                        "Press the emergency stop.",
                    )
        return error

    def _rests(self) -> bool:
        """Tell whether the arm rests."""
        speeds = np.abs(self._state().velocities[: len(self._model.names)])
        return bool(speeds.max() < REST_RAD_S)

    def _nothing_runs(self) -> bool:
        """Tell whether no goal is left that could move the arm."""
        errand = self._errand
        if errand is None or self._nothing_came_of(errand):
            return True
        return not errand.server_is_there()

    def _nothing_came_of(self, errand: Errand) -> bool:
        """Tell whether a goal is over or was never taken."""
        refused = errand.accepted.done() and not errand.accepted.result()
        return errand.result.done() or refused

    def _check_start(self, trajectory: Trajectory) -> None:
        gaps = np.abs(self._state().of(self._model.names) - trajectory.positions[0])
        joint = int(gaps.argmax())
        if not gaps[joint] <= START_TOLERANCE_RAD:
            raise PlanOutdated(
                f"{self._model.names[joint]} is {gaps[joint]:.4f} rad from where the plan begins.",
                "Plan the motion anew.",
            )

    def _check_ended(self) -> None:
        if self._reason is not None:
            raise MotionStopped(f"The motion was stopped: {self._reason}.", "Plan it anew.")

    def _check_news(self) -> None:
        if self._joints.stale():
            raise RobotUnavailable(
                f"The robot has sent no joint states for {self._joints.age_s():.1f} s.",
                "See whether the robot or its simulation runs, and is not paused.",
            )

    def _check_grasp(self, grip: Grip, stalled: bool) -> None:
        item = self._hand.get(grip.attach)
        felt = stalled or self.width_m() > grip.width_m + _FELT_M
        as_wide = grip.width_m >= least_extent_m(item) - _FELT_M
        if self._hand.feels and not felt and not as_wide:
            raise GraspFailed(
                f"The fingers closed to {1e3 * self.width_m():.1f} mm and do not hold "
                f"{grip.attach!r}.",
                "Move the open gripper around the object first.",
            )

    def _tell(self, number: int, fraction: float) -> None:
        if self._on_progress is None:
            return
        self._fraction = min(1.0, max(self._fraction, fraction))
        self._on_progress(Progress(number, self._fraction, self._state().stamp_s))

    def _sample(self, state: RobotState) -> None:
        self._samples.append((state.stamp_s, state.of(self._model.names)))

    def _state(self) -> RobotState:
        state = self._joints.state
        assert state is not None  # a robot is opened with its first state
        return state


def tracking_error_rad(
    trajectory: Trajectory, sent_s: float, samples: tuple[tuple[float, Floats], ...]
) -> float:
    """Return the largest distance of any joint from the commanded position on the way.

    When the controller began is not known: the moment, up to half a second after the goal was
    sent, is taken that fits what was measured best.

    Args:
        trajectory: What was commanded.
        sent_s: When, on the robot's clock.
        samples: What was measured: stamp and positions.
    """
    if not samples:
        return 0.0
    stamps = np.array([stamp for stamp, _ in samples])
    measured = np.array([positions for _, positions in samples])
    delays = np.arange(0.0, _LATEST_START_S, _START_STEP_S)
    errors = [
        np.abs(measured - trajectory.sample(stamps - sent_s - delay)[0]).max() for delay in delays
    ]
    return float(min(errors))


def least_extent_m(item: SceneObject) -> float:
    """Return how thin an object is at least; of a mesh, nothing is known."""
    shape = item.shape
    if isinstance(shape, Box):
        return float(min(shape.size_m))
    if isinstance(shape, Sphere):
        return 2 * shape.radius_m
    if isinstance(shape, Cylinder):
        return min(2 * shape.radius_m, shape.length_m)
    assert isinstance(shape, Mesh)
    return 0.0
