"""What routes are given: the assistant they call and the parts that belong to the bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeAlias

from fastapi import Depends
from starlette.requests import HTTPConnection

from lectern.assistant.model import Answer, AnswerEvent, Turn
from lectern.book.model import Passage
from lectern.bridge.metrics import Metrics
from lectern.bridge.robot import RobotPart
from lectern.bridge.streams import Streams
from lectern.exchange.admission import Admission
from lectern.exchange.desk import Desk
from lectern.motion import Motion
from lectern.retrieval.model import SearchResult
from lectern.robot.gate.users import LOCAL, User
from lectern.settings import Settings


class PartStatus(Protocol):
    """Readiness of one part of Lectern."""

    @property
    def ready(self) -> bool:
        """Whether the part can do its work."""

    @property
    def detail(self) -> str:
        """One sentence for people."""


class Assistant(Protocol):
    """What the bridge needs of `lectern.app.Lectern`, and nothing more."""

    async def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question.

        Raises:
            InvalidInput: The question cannot be used.
        """

    def stream(self, question: str, history: Sequence[Turn] = ()) -> AsyncIterator[AnswerEvent]:
        """Answer a question piece by piece."""

    async def search(self, query: str, k: int = 10) -> SearchResult:
        """Return the `k` best passages."""

    async def passage(self, passage_id: str) -> Passage:
        """Return one passage.

        Raises:
            PassageNotFound: No passage has this identifier.
        """

    async def document_text(self, source: str) -> str:
        """Return the text that the offsets of a source's passages refer to."""

    def parts(self) -> Mapping[str, PartStatus]:
        """Return the readiness of each part by name."""


Parts: TypeAlias = Callable[[], Mapping[str, PartStatus]]


@dataclass(frozen=True)
class Services:
    """Everything that one bridge consists of; built once in `lectern.bridge.app`."""

    assistant: Assistant
    settings: Settings
    desk: Desk
    streams: Streams
    metrics: Metrics
    robot: RobotPart
    company: Parts  # what else runs in this process, and shall show in the readiness

    @property
    def admission(self) -> Admission:
        """The door that every piece of work of this bridge goes through."""
        return self.desk.admission


async def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


async def _robot(services: ServicesDep) -> RobotPart:
    return services.robot


RobotDep = Annotated[RobotPart, Depends(_robot)]


async def _motion(robot: RobotDep) -> Motion:
    return robot.motion


MotionDep = Annotated[Motion, Depends(_motion)]


async def _user() -> User:
    # There are no accounts yet: who reaches the bridge is the person at this machine.
    return LOCAL


UserDep = Annotated[User, Depends(_user)]
