from __future__ import annotations

import asyncio

import httpx
import pytest

SITE = "https://docs.example"


async def test_a_large_body_is_refused_by_its_declared_length(client):
    response = await client.post("/api/v1/chat", json={"question": "x" * 1_000_000})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_a_large_body_is_refused_though_it_comes_in_pieces(client):
    async def pieces():
        for _ in range(1_000):
            yield b"x" * 1_000

    response = await client.post("/api/v1/chat", content=pieces())
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_one_who_sends_a_megabyte_over_a_socket_can_read_the_refusal(start):
    bridge = await start()
    response = await bridge.client.post("/api/v1/chat", json={"question": "x" * 1_000_000})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_a_body_at_the_limit_is_read(client_with):
    client = client_with(max_body_bytes=1_024)
    frame = b'{"question": ""}'
    body = frame[:-2] + b" " * (1_024 - len(frame)) + frame[-2:]
    response = await client.post(
        "/api/v1/chat", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.json()["code"] == "invalid_input", "read, and found blank"


async def test_a_caller_that_leaves_within_its_body_does_no_harm(start):
    bridge = await start()
    url = httpx.URL(bridge.address)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        f"POST /api/v1/chat HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 50\r\n\r\n{{".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await bridge.client.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8000", 200, id="address"),
        pytest.param("localhost", 200, id="name"),
        pytest.param("[::1]:8000", 200, id="IPv6"),
        pytest.param("evil.example", 421, id="foreign name"),
        pytest.param("localhost.evil.example", 421, id="looks like ours"),
        pytest.param("", 421, id="none"),
    ],
)
async def test_on_loopback_only_loopback_names_are_answered_for(client, host, status):
    response = await client.get("/health", headers={"Host": host})
    assert response.status_code == status
    if status != 200:
        assert response.json()["code"] == "host_not_allowed"


async def test_a_bridge_for_the_network_answers_for_any_name(client_with):
    client = client_with(host="0.0.0.0")
    assert (await client.get("/health", headers={"Host": "robot.lan"})).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        pytest.param("http://127.0.0.1:8000", 200, id="own page"),
        pytest.param(None, 200, id="no browser"),
        pytest.param(SITE, 403, id="another site"),
        pytest.param("null", 403, id="sandboxed page"),
        pytest.param("http://127.0.0.1:9000", 403, id="another port"),
    ],
)
async def test_pages_of_other_sites_may_not_post(client, question, origin, status):
    headers = {"Origin": origin} if origin else {}
    response = await client.post("/api/v1/chat", json={"question": question}, headers=headers)
    assert response.status_code == status
    if status != 200:
        assert response.json()["code"] == "origin_not_allowed"


async def test_no_cors_headers_unless_origins_are_set(client):
    response = await client.get("/health", headers={"Origin": SITE})
    assert "access-control-allow-origin" not in response.headers


async def test_a_listed_origin_may_ask_and_read_also_the_problems(client_with, question):
    client = client_with(cors_origins=(SITE,))
    preflight = await client.options(
        "/api/v1/chat",
        headers={
            "Origin": SITE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,last-event-id",
        },
    )
    assert preflight.status_code == 200
    for body, status in (({"question": question}, 200), ({"question": "x" * 100_000}, 413)):
        response = await client.post("/api/v1/chat", json=body, headers={"Origin": SITE})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == SITE
    other = await client.post(
        "/api/v1/chat", json={"question": question}, headers={"Origin": "https://evil.example"}
    )
    assert other.status_code == 403


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/nothing", "/assets/js/app.js"])
async def test_every_response_carries_the_security_headers(client, path):
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
