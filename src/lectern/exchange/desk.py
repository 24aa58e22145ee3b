"""The desk where questions are handed in: admission, memory, answer.

question ─> is there room? ─> what was said before ─> the assistant ─> remembered ─> answer
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol, cast

from lectern.assistant.model import Answer, AnswerEvent, Done, Turn
from lectern.errors import InvalidInput
from lectern.exchange.admission import Admission
from lectern.exchange.conversations import Conversations

CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Answering(Protocol):
    """What the desk needs of `lectern.app.Lectern`."""

    async def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> AsyncIterator[AnswerEvent]:
        """Answer a question piece by piece."""


class Desk:
    """Takes questions of one face, many at a time; belongs to one event loop."""

    def __init__(
        self, assistant: Answering, admission: Admission, conversations: Conversations
    ) -> None:
        self._assistant = assistant
        self.admission = admission
        self.conversations = conversations

    def conversation(self, conversation_id: str | None) -> str:
        """Return a conversation's identifier as it is, or a new one for none.

        Raises:
            InvalidInput: It is no identifier.
        """
        if not conversation_id:
            return self.conversations.new_id()
        if not CONVERSATION_ID.fullmatch(conversation_id):
            raise InvalidInput(
                f"The conversation {conversation_id[:80]!r} is no identifier.",
                "Use the one that came with an answer, or none for a new conversation.",
            )
        return conversation_id

    async def ask(self, question: str, conversation_id: str) -> Answer:
        """Answer whole.

        Args:
            question: As it came.
            conversation_id: As `conversation` returned it.

        Raises:
            InvalidInput: The question cannot be used.
            Overloaded: Too many are waiting.
            ShuttingDown: The desk was closed.
        """
        async with self.admission.enter():
            answer = await self._assistant.ask(question, self._history(conversation_id))
        self._remember(conversation_id, answer)
        return answer

    async def events(
        self, question: str, conversation_id: str
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Answer piece by piece, `Done` last; closing it early stops the model. Errors as `ask`."""
        async with self.admission.enter():
            stream = self._assistant.stream(question, self._history(conversation_id))
            async with aclosing(cast("AsyncGenerator[AnswerEvent, None]", stream)) as events:
                async for event in events:
                    if isinstance(event, Done):
                        self._remember(conversation_id, event.answer)
                    yield event

    def close(self) -> None:
        """Take no more questions."""
        self.admission.close()

    def _history(self, conversation_id: str) -> tuple[Turn, ...]:
        return self.conversations.history(conversation_id)

    def _remember(self, conversation_id: str, answer: Answer) -> None:
        turn = Turn(question=answer.question, answer=answer.answer)
        self.conversations.remember(conversation_id, turn)
