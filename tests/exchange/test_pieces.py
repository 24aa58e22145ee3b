"""Putting words together that are there at the same time."""

from __future__ import annotations

import asyncio

import pytest

from lectern.assistant.model import Meta, Token
from lectern.exchange.pieces import joined

META = Meta("extractive", "query")


async def _listed(events):
    return [event async for event in joined(events)]


def test_words_that_are_there_at_once_come_as_one_piece():
    async def events():
        yield META
        for word in ("A ", "robot ", "moves."):
            yield Token(word)

    assert asyncio.run(_listed(events())) == [META, Token("A robot moves.")]


def test_a_word_that_is_waited_for_comes_by_itself():
    async def events():
        yield Token("A ")
        yield Token("robot ")
        await asyncio.sleep(0.01)
        yield Token("moves.")

    assert asyncio.run(_listed(events())) == [Token("A robot "), Token("moves.")]


def test_the_order_between_words_and_other_events_is_kept():
    async def events():
        yield Token("A")
        yield META
        yield Token("B")

    assert asyncio.run(_listed(events())) == [Token("A"), META, Token("B")]


def test_an_error_comes_after_what_was_said_before_it():
    async def events():
        yield Token("A")
        raise ValueError("the model broke")

    async def collect():
        pieces = joined(events())
        assert await anext(pieces) == Token("A")
        with pytest.raises(ValueError, match="the model broke"):
            await anext(pieces)

    asyncio.run(collect())


def test_closing_it_early_closes_the_source():
    closed = []

    async def events():
        try:
            yield Token("A")
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def leave_early():
        pieces = joined(events())
        assert await anext(pieces) == Token("A")
        await pieces.aclose()

    asyncio.run(leave_early())
    assert closed == [True]


def test_cancelling_who_waits_closes_the_source():
    closed, waiting = [], asyncio.Event

    async def events(entered):
        try:
            yield Token("A")
            entered.set()
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def cancel():
        entered = waiting()
        task = asyncio.create_task(_listed(events(entered)))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert closed == [True]
