"""For those who operate the bridge: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from lectern import __version__
from lectern.bridge.dependencies import ServicesDep
from lectern.bridge.models import HealthOut, PartOut, ReadyOut

router = APIRouter(tags=["operation"])

_READY, _NOT_READY = 200, 503


@router.get("/health", summary="Is the process alive?")
async def health() -> HealthOut:
    """Say that the process answers."""
    return HealthOut(version=__version__)


@router.get(
    "/health/ready",
    summary="Can it answer questions and move?",
    responses={_NOT_READY: {"model": ReadyOut, "description": "A part is not ready."}},
)
async def ready(services: ServicesDep, response: Response) -> ReadyOut:
    """Report each part by name; 503 as long as one of them is not ready."""
    found = {
        **services.assistant.parts(),
        "robot": services.robot.status(),
        **services.company(),
    }
    parts = {name: PartOut(ready=part.ready, detail=part.detail) for name, part in found.items()}
    all_ready = all(part.ready for part in parts.values())
    response.status_code = _READY if all_ready else _NOT_READY
    return ReadyOut(ready=all_ready, parts=parts)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
async def metrics(services: ServicesDep) -> Response:
    """Return counts and durations; never what was asked."""
    return Response(services.metrics.render(), media_type=CONTENT_TYPE_LATEST)
