"""The robot of one bridge: left out, starting, ready or failed, and the work done with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from lectern.bridge.fanout import Fanout, Reader
from lectern.bridge.metrics import Metrics
from lectern.bridge.runs import KeptRuns
from lectern.errors import LecternError, RobotBusy, RobotUnavailable
from lectern.exchange.admission import Admission
from lectern.motion import Motion
from lectern.robot.state import Activity
from lectern.settings import Settings

_log = structlog.get_logger("lectern.robot")
_T = TypeVar("_T")
OpenMotion: TypeAlias = Callable[[], Awaitable[Motion]]

# Planning and drawing take a core each; more at a time would only make all of them slower.
_PLANS_AT_WORK, _PLANS_WAITING = 2, 32
_PICTURES_AT_WORK, _PICTURES_WAITING = 1, 8
_GOODBYE_S = 1.0


@dataclass(frozen=True)
class RobotStatus:
    """Readiness of the robot."""

    ready: bool
    detail: str


class RobotPart:
    """What the bridge has of the robot.

    Args:
        settings: Those named `robot*` count.
        metrics: Of the bridge.
        open_motion: Starts the robot; None leaves it out.
    """

    def __init__(
        self, settings: Settings, metrics: Metrics, open_motion: OpenMotion | None = None
    ) -> None:
        self.fanout = Fanout(settings.robot_max_readers, metrics)
        self.runs = KeptRuns(settings.robot_kept_runs, int(settings.robot_kept_mb * 2**20))
        self.planning = Admission(_PLANS_AT_WORK, _PLANS_WAITING)
        self.drawing = Admission(_PICTURES_AT_WORK, _PICTURES_WAITING)
        self.scene_edit = asyncio.Lock()
        self._patience_s = settings.shutdown_timeout_s
        self._open = open_motion
        self._motion: Motion | None = None
        self._error: LecternError | None = None
        self._starting: asyncio.Task[None] | None = None
        self._has_camera: asyncio.Task[bool] | None = None
        self._watching: set[asyncio.Task[Any]] = set()
        self._work: set[asyncio.Task[Any]] = set()
        self._demo_runs = False

    def begin(self) -> None:
        """Start the robot in the background."""
        if self._open is not None and self._starting is None:
            self._starting = asyncio.create_task(self._start(self._open))

    async def _start(self, open_motion: OpenMotion) -> None:
        try:
            motion = await open_motion()
            motion.gate.subscribe(self.fanout.tell)
            self._motion = motion
        except LecternError as error:
            self._error = error
            _log.error("robot not started", code=error.code, detail=str(error))
        except Exception as error:
            self._error = RobotUnavailable(
                f"The robot did not start: {error!r}.", "Run `lectern doctor`, and see the log."
            )
            _log.error("robot not started", exc_info=error)
        else:
            # Finding out starts a program of its own, so nobody who asks shall have to wait for it.
            self._has_camera = asyncio.create_task(asyncio.to_thread(motion.has_camera))
            _log.info("robot ready", robot=motion.view.model.name)

    async def started(self) -> None:
        """Wait until the robot is ready or has failed to start."""
        if self._starting is not None:
            await asyncio.wait({self._starting})

    @property
    def wanted(self) -> bool:
        """Whether this bridge shall have a robot, be it ready or not."""
        return self._open is not None

    @property
    def motion(self) -> Motion:
        """The motion line.

        Raises:
            RobotUnavailable: It was left out, is still starting, or could not be started.
        """
        if self._motion is not None:
            return self._motion
        if self._error is not None:
            raise RobotUnavailable(self._error.detail, self._error.remedy)
        if self._open is None:
            raise RobotUnavailable(
                "This bridge was started without a robot.",
                "Start it without --no-robot and with LECTERN_ROBOT=embedded.",
            )
        raise RobotUnavailable("The robot is still starting.", "Try again in a few seconds.")

    def status(self) -> RobotStatus:
        """Return the readiness; a robot that was left out on purpose holds nothing up."""
        if self._open is None:
            return RobotStatus(True, "left out (--no-robot or LECTERN_ROBOT=none)")
        try:
            view = self.motion.view
            activity = view.state().activity
        except LecternError as error:
            return RobotStatus(False, str(error))
        works = activity is not Activity.FAILED
        advice = "" if works else "; reset it"
        return RobotStatus(works, f"{view.model.name}, {view.reality}, {activity.value}{advice}")

    async def has_camera(self) -> bool:
        """Tell whether this machine can draw pictures of the robot."""
        return self._has_camera is not None and await asyncio.shield(self._has_camera)

    async def watch(self, websocket: WebSocket, motion: Motion, rate_hz: int) -> None:
        """Serve one reader until it leaves or the bridge stops.

        Raises:
            Overloaded: There are too many readers.
            ShuttingDown: The bridge is about to stop.
        """
        with self.fanout.admitted(motion.view, rate_hz) as reader:
            await websocket.accept()
            await self._serve(reader, websocket, motion, rate_hz)

    async def _serve(
        self, reader: Reader, websocket: WebSocket, motion: Motion, rate_hz: int
    ) -> None:
        if task := asyncio.current_task():
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)
        following = asyncio.create_task(
            self.fanout.follow(reader, motion.view, rate_hz, websocket.send_text)
        )
        listening = asyncio.create_task(_listen(websocket, motion))
        try:
            await asyncio.wait({following, listening}, return_when=asyncio.FIRST_COMPLETED)
            if following.done() and not following.exception():
                with suppress(WebSocketDisconnect):  # it may have left in this very moment
                    await websocket.close(following.result())
        finally:
            for task in (following, listening):
                task.cancel()
            await asyncio.gather(following, listening, return_exceptions=True)

    async def carry_through(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do work to its end even when the one who asked for it goes away."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # taken here, because whoever asked may be gone

    async def one_demo(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do work to its end, as the only demo at that time.

        Raises:
            RobotBusy: Another demo is running.
        """
        if self._demo_runs:
            work.close()
            raise RobotBusy("Another demo is running.", "Wait until it ends, or stop it.")
        self._demo_runs = True
        return await self.carry_through(self._as_the_demo(work))

    async def _as_the_demo(self, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            return await work
        finally:
            self._demo_runs = False
            self.fanout.tell_of_demo("")

    async def halt(self) -> None:
        """Stop what moves and close what is watched; nothing new begins."""
        self.planning.close()
        self.drawing.close()
        if self._motion is not None:
            self._motion.gate.stop(None, "the bridge is shutting down")
        await self.fanout.close()
        if self._watching:
            # So that readers are told why, before the server closes what is still open.
            await asyncio.wait(self._watching, timeout=_GOODBYE_S)

    async def close(self) -> None:
        """Let go of the robot."""
        await self.halt()
        await self.started()
        if work := self._work | ({self._has_camera} if self._has_camera else set()):
            # The stop has ended every motion; what a demo still computes is not waited for long.
            _, late = await asyncio.wait(work, timeout=self._patience_s)
            for task in late:
                task.cancel()
        motion, self._motion = self._motion, None
        if motion is not None:
            await motion.close()


async def _listen(websocket: WebSocket, motion: Motion) -> None:
    """Take a stop from a reader, until it leaves; anything else that it says changes nothing."""
    while (message := await websocket.receive())["type"] == "websocket.receive":
        if _wants_stop(message.get("text") or ""):
            motion.gate.stop(None, "a reader of the WebSocket asked for it")


def _wants_stop(text: str) -> bool:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("type") == "stop"
