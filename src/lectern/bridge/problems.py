"""One table that turns every failure into `application/problem+json` (RFC 9457).

Nothing else in the bridge decides on a status code or a wording for a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from lectern.errors import BudgetExceeded, LecternError, Overloaded, ShuttingDown
from lectern.exchange.admission import RETRY_AFTER_S

_log = structlog.get_logger("lectern.bridge")

OTHER_CODE = "http_error"
HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}
_RETRY_LATER = (Overloaded, ShuttingDown, BudgetExceeded)


class InvalidField(BaseModel):
    """One field that cannot be used."""

    field: str = Field(examples=["body.k"])
    message: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """What went wrong, for people (`detail`, `remedy`) and for programs (`code`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:lectern:problem:passage_not_found",
                    "title": "No passage has this identifier",
                    "status": 404,
                    "detail": "No passage has the identifier 'abc'.",
                    "code": "passage_not_found",
                    "request_id": "7f6d1c0a9b3e4d5f8a7b6c5d4e3f2a1b",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    remedy: str | None = None
    errors: list[InvalidField] | None = None


class ProblemResponse(JSONResponse):
    """A problem as a response."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(
            problem.model_dump(exclude_none=True), problem.status, headers=dict(headers or {})
        )


def request_id_of(scope: Scope) -> str:
    """Return the id that the outermost middleware gave the request."""
    return str(scope.get("state", {}).get("request_id", ""))


def describe(error: Exception, request_id: str) -> Problem:
    """Describe any failure; what was not expected is logged and stays inside."""
    if isinstance(error, LecternError):
        return _from_lectern(error, request_id)
    if isinstance(error, (RequestValidationError, WebSocketRequestValidationError)):
        return _from_validation(error, request_id)
    if isinstance(error, HTTPException):
        return _from_http(error, request_id)
    _log.error("unexpected error", exc_info=error)
    return _problem(
        "internal",
        "Something went wrong inside Lectern",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The request could not be answered because of a fault in Lectern.",
        request_id,
        remedy="Report it with the request id; the log has the details.",
    )


def respond(error: Exception, scope: Scope) -> ProblemResponse:
    """Turn any failure into a response."""
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if isinstance(error, _RETRY_LATER):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return ProblemResponse(describe(error, request_id_of(scope)), headers)


def install(app: FastAPI) -> None:
    """Route every failure inside the application through this table."""

    async def handle(connection: Request | WebSocket, error: Exception) -> ProblemResponse | None:
        response = respond(error, connection.scope)
        if isinstance(connection, Request):
            return response
        # A WebSocket that is not open yet can be refused with a response like any other.
        await connection.send_denial_response(response)
        return None

    kinds = (LecternError, RequestValidationError, WebSocketRequestValidationError, HTTPException)
    for kind in kinds:
        app.add_exception_handler(kind, handle)  # type: ignore[arg-type]


def documented(*errors: type[LecternError]) -> dict[int | str, dict[str, Any]]:
    """Describe, for OpenAPI, the problems that a route may answer with."""
    by_status: dict[int, list[type[LecternError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {status: _documented_status(kinds) for status, kinds in sorted(by_status.items())}


def _documented_status(kinds: list[type[LecternError]]) -> dict[str, Any]:
    examples = {
        kind.code: {
            "value": _from_lectern(kind(_title(kind) + "."), "7f6d1c0a").model_dump(
                exclude_none=True
            )
        }
        for kind in kinds
    }
    return {
        "model": Problem,
        "description": "; ".join(f"`{kind.code}`: {_title(kind)}" for kind in kinds),
        "content": {"application/problem+json": {"examples": examples}},
    }


def _title(kind: type[LecternError]) -> str:
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")


def _from_lectern(error: LecternError, request_id: str) -> Problem:
    return _problem(
        error.code,
        _title(type(error)),
        error.status,
        error.detail,
        request_id,
        remedy=error.remedy or None,
    )


def _from_validation(
    error: RequestValidationError | WebSocketRequestValidationError, request_id: str
) -> Problem:
    fields = [
        InvalidField(field=".".join(str(part) for part in found["loc"]), message=found["msg"])
        for found in error.errors()
    ]
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return _problem(
            "invalid_json",
            "The body is not JSON",
            HTTPStatus.BAD_REQUEST,
            "The body cannot be read as JSON.",
            request_id,
            errors=fields,
        )
    named = "; ".join(f"{field.field}: {field.message}" for field in fields)
    return _problem(
        "invalid_input",
        "The caller's input cannot be used as it is",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The request has fields that cannot be used: {named}.",
        request_id,
        remedy="See /docs for the fields and their limits.",
        errors=fields,
    )


def _from_http(error: HTTPException, request_id: str) -> Problem:
    status = HTTPStatus(error.status_code)
    if isinstance(error.__cause__, UnicodeDecodeError):
        detail = "The body is not valid UTF-8."
    elif status is HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this address."
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "This address does not take this method."
    else:
        detail = str(error.detail)
    return _problem(HTTP_CODES.get(status, OTHER_CODE), status.phrase, status, detail, request_id)


def _problem(
    code: str,
    title: str,
    status: int,
    detail: str,
    request_id: str,
    *,
    remedy: str | None = None,
    errors: list[InvalidField] | None = None,
) -> Problem:
    return Problem(
        type=f"urn:lectern:problem:{code}",
        title=title,
        status=int(status),
        detail=detail,
        code=code,
        request_id=request_id,
        remedy=remedy,
        errors=errors,
    )
