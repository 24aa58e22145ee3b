"""Finding passages without asking for an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lectern.bridge.dependencies import Services, ServicesDep
from lectern.bridge.models import MAX_RESULTS, SearchIn, SearchOut
from lectern.bridge.problems import documented
from lectern.errors import (
    BodyTooLarge,
    IndexMissing,
    InvalidInput,
    OriginNotAllowed,
    Overloaded,
    QuestionTooLong,
    ShuttingDown,
)

router = APIRouter(prefix="/api/v1/search", tags=["search"])

_PROBLEMS = (QuestionTooLong, InvalidInput, IndexMissing, Overloaded, ShuttingDown)


@router.get("", summary="Search the book", responses=documented(*_PROBLEMS))
async def search(
    services: ServicesDep,
    q: Annotated[str, Query(description="What to look for.", examples=["manipulator Jacobian"])],
    k: Annotated[int, Query(ge=1, le=MAX_RESULTS, description="How many results.")] = 10,
) -> SearchOut:
    """Return the passages that fit a query best."""
    return await _search(services, q, k)


@router.post(
    "",
    summary="Search the book (query in the body)",
    responses=documented(OriginNotAllowed, BodyTooLarge, *_PROBLEMS),
)
async def search_by_body(services: ServicesDep, wanted: SearchIn) -> SearchOut:
    """Return the passages that fit a query best; for queries too long for an address."""
    return await _search(services, wanted.query, wanted.k)


async def _search(services: Services, query: str, k: int) -> SearchOut:
    async with services.admission.enter():
        result = await services.assistant.search(query, k)
    services.metrics.searched(result.timings_ms)
    return SearchOut.of(result)
