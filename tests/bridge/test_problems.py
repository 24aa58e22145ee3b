from __future__ import annotations

import re

import pytest

JSON = {"Content-Type": "application/json"}
FIELDS = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(response, status, code):
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert set(body) >= FIELDS
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param(b'{"question": ', 400, "invalid_json", id="cut off"),
        pytest.param(b'{"question": "\xff\xfe"}', 400, "bad_request", id="not UTF-8"),
        pytest.param(b'{"question": "\\ud800"}', 422, "invalid_input", id="lone surrogate"),
        pytest.param(b"", 422, "invalid_input", id="empty"),
        pytest.param(b"[" * 60_000, 400, None, id="nested without end"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem(client, sent, status, code):
    response = await client.post("/api/v1/chat", content=sent, headers=JSON)
    assert_problem(response, status, code or response.json()["code"])
    assert response.json()["code"] != "internal"


async def test_an_unknown_address_is_a_problem(client):
    assert_problem(await client.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(await client.get("/assets/nothing.js"), 404, "not_found")


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(client):
    response = await client.delete("/api/v1/chat")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


async def test_a_fault_is_a_problem_without_its_inner_life(client, shelf, question):
    shelf.fail_with = RuntimeError("secret detail")
    response = await client.post("/api/v1/chat", json={"question": question})
    body = assert_problem(response, 500, "internal")
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert body["remedy"]


async def test_a_fault_outside_the_routes_is_a_problem_too(client, shelf):
    shelf.parts = None  # readiness cannot be asked for
    assert_problem(await client.get("/health/ready"), 500, "internal")


async def test_a_sane_request_id_is_kept(client):
    response = await client.get("/health", headers={"X-Request-ID": "trace-42:a.b"})
    assert response.headers["X-Request-ID"] == "trace-42:a.b"


@pytest.mark.parametrize("given", ["x" * 129, "<script>", "a b", "ü"])
async def test_an_odd_request_id_is_replaced(client, given):
    response = await client.get("/health", headers={"X-Request-ID": given.encode()})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-ID"])
