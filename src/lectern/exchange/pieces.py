"""Putting together the words of an answer that are there at the same time.

Quoted answers are there at once, and models send several words in one packet. One message for each
word would fill the queues of those who listen (ten messages are usual) for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from lectern.assistant.model import AnswerEvent, Token


async def joined(
    events: AsyncGenerator[AnswerEvent, None],
) -> AsyncGenerator[AnswerEvent, None]:
    """Yield the events, tokens joined with those that follow without a wait.

    Closing or cancelling it closes `events`, which stops the model.
    """
    upcoming = _take(events)
    try:
        while (event := await upcoming) is not None:
            upcoming = _take(events)
            while isinstance(event, Token) and isinstance(more := await _at_once(upcoming), Token):
                event = Token(event.text + more.text)
                upcoming = _take(events)
            yield event
    finally:
        upcoming.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await upcoming
        await events.aclose()


def _take(events: AsyncGenerator[AnswerEvent, None]) -> asyncio.Task[AnswerEvent | None]:
    async def take() -> AnswerEvent | None:
        return await anext(events, None)

    return asyncio.create_task(take())


async def _at_once(upcoming: asyncio.Task[AnswerEvent | None]) -> AnswerEvent | None:
    """Return the next event if it needs no wait; None if it does, fails, or there is none."""
    await asyncio.sleep(0)
    failed = upcoming.done() and (upcoming.cancelled() or upcoming.exception() is not None)
    return upcoming.result() if upcoming.done() and not failed else None
