"""Asking over HTTP: the desk, measurement, and the events of a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from pydantic import BaseModel

from lectern.assistant.model import Answer, AnswerEvent, CitationFound, Done, Meta, Token
from lectern.bridge.dependencies import Services
from lectern.bridge.metrics import outcome_of
from lectern.bridge.models import (
    ChatIn,
    ChatOut,
    CitationEvent,
    CitationOut,
    MetaEvent,
    TokenEvent,
)
from lectern.bridge.problems import describe
from lectern.bridge.streams import Event

_log = structlog.get_logger("lectern.chat")


@dataclass(frozen=True)
class Exchange:
    """One question on its way to its answer."""

    services: Services
    question: str
    conversation_id: str
    request_id: str
    trace: bool

    @classmethod
    def of(cls, services: Services, asked: ChatIn, request_id: str, *, trace: bool) -> Exchange:
        """Begin an exchange, in a new conversation unless the reader named one."""
        conversation_id = services.desk.conversation(asked.conversation_id)
        return cls(services, asked.question, conversation_id, request_id, trace)

    async def answer(self) -> ChatOut:
        """Answer whole.

        Raises:
            InvalidInput: The question cannot be used.
            Overloaded: Too many are waiting.
        """
        try:
            answer = await self.services.desk.ask(self.question, self.conversation_id)
        except Exception:
            self.services.metrics.failed()
            raise
        return self._finish(answer)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Answer as events; runs as the work behind a stream."""
        async with aclosing(self._answering()) as events:
            async for event in events:
                yield self._event(event)

    def error(self, error: Exception) -> Event:
        """Turn what ended the work into the last event of the stream."""
        self.services.metrics.failed()
        return _as_event("error", describe(error, self.request_id))

    def _answering(self) -> AsyncGenerator[AnswerEvent, None]:
        return self.services.desk.events(self.question, self.conversation_id)

    def _event(self, event: AnswerEvent) -> Event:
        if isinstance(event, Token):
            return _as_event("token", TokenEvent(text=event.text))
        if isinstance(event, CitationFound):
            citation = CitationOut.of(event.citation)
            return _as_event("citation", CitationEvent(number=event.number, citation=citation))
        if isinstance(event, Meta):
            return _as_event("meta", self._meta(event))
        return _as_event("done", self._done(event))

    def _meta(self, meta: Meta) -> MetaEvent:
        return MetaEvent(
            conversation_id=self.conversation_id,
            request_id=self.request_id,
            answerer=meta.answerer,
            search_query=meta.search_query,
        )

    def _done(self, done: Done) -> ChatOut:
        return self._finish(done.answer)

    def _finish(self, answer: Answer) -> ChatOut:
        self.services.metrics.answered(answer)
        # The question itself is the reader's own business: it is not logged at this level.
        _log.info(
            "answered",
            outcome=outcome_of(answer),
            answerer=answer.answerer,
            citations=len(answer.citations),
            notice_code=answer.notice_code or None,
            ms=answer.timings_ms.get("total"),
        )
        return ChatOut.of(answer, self.conversation_id, trace=self.trace)


def _as_event(name: str, data: BaseModel) -> Event:
    return Event(name, data.model_dump_json(exclude_none=True))
