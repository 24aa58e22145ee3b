"""The passages that citations point to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from lectern.bridge.dependencies import ServicesDep
from lectern.bridge.models import PassageOut
from lectern.bridge.problems import documented
from lectern.errors import IndexMissing, InvalidInput, Overloaded, PassageNotFound, ShuttingDown

router = APIRouter(prefix="/api/v1/passages", tags=["passages"])


@router.get(
    "/{passage_id}",
    summary="Read one passage",
    responses=documented(PassageNotFound, InvalidInput, IndexMissing, Overloaded, ShuttingDown),
)
async def read_passage(
    passage_id: Annotated[str, Path(max_length=64, description="As a citation names it.")],
    services: ServicesDep,
) -> PassageOut:
    """Return one passage, and for extracted formats the text that its offsets refer to."""
    async with services.admission.enter():
        passage = await services.assistant.passage(passage_id)
        extracted = (
            await services.assistant.document_text(passage.source)
            if passage.kind.is_extracted
            else None
        )
    return PassageOut.of(passage, extracted)
