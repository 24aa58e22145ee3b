"""The built-in page: plain files, served as they are."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from lectern import __version__
from lectern.bridge.dependencies import ServicesDep

PAGE = Path(__file__).resolve().parents[1] / "page"

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def chat_page(services: ServicesDep) -> HTMLResponse:
    """Return the chat page."""
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    html = html.replace("{{max_question_chars}}", str(services.settings.max_question_chars))
    html = html.replace("{{robot}}", "on" if services.robot.wanted else "off")
    return HTMLResponse(html, headers=_REVALIDATE)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs_page() -> HTMLResponse:
    """Return the page that lists the operations of `/openapi.json`."""
    html = (PAGE / "docs.html").read_text(encoding="utf-8")
    return HTMLResponse(html.replace("{{version}}", __version__), headers=_REVALIDATE)


def mount_assets(app: FastAPI) -> None:
    """Serve scripts, styles and fonts below `/assets`."""
    app.mount("/assets", _Assets(directory=PAGE), name="assets")


_REVALIDATE = {"Cache-Control": "no-cache"}


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"  # the ETag makes asking again cheap
        return response
