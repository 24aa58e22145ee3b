from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lectern.errors import EndpointUnavailable

FIELDS = {
    "question", "answer", "grounded", "citations", "answerer", "timings_ms", "near", "notice",
    "notice_code", "conversation_id",
}  # fmt: skip
CITATION_FIELDS = {
    "passage_id", "title", "heading", "anchor", "source", "quote", "start", "end", "score",
}  # fmt: skip


def text_at(place):
    text = Path(place["source"]).read_text(encoding="utf-8")
    return text[place["start"] : place["end"]]


async def test_an_answer_has_the_fields_of_the_command_line_and_exact_quotes(client, question):
    response = await client.post("/api/v1/chat", json={"question": question})
    body = response.json()
    assert response.status_code == 200
    assert set(body) == FIELDS
    assert body["grounded"] is True
    assert "[1]" in body["answer"]
    for citation in body["citations"]:
        assert set(citation) == CITATION_FIELDS
        assert text_at(citation) == citation["quote"]


async def test_a_source_below_the_current_folder_is_shown_relative_to_it(
    client, question, shelf, monkeypatch
):
    chapter = Path(shelf.files[0])
    monkeypatch.chdir(chapter.parent)
    body = (await client.post("/api/v1/chat", json={"question": question})).json()
    assert {citation["source"] for citation in body["citations"]} == {chapter.name}


async def test_the_trace_comes_only_when_it_is_asked_for(client, question):
    response = await client.post("/api/v1/chat?trace=true", json={"question": question})
    assert response.json()["trace"]["passages"]


async def test_a_question_the_book_does_not_answer_gets_the_nearest_sections(client):
    response = await client.post(
        "/api/v1/chat", json={"question": "Who won the 1998 football world cup?"}
    )
    body = response.json()
    assert response.status_code == 200
    assert body["grounded"] is False
    assert body["citations"] == []
    assert body["near"][0]["heading"]


async def test_a_follow_up_is_asked_with_the_history_of_its_conversation(client, shelf, question):
    first = (await client.post("/api/v1/chat", json={"question": question})).json()
    again = {"question": "And near a singularity?", "conversation_id": first["conversation_id"]}
    second = (await client.post("/api/v1/chat", json=again)).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert shelf.histories[0] == ()
    assert [turn.question for turn in shelf.histories[1]] == [question]
    assert shelf.histories[1][0].answer == first["answer"]


async def test_conversations_do_not_see_each_other(client, shelf, question):
    await client.post("/api/v1/chat", json={"question": question})
    await client.post("/api/v1/chat", json={"question": question})
    assert shelf.histories == [(), ()]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"question": "  "}, 422, "invalid_input", id="blank question"),
        pytest.param({}, 422, "invalid_input", id="no question"),
        pytest.param({"question": 7}, 422, "invalid_input", id="not a text"),
        pytest.param({"question": "x" * 5_000}, 413, "question_too_long", id="too long"),
        pytest.param(
            {"question": "x", "conversation_id": "../x"},
            422,
            "invalid_input",
            id="odd conversation",
        ),
    ],
)
async def test_a_question_that_cannot_be_used_is_a_problem(client, body, status, code):
    response = await client.post("/api/v1/chat", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_what_was_sent_is_not_repeated_in_a_problem(client):
    response = await client.post("/api/v1/chat", json={"question": {"secret": "hunter2"}})
    assert "hunter2" not in response.text


async def test_a_failing_endpoint_is_a_problem_with_its_remedy(client, shelf, question):
    shelf.fail_with = EndpointUnavailable("The endpoint is down.", "Start it.")
    response = await client.post("/api/v1/chat", json={"question": question})
    assert response.status_code == 502
    assert response.json()["remedy"] == "Start it."


async def until_one_waits(client):
    waits = "lectern_questions_waiting 1.0"
    while waits not in (await client.get("/metrics")).text:  # noqa: ASYNC110  as an operator would
        await asyncio.sleep(0)


async def test_more_than_may_wait_is_turned_away_at_once(client_with, shelf, question):
    client = client_with(workers=1, max_waiting=1)
    shelf.hold_after_tokens = 0
    at_work = asyncio.create_task(client.post("/api/v1/chat", json={"question": question}))
    await shelf.held.wait()
    waiting = asyncio.create_task(client.get("/api/v1/search", params={"q": "Jacobian"}))
    await asyncio.wait_for(until_one_waits(client), 10)
    refused = await client.post("/api/v1/chat", json={"question": question})
    refused_stream = await client.post("/api/v1/chat/stream", json={"question": question})
    for response in (refused, refused_stream):
        assert (response.status_code, response.json()["code"]) == (503, "overloaded")
        assert int(response.headers["Retry-After"]) >= 1
    shelf.release.set()
    assert (await at_work).status_code == 200
    assert (await waiting).status_code == 200
