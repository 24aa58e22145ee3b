"""The assistant on the graph: questions in, answers, their pieces and their text out."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog

from lectern.assistant.model import Answer, Done
from lectern.errors import InvalidInput, LecternError, ShuttingDown
from lectern.exchange.desk import Desk
from lectern.exchange.pieces import joined
from lectern.graph.dds import offers
from lectern.graph.dds.participant import Participant
from lectern.graph.dds.types import message_types
from lectern.graph.messages import (
    Chunks,
    answer_message,
    answer_text,
    refusal_message,
    time_message,
)
from lectern.graph.names import MAX_ID

# Of a question that was refused, characters that come back: it may be as large as a sample.
_ECHOED = 10_000
_log = structlog.get_logger("lectern.graph")


@dataclass(frozen=True)
class _Asked:
    """One question, as it came."""

    question_id: str
    conversation_id: str
    text: str
    arrived_s: float


class AssistantFace:
    """Answers what is asked on the graph, many questions at a time.

    Args:
        participant: Of the domain.
        desk: Takes the questions; what is too much for it is refused by name.
    """

    def __init__(self, participant: Participant, desk: Desk) -> None:
        self._desk = desk
        self._types = message_types()
        self._answer = participant.writer(offers.ANSWER)
        self._chunk = participant.writer(offers.ANSWER_CHUNK)
        self._text = participant.writer(offers.ANSWER_TEXT)
        self._work: set[asyncio.Task[None]] = set()
        participant.read(offers.QUESTION, self._asked)
        participant.read(offers.QUESTION_TEXT, self._typed)

    async def close(self) -> None:
        """Answer nothing more; who still waits is told."""
        self._desk.close()
        await asyncio.sleep(0)  # what has not begun would end without a word
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _asked(self, message: Any) -> None:
        question_id = message.id or uuid.uuid4().hex
        self._begin(_Asked(question_id, message.conversation_id, message.text, time.monotonic()))

    def _typed(self, message: Any) -> None:
        asked = _Asked(uuid.uuid4().hex, "", message.data, time.monotonic())
        self._begin(asked, lambda text: self._text.write(self._types.String(data=text)))

    def _begin(self, asked: _Asked, tell: Callable[[str], None] = lambda _: None) -> None:
        task = asyncio.create_task(self._deal_with(asked, tell))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _deal_with(self, asked: _Asked, tell: Callable[[str], None]) -> None:
        conversation_id = ""
        chunks = Chunks(self._types, asked.question_id[:MAX_ID])
        try:
            _check_id(asked.question_id)
            conversation_id = self._desk.conversation(asked.conversation_id)
            answer = await self._answered(asked, conversation_id, chunks)
        except asyncio.CancelledError:
            error = ShuttingDown("Lectern is shutting down.", "Ask again once it has restarted.")
            self._refuse(asked, conversation_id, chunks, error, tell)
            raise
        except Exception as error:
            if not isinstance(error, LecternError):
                _log.exception("question not answered", question_id=asked.question_id)
            self._refuse(asked, conversation_id, chunks, error, tell)
        else:
            self._give(asked, conversation_id, chunks, answer, tell)

    async def _answered(self, asked: _Asked, conversation_id: str, chunks: Chunks) -> Answer:
        async with aclosing(joined(self._desk.events(asked.text, conversation_id))) as events:
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
                self._chunk.write(chunks.of(event))
        raise RuntimeError("the assistant's events ended without an answer")

    def _give(
        self,
        asked: _Asked,
        conversation_id: str,
        chunks: Chunks,
        answer: Answer,
        tell: Callable[[str], None],
    ) -> None:
        self._chunk.write(chunks.end())
        self._answer.write(
            answer_message(self._types, answer, **self._particulars(asked, conversation_id))
        )
        tell(answer_text(answer))

    def _refuse(
        self,
        asked: _Asked,
        conversation_id: str,
        chunks: Chunks,
        error: Exception,
        tell: Callable[[str], None],
    ) -> None:
        self._chunk.write(chunks.end())
        message = refusal_message(
            self._types,
            error,
            question=asked.text[:_ECHOED],
            **self._particulars(asked, conversation_id),
        )
        self._answer.write(message)
        tell(f"error: {message.error_msg}")

    def _particulars(self, asked: _Asked, conversation_id: str) -> dict[str, Any]:
        return {
            "question_id": asked.question_id[:MAX_ID],
            "conversation_id": conversation_id,
            "stamp": time_message(self._types, time.time()),
            "since_s": time.monotonic() - asked.arrived_s,
        }


def _check_id(question_id: str) -> None:
    if len(question_id) > MAX_ID:
        raise InvalidInput(
            f"The question's id has {len(question_id)} characters.",
            f"Use at most {MAX_ID}, or none: one is chosen then.",
        )
