from __future__ import annotations

import re

import pytest
from shelf import PartIs

from lectern.assistant.model import Answer


async def test_health_says_that_the_process_lives(client):
    response = await client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


@pytest.mark.parametrize(("is_ready", "status"), [(True, 200), (False, 503)])
async def test_ready_names_each_part(client, shelf, is_ready, status):
    shelf.part = PartIs(is_ready, "Why.")
    response = await client.get("/health/ready")
    assert response.status_code == status
    assert response.json() == {
        "ready": is_ready,
        "parts": {
            "shelf": {"ready": is_ready, "detail": "Why."},
            "robot": {"ready": True, "detail": "left out (--no-robot or LECTERN_ROBOT=none)"},
        },
    }


def value(metrics, name):
    match = re.search(rf"^{re.escape(name)} (\S+)$", metrics, re.M)
    assert match, f"{name} is missing from\n{metrics}"
    return float(match[1])


async def test_metrics_count_answers_by_outcome_and_never_say_what_was_asked(
    client, shelf, question
):
    await client.post("/api/v1/chat", json={"question": question})
    await client.post("/api/v1/chat", json={"question": "Who won the 1998 football world cup?"})
    shelf.notice_code = "endpoint_unavailable"
    await client.post("/api/v1/chat", json={"question": question})
    await client.post("/api/v1/chat", json={"question": " "})
    passage = (await client.get("/api/v1/search", params={"q": "Jacobian"})).json()["results"][0]
    await client.get(f"/api/v1/passages/{passage['passage_id']}")
    metrics = (await client.get("/metrics")).text
    for outcome in ("grounded", "abstained", "fallback"):
        name = f'lectern_answers_total{{answerer="extractive",outcome="{outcome}"}}'
        assert value(metrics, name) == 1
    assert value(metrics, 'lectern_answers_total{answerer="none",outcome="failed"}') == 1
    assert value(metrics, "lectern_abstentions_total") == 1
    assert value(metrics, "lectern_retrieval_seconds_count") == 3
    assert value(metrics, "lectern_http_requests_in_flight") == 1, "this request itself"
    route = 'method="GET",route="/api/v1/passages/{passage_id}",status="200"'
    assert value(metrics, f"lectern_http_request_seconds_count{{{route}}}") == 1
    assert "velocity" not in metrics
    assert passage["passage_id"] not in metrics


async def test_two_bridges_count_apart(client_with, question):
    first, second = client_with(), client_with()
    await first.post("/api/v1/chat", json={"question": question})
    assert 'outcome="grounded"' in (await first.get("/metrics")).text
    assert 'outcome="grounded"' not in (await second.get("/metrics")).text


def test_the_outcome_of_an_answer_without_ground_is_an_abstention():
    from lectern.bridge.metrics import outcome_of

    answer = Answer("q", "a", False, (), "extractive", {}, notice_code="endpoint_unavailable")
    assert outcome_of(answer) == "abstained"
