"""Questions and answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from lectern.bridge.chat import Exchange
from lectern.bridge.dependencies import Services, ServicesDep
from lectern.bridge.models import ChatIn, ChatOut
from lectern.bridge.problems import documented, request_id_of
from lectern.bridge.streams import Stream
from lectern.errors import (
    BodyTooLarge,
    EndpointUnavailable,
    IndexMissing,
    InvalidInput,
    OriginNotAllowed,
    Overloaded,
    QuestionTooLong,
    ShuttingDown,
    StreamExpired,
)

router = APIRouter(prefix="/api/v1/chat", tags=["chat"])

TraceFlag = Annotated[bool, Query(description="Also return how retrieval came to its passages.")]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", description="Id of the last event that arrived, to go on after it."
    ),
]
_PROBLEMS = (
    OriginNotAllowed,
    BodyTooLarge,
    QuestionTooLong,
    InvalidInput,
    EndpointUnavailable,
    IndexMissing,
    Overloaded,
    ShuttingDown,
)
_STREAM_DESCRIPTION = """Events in order: one `meta`, then `token` and `citation` events as they \
come, then one `done` whose data is the whole answer as `POST /api/v1/chat` gives it, or one \
`error` whose data is a problem. `tool` and `approval` are reserved. Comments keep a silent \
connection alive.

Each event has an `id`. To take up a lost stream, send the same request with the header \
`Last-Event-ID`: the events after that one follow, none is lost and none repeated."""
_STREAM_EXAMPLE = """id: kT0yJ3bq9sN1vXfZ5wQm2A:1
event: meta
data: {"conversation_id":"b1","request_id":"7f6d","answerer":"extractive","search_query":"..."}

id: kT0yJ3bq9sN1vXfZ5wQm2A:2
event: token
data: {"text":"The Jacobian maps joint velocities"}

"""


@router.post(
    "",
    summary="Answer a question",
    response_model_exclude_none=True,
    responses=documented(*_PROBLEMS),
)
async def ask(
    asked: ChatIn, services: ServicesDep, request: Request, trace: TraceFlag = False
) -> ChatOut:
    """Answer a question whole, with citations."""
    exchange = Exchange.of(services, asked, request_id_of(request.scope), trace=trace)
    return await exchange.answer()


@router.post(
    "/stream",
    summary="Answer a question as a stream of events",
    description=_STREAM_DESCRIPTION,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events.",
            "content": {"text/event-stream": {"example": _STREAM_EXAMPLE}},
        },
        **documented(*_PROBLEMS, StreamExpired),
    },
)
async def ask_stream(
    asked: ChatIn,
    services: ServicesDep,
    request: Request,
    last_event_id: LastEventId = None,
    trace: TraceFlag = False,
) -> StreamingResponse:
    """Start a stream, or take up a lost one."""
    if last_event_id:
        return _as_response(*services.streams.resume(last_event_id))
    exchange = Exchange.of(services, asked, request_id_of(request.scope), trace=trace)
    return _as_response(await _begin(services, exchange), 0)


async def _begin(services: Services, exchange: Exchange) -> Stream:
    stream = services.streams.start(exchange.events(), exchange.error)
    await stream.begin()
    return stream


def _as_response(stream: Stream, after: int) -> StreamingResponse:
    return StreamingResponse(
        stream.follow(after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
