"""Lectern on DDS: opened beside the bridge, given the robot when it is there, closed before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from lectern.errors import GraphUnavailable, LecternError
from lectern.exchange.admission import Admission
from lectern.exchange.conversations import Conversations
from lectern.exchange.desk import Answering, Desk
from lectern.graph.dds.assistant_face import AssistantFace
from lectern.graph.dds.config import Reach, reach_of
from lectern.graph.dds.library import check_library
from lectern.graph.dds.participant import Participant
from lectern.graph.dds.types import message_types
from lectern.settings import Settings

if TYPE_CHECKING:
    from lectern.graph.dds.robot_face import RobotFace
    from lectern.motion import Motion

_log = structlog.get_logger("lectern.graph")


@dataclass(frozen=True)
class GraphStatus:
    """Readiness of the graph."""

    ready: bool
    detail: str


class DdsFace:
    """The graph without ROS, from the settings; belongs to one event loop.

    A graph that cannot be opened takes nothing else down: it is named, and `status` says why.

    Args:
        settings: `dds*`, `ros_*` and `cyclonedds_uri`, `workers` and `max_waiting` count.
        assistant: Answers the questions.
        say: Told one sentence: what is on DDS, or why nothing is.
    """

    def __init__(
        self, settings: Settings, assistant: Answering, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._say = say
        self._desk = Desk(
            assistant, Admission(settings.workers, settings.max_waiting), Conversations()
        )
        self._reach: Reach | None = None
        self._participant: Participant | None = None
        self._assistant: AssistantFace | None = None
        self._robot: RobotFace | None = None
        self._error: LecternError | None = None
        self._opening: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Open the graph in the background, unless that has begun; on the event loop."""
        if self._settings.dds and self._opening is None:
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        try:
            self._reach = reach = reach_of(self._settings)
            check_library()
            # Loading takes a third of a second, in which nobody shall wait for an answer.
            await asyncio.to_thread(message_types)
            self._participant = Participant(self._settings.ros_domain_id, reach)
            self._assistant = AssistantFace(self._participant, self._desk)
            self._participant.listen()
            self._say(f"The graph: {self._words()}.")
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._error = _named(error)
        self._say(f"The graph is not there: {self._error}")
        _log.error("graph not opened", code=self._error.code, detail=str(error))

    async def take_robot(self, motion: Motion) -> None:
        """Put a robot on the graph; it stays its owner's to close, and nothing is raised."""
        self.begin()
        if self._opening is None:
            return
        await asyncio.shield(self._opening)
        if self._participant is None or self._reach is None:
            return
        # What the robot needs is loaded with the robot, not before the first answer.
        from lectern.graph.dds.robot_face import RobotFace

        try:
            commands = self._reach.commands
            self._robot = RobotFace(self._participant, motion, commands=commands)
        except Exception as error:
            self._fail(error)

    def status(self) -> GraphStatus:
        """Return the readiness; a graph that was left out on purpose holds nothing up."""
        if not self._settings.dds:
            return GraphStatus(True, "left out (--no-dds or LECTERN_DDS=false)")
        if self._error is not None:
            return GraphStatus(False, str(self._error))
        if self._participant is None:
            return GraphStatus(False, "The graph is still opening.")
        if fault := self._participant.fault or (self._robot.fault if self._robot else ""):
            return GraphStatus(False, fault)
        return GraphStatus(True, self._words() + self._troubles())

    def _troubles(self) -> str:
        """Return what was wrong with samples, by topic and cause, and who else is there."""
        assert self._participant is not None
        found = [f"/{what} {count}" for what, count in self._participant.trouble.items()]
        samples = f"; samples: {', '.join(found)}" if found else ""
        count = self._participant.others.count
        return f"{samples}; {count} more answer on this domain" if count else samples

    def _words(self) -> str:
        assert self._reach is not None
        words = f"DDS domain {self._settings.ros_domain_id}, {self._reach.words}"
        return words if self._reach.commands else f"{words}, the robot takes no commands from it"

    async def close(self) -> None:
        """Bring the arm to rest where the graph moves it, tell who waits, leave the domain."""
        if self._opening is not None:
            await self._opening
        if self._robot is not None:
            await self._robot.close()
        if self._assistant is not None:
            await self._assistant.close()
        # Their writers belong to the participant, which leaves when nothing holds it any more.
        self._robot = self._assistant = None
        if self._participant is not None:
            await self._participant.close()
            self._participant = None


def _named(error: Exception) -> LecternError:
    if isinstance(error, LecternError):
        return error
    return GraphUnavailable(
        f"The graph could not be opened: {error!r}.", "Run `lectern doctor`, and see the log."
    )
