"""Composition of the bridge: one application around one assistant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from lectern import __version__
from lectern.bridge import problems
from lectern.bridge.dependencies import Assistant, Parts, Services
from lectern.bridge.metrics import Metrics
from lectern.bridge.observe import Observe
from lectern.bridge.robot import OpenMotion, RobotPart
from lectern.bridge.routers import chat, demos, health, page, passages, robot, scene, search
from lectern.bridge.security import BodyLimit, HostGuard, OriginGuard, is_loopback
from lectern.bridge.stopping import STOP_PATH
from lectern.bridge.streams import StreamLimits, Streams
from lectern.exchange.admission import Admission
from lectern.exchange.conversations import Conversations
from lectern.exchange.desk import Desk
from lectern.settings import Settings

_DESCRIPTION = (
    "A robotics textbook you can talk to. Errors are RFC 9457 problem details with a stable "
    "`code` and the `request_id` that is also in the `X-Request-ID` header."
)


def create_app(
    assistant: Assistant,
    settings: Settings,
    stream_limits: StreamLimits = StreamLimits(),  # noqa: B008  frozen, so it may be shared
    open_motion: OpenMotion | None = None,
    company: Parts = dict,
) -> FastAPI:
    """Build the application; the caller opens the assistant and closes it afterwards.

    The robot is started by `open_motion` in the background once the application runs, and closed
    when it ends; without it every route of the robot says that there is none. `company` gives the
    readiness of what else runs in this process, by name.
    """
    metrics = Metrics()
    services = Services(
        assistant=assistant,
        settings=settings,
        desk=Desk(assistant, Admission(settings.workers, settings.max_waiting), Conversations()),
        streams=Streams(stream_limits),
        metrics=metrics,
        robot=RobotPart(settings, metrics, open_motion),
        company=company,
    )
    app = FastAPI(
        title="Lectern",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.services = services
    for part in (chat, search, passages, robot, scene, demos, health, page):
        app.include_router(part.router)
    page.mount_assets(app)
    problems.install(app)
    _watch(services)
    _add_guards(app, settings, services.metrics)
    return app


async def begin_shutdown(app: FastAPI) -> None:
    """Take nothing new and end the open streams, so that their connections can close."""
    services: Services = app.state.services
    services.desk.close()
    await services.streams.close()
    await services.robot.halt()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    services.robot.begin()
    yield
    await begin_shutdown(app)
    await services.robot.close()


def _watch(services: Services) -> None:
    metrics, admission, streams = services.metrics, services.admission, services.streams
    talks = services.desk.conversations
    metrics.watch("lectern_questions_waiting", "Waiting for a place.", lambda: admission.waiting)
    metrics.watch("lectern_questions_at_work", "Being worked on.", lambda: admission.working)
    metrics.watch("lectern_streams_open", "Streams still being written.", lambda: streams.open)
    metrics.watch(
        "lectern_conversations",
        "Conversations remembered.",
        lambda: len(talks),
    )
    fanout = services.robot.fanout
    metrics.watch("lectern_robot_readers", "Who watches the robot.", lambda: fanout.readers)


def _add_guards(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, exempt=frozenset({STOP_PATH}))
    app.add_middleware(OriginGuard, allowed=settings.cors_origins)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Content-Type", "Last-Event-ID", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    if is_loopback(settings.host):
        app.add_middleware(HostGuard)
    app.add_middleware(Observe, metrics=metrics)
