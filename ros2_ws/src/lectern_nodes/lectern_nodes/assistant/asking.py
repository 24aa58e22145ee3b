"""One question of the graph on its way through the desk; belongs to the core's loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

from lectern.assistant.model import Answer, Done
from lectern.errors import InvalidInput, LecternError
from lectern.exchange.desk import Desk
from lectern.exchange.pieces import joined
from lectern.graph.messages import Chunks, answer_message, answer_text, refusal_message
from lectern.graph.names import MAX_ID
from lectern_nodes.assistant import types

_log = structlog.get_logger("lectern.assistant_node")
# How much of a refused question is sent back, in characters: it may have been refused for its size.
_ECHO = 4_000

Tell: TypeAlias = Callable[[Any], None]
Stamp: TypeAlias = Callable[[], Any]


@dataclass(frozen=True)
class Asked:
    """A question as it arrived.

    Attributes:
        question_id: As it was given, or made up for it.
        text: Of the question.
        conversation_id: As it was given; empty: a new one.
        arrived_s: When, s of `time.perf_counter`.
    """

    question_id: str
    text: str
    conversation_id: str = ""
    arrived_s: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True)
class Outcome:
    """What became of a question.

    Attributes:
        message: An `Answer` message, also of a refusal.
        text: The same for people.
        refusal: Why there is no answer; None if there is one.
    """

    message: Any
    text: str
    refusal: Exception | None = None


class QuestionAtWork:
    """One question.

    Args:
        asked: The question.
        tell: Given every `AnswerChunk` message, `END` last.
        stamp: Returns the present time as a message.
        settle_s: How long the answer is held back after the last chunk, s.
    """

    def __init__(self, asked: Asked, tell: Tell, stamp: Stamp, settle_s: float = 0.0) -> None:
        self._asked = asked
        self._tell = tell
        self._stamp = stamp
        self._settle_s = settle_s
        self._chunks = Chunks(types, asked.question_id[:MAX_ID])
        self._conversation_id = ""
        self._work: asyncio.Task[Answer] | None = None
        self._taken_back: LecternError | None = None

    async def answered(self, desk: Desk) -> Outcome:
        """Return its outcome, whatever happens to it."""
        try:
            if self._taken_back:
                raise self._taken_back
            self._check_id()
            self._conversation_id = desk.conversation(self._asked.conversation_id)
            self._work = asyncio.create_task(self._stream(desk))
            outcome = self._answered(await self._work)
        except asyncio.CancelledError:
            if self._taken_back is None:
                raise
            outcome = self._refused(self._taken_back)
        except Exception as error:
            outcome = self._refused(error)
        self._tell(self._chunks.end())
        await asyncio.sleep(self._settle_s)
        return outcome

    def refused(self, error: LecternError) -> Outcome:
        """Return the outcome of a question that no desk is asked."""
        self._tell(self._chunks.end())
        return self._refused(error)

    async def take_back(self, reason: LecternError) -> None:
        """Stop working on it, which stops the model; it is refused with the reason."""
        self._taken_back = self._taken_back or reason
        if self._work:
            self._work.cancel()

    async def _stream(self, desk: Desk) -> Answer:
        events = joined(desk.events(self._asked.text, self._conversation_id))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
                chunk = self._chunks.of(event)
                if chunk is not None:
                    self._tell(chunk)
        raise RuntimeError("an answer stream ended without its last event")

    def _check_id(self) -> None:
        length = len(self._asked.question_id)
        if length > MAX_ID:
            raise InvalidInput(
                f"The question's id has {length:,} characters; the limit is {MAX_ID}.",
                "Shorten it, or leave it empty.",
            )

    def _answered(self, answer: Answer) -> Outcome:
        return Outcome(answer_message(types, answer, **self._common()), answer_text(answer))

    def _refused(self, error: Exception) -> Outcome:
        if not isinstance(error, LecternError):
            _log.error("question failed", exc_info=error)
        question = self._asked.text[:_ECHO]
        message = refusal_message(types, error, question=question, **self._common())
        return Outcome(message, f"error: {message.error_msg}", error)

    def _common(self) -> dict[str, Any]:
        return {
            "question_id": self._asked.question_id[:MAX_ID],
            "conversation_id": self._conversation_id,
            "stamp": self._stamp(),
            "since_s": time.perf_counter() - self._asked.arrived_s,
        }
