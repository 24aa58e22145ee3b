"""`lectern ask` and `lectern search`."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lectern.cli.errors import NOT_ANSWERED
from lectern.cli.output import print_json, say
from lectern.errors import InvalidInput, QuestionTooLong

if TYPE_CHECKING:
    from lectern.app import Lectern
    from lectern.settings import Settings

Collection = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Collection to look in.  [default: LECTERN_COLLECTION]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def ask(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What to ask; - reads it from stdin.")
    ],
    as_json: AsJson = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show how retrieval got there.")] = False,
    collection: Collection = None,
) -> None:
    """Answer a question from the book, with citations.

    Example: lectern ask "What does the Jacobian map?"

    Exits with 3 when the book does not answer. The textbook is indexed first if nothing was ever
    ingested.
    """
    settings, text = _settings_and_text(question, collection)
    asyncio.run(_ask(settings, text, as_json=as_json, trace=trace))


def search(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="What to look for; - reads it from stdin.")
    ],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    as_json: AsJson = False,
    collection: Collection = None,
) -> None:
    """Find the passages of the book that fit a query best.

    Example: lectern search "damped least squares" -k 3

    The textbook is indexed first if nothing was ever ingested.
    """
    settings, text = _settings_and_text(query, collection, what="query")
    asyncio.run(_search(settings, text, k, as_json=as_json))


async def _ask(settings: Settings, question: str, *, as_json: bool, trace: bool) -> None:
    from lectern.bridge.models import ChatOut
    from lectern.cli.render import print_answer

    lectern = await _open(settings)
    try:
        answer = await lectern.ask(question)
        if as_json:
            left_out = {"conversation_id"} if trace else {"conversation_id", "trace"}
            print_json(ChatOut.of(answer, "", trace=trace).model_dump(exclude=left_out))
        else:
            await print_answer(lectern, answer, trace=trace)
    finally:
        await lectern.close()
    if not answer.grounded:
        say("The book does not answer this question.")
        raise typer.Exit(NOT_ANSWERED)


async def _search(settings: Settings, query: str, k: int, *, as_json: bool) -> None:
    from lectern.bridge.models import SearchOut
    from lectern.cli.render import print_hits

    lectern = await _open(settings)
    try:
        result = await lectern.search(query, k)
        if as_json:
            print_json(SearchOut.of(result).model_dump())
        else:
            await print_hits(lectern, result)
    finally:
        await lectern.close()


async def _open(settings: Settings) -> Lectern:
    from lectern.cli.opening import open_lectern

    return await asyncio.to_thread(open_lectern, settings)


def _settings_and_text(
    given: str, collection: str | None, *, what: str = "question"
) -> tuple[Settings, str]:
    """Return the settings and the question, checked before anything expensive begins."""
    from lectern.assistant.assistant import check_question
    from lectern.settings import load_settings

    settings = load_settings(collection=collection)
    limit = settings.max_question_chars
    text = _from_stdin(limit) if given == "-" else _from_argument(given)
    return settings, check_question(text, limit, what=what)


def _from_argument(given: str) -> str:
    try:
        given.encode("utf-8")
    except UnicodeEncodeError:
        # Bytes the locale could not decode: they may be UTF-8 all the same.
        return _decoded(os.fsencode(given))
    return given


def _from_stdin(max_chars: int) -> str:
    """Read no more than a question may have: a character takes at most four bytes."""
    raw = sys.stdin.buffer.read(4 * max_chars + 1)
    if len(raw) > 4 * max_chars:
        raise QuestionTooLong(
            f"The question has more than {max_chars:,} characters.", "Shorten it."
        )
    return _decoded(raw)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"The question is not valid UTF-8 (byte {error.start + 1} cannot be read).",
            "Send it as UTF-8.",
        ) from error
