from __future__ import annotations

import asyncio

import pytest

from lectern.errors import EndpointUnavailable

URL = "/api/v1/chat/stream"


async def collect(events, response):
    assert response.headers["content-type"].startswith("text/event-stream")
    return [event async for event in events(response)]


async def test_the_events_come_in_order_and_end_with_the_whole_answer(start, events, question):
    bridge = await start()
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        seen = await collect(events, response)
    names = [event.name for event in seen]
    assert names[0] == "meta"
    assert names[-1] == "done"
    assert set(names[1:-1]) == {"token", "citation"}
    assert [event.number for event in seen] == list(range(1, len(seen) + 1))
    done = seen[-1].data
    assert "".join(event.data["text"] for event in seen if event.name == "token") == done["answer"]
    found = [event.data for event in seen if event.name == "citation"]
    assert [one["citation"] for one in found] == done["citations"]
    assert seen[0].data["conversation_id"] == done["conversation_id"]
    assert seen[0].data["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("kept", [1, 2, 7])
async def test_a_reader_that_comes_back_loses_nothing_and_sees_nothing_twice(
    start, events, shelf, question, kept
):
    bridge = await start()
    shelf.hold_after_tokens = kept - 1
    before = []
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        async for event in events(response):
            before.append(event)
            if len(before) == kept:
                break
    shelf.release.set()
    again = {"Last-Event-ID": before[-1].id}
    async with bridge.client.stream(
        "POST", URL, json={"question": question}, headers=again
    ) as response:
        after = await collect(events, response)
    numbers = [event.number for event in before + after]
    assert numbers == list(range(1, len(numbers) + 1))
    text = "".join(event.data["text"] for event in before + after if event.name == "token")
    assert text == after[-1].data["answer"]
    assert len(shelf.histories) == 1, "the question was asked once"


async def test_two_readers_of_one_stream_both_see_all_of_it(start, events, shelf, question):
    bridge = await start()
    shelf.hold_after_tokens = 0
    body = {"question": question}
    async with bridge.client.stream("POST", URL, json=body) as first:
        reading = events(first)
        meta = await anext_of(reading)
        headers = {"Last-Event-ID": meta.id}
        async with bridge.client.stream("POST", URL, json=body, headers=headers) as second:
            shelf.release.set()
            rest_of_first = [event.id async for event in reading]
            assert [event.id async for event in events(second)] == rest_of_first


async def anext_of(iterator):
    async for one in iterator:
        return one
    raise AssertionError("no event came")


async def test_a_finished_stream_that_is_no_longer_kept_has_expired(start, events, question):
    bridge = await start(limits={"keep_s": 0.0})
    body = {"question": question}
    async with bridge.client.stream("POST", URL, json=body) as response:
        last = (await collect(events, response))[-1]
    response = await bridge.client.post(URL, json=body, headers={"Last-Event-ID": last.id})
    assert (response.status_code, response.json()["code"]) == (410, "stream_expired")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("last_event_id", "status", "code"),
    [
        pytest.param("nosuchstream:3", 410, "stream_expired", id="unknown stream"),
        pytest.param("not an id", 422, "invalid_input", id="not an id"),
    ],
)
async def test_an_event_id_that_is_not_ours_is_a_problem(
    client, question, last_event_id, status, code
):
    response = await client.post(
        URL, json={"question": question}, headers={"Last-Event-ID": last_event_id}
    )
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_an_event_that_was_never_sent_cannot_be_continued_from(start, events, question):
    bridge = await start()
    body = {"question": question}
    async with bridge.client.stream("POST", URL, json=body) as response:
        last = (await collect(events, response))[-1]
    stream_id, _, number = last.id.partition(":")
    beyond = {"Last-Event-ID": f"{stream_id}:{int(number) + 1}"}
    assert (await bridge.client.post(URL, json=body, headers=beyond)).status_code == 410


async def test_silence_is_filled_with_heartbeats(start, events, shelf, question):
    bridge = await start(limits={"heartbeat_s": 0.01})
    shelf.hold_after_tokens = 2
    names = []
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        async for event in events(response):
            names.append(event.name)
            if names.count("") == 3:
                shelf.release.set()
    assert names[:3] == ["meta", "token", "token"]
    assert names[-1] == "done"


async def test_work_stops_when_its_reader_stays_away(start, events, shelf, question):
    bridge = await start(limits={"grace_s": 0.05})
    shelf.hold_after_tokens = 1
    body = {"question": question}
    async with bridge.client.stream("POST", URL, json=body) as response:
        first = await anext_of(events(response))
        await shelf.held.wait()
    await asyncio.wait_for(shelf.stopped.wait(), 5)
    response = await bridge.client.post(URL, json=body, headers={"Last-Event-ID": first.id})
    assert response.json()["code"] == "stream_expired"


async def test_an_error_before_the_first_event_is_a_problem_with_its_status(
    client, shelf, question
):
    shelf.fail_with = EndpointUnavailable("The endpoint is down.", "Start it.")
    response = await client.post(URL, json={"question": question})
    assert (response.status_code, response.json()["code"]) == (502, "endpoint_unavailable")
    response = await client.post(URL, json={"question": " "})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param((EndpointUnavailable("Gone."), "endpoint_unavailable"), id="named"),
        pytest.param((RuntimeError("secret detail"), "internal"), id="unexpected"),
    ],
)
async def test_an_error_after_the_first_event_is_the_last_event(
    start, events, shelf, question, failure
):
    bridge = await start()
    error, code = failure
    shelf.fail_with, shelf.fail_after_tokens = error, 2
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        seen = await collect(events, response)
    assert [event.name for event in seen] == ["meta", "token", "token", "error"]
    assert seen[-1].data["code"] == code
    assert seen[-1].data["request_id"] == response.headers["X-Request-ID"]
    assert "secret detail" not in str(seen[-1].data)


async def test_an_answer_without_end_is_cut_off(start, events, question):
    bridge = await start(limits={"max_journal_bytes": 1_000})
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        seen = await collect(events, response)
    assert seen[-1].data["code"] == "answer_too_long"


async def test_only_so_many_streams_are_kept(start, events, question):
    bridge = await start(limits={"max_streams": 1})
    body = {"question": question}
    async with bridge.client.stream("POST", URL, json=body) as response:
        first = await collect(events, response)
    async with bridge.client.stream("POST", URL, json=body) as response:
        await collect(events, response)
    response = await bridge.client.post(URL, json=body, headers={"Last-Event-ID": first[0].id})
    assert response.json()["code"] == "stream_expired"


async def test_shutting_down_ends_an_open_stream_with_an_error_event(
    start, events, shelf, question
):
    bridge = await start()
    shelf.hold_after_tokens = 1
    seen = []
    async with bridge.client.stream("POST", URL, json={"question": question}) as response:
        async for event in events(response):
            seen.append(event)
            if event.name == "token":
                bridge.task.cancel()
    assert [event.name for event in seen] == ["meta", "token", "error"]
    assert seen[-1].data["code"] == "shutting_down"
    assert shelf.stopped.is_set()
