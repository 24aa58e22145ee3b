from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time

import pytest

from lectern.assistant.endpoint import ChatEndpoint, Piece, Usage
from lectern.assistant.retrying import RetryPolicy, retry_after_s
from lectern.errors import EndpointUnavailable

MESSAGES = [{"role": "user", "content": "What is a twist?"}]
QUICK = RetryPolicy(retries=2, base_s=0.01)


@pytest.fixture
async def ask(chat_settings):
    """Ask one question and return (text, usage)."""
    endpoints = []

    async def run(retry=QUICK, idle_limit_s=5.0, **overrides):
        endpoint = ChatEndpoint(chat_settings(**overrides), retry=retry, idle_limit_s=idle_limit_s)
        endpoints.append(endpoint)
        deltas = [delta async for delta in endpoint.stream(MESSAGES, max_tokens=50)]
        return "".join(d.text for d in deltas if isinstance(d, Piece)), deltas[-1]

    yield run
    for endpoint in endpoints:
        await endpoint.aclose()


async def test_the_reply_comes_in_pieces_and_ends_with_the_counted_usage(chat_server, script, ask):
    chat_server.script = [script.saying("A twist ", "is a velocity.")]
    text, usage = await ask()
    assert text == "A twist is a velocity."
    assert usage == Usage(11, 7, estimated=False, truncated=False)
    sent = chat_server.requests[0]
    assert sent.body["messages"] == MESSAGES
    assert sent.body["max_tokens"] == 50
    assert sent.body["stream"] is True
    assert sent.headers["authorization"] == "Bearer sk-very-secret"


async def test_an_endpoint_that_does_not_count_tokens_gets_them_estimated(chat_server, script, ask):
    chat_server.script = [script.saying("A twist is a velocity.", usage=False)]
    _, usage = await ask()
    assert usage.estimated
    assert usage.output_tokens >= 6
    assert usage.input_tokens >= 10


async def test_a_reply_cut_at_the_token_limit_says_so(chat_server, script, ask):
    chat_server.script = [script.saying("A twist is", finish="length")]
    assert (await ask())[1].truncated


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_passing_refusal_is_retried(chat_server, script, ask, status):
    chat_server.script = [script.refusing(status), script.saying("Here.")]
    assert (await ask())[0] == "Here."
    assert len(chat_server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_lasting_refusal_is_not_retried(chat_server, script, ask, status):
    chat_server.script = [script.refusing(status), script.saying("Never sent.")]
    with pytest.raises(EndpointUnavailable, match=f"127.0.0.1:[0-9]+ answered {status}"):
        await ask()
    assert len(chat_server.requests) == 1


async def test_retries_end_after_the_configured_number(chat_server, script, ask):
    chat_server.script = [script.refusing(500)] * 5
    with pytest.raises(EndpointUnavailable, match="answered 500"):
        await ask()
    assert len(chat_server.requests) == 3


async def test_no_message_ever_contains_the_key(chat_server, script, ask):
    chat_server.script = [
        script.refusing(401, "Incorrect API key provided: sk-very-secret"),
        script.refusing(400, "The key sk-very-secret has no such model"),
    ]
    for expected in ("401", "has no such model"):
        with pytest.raises(EndpointUnavailable) as caught:
            await ask()
        assert "secret" not in str(caught.value)
        assert expected in str(caught.value)


async def test_retry_after_is_honoured(chat_server, script, ask):
    chat_server.script = [script.refusing(429, retry_after="0.3"), script.saying("Here.")]
    began = time.monotonic()
    assert (await ask())[0] == "Here."
    assert time.monotonic() - began >= 0.3


async def test_being_asked_to_wait_too_long_is_a_refusal(chat_server, script, ask):
    chat_server.script = [script.refusing(429, retry_after="3600"), script.saying("Never sent.")]
    with pytest.raises(EndpointUnavailable, match="429"):
        await ask()
    assert len(chat_server.requests) == 1


async def test_an_endpoint_that_never_answers_is_given_up_after_the_time_limit(
    chat_server, script, ask
):
    chat_server.script = [script.hanging()]
    with pytest.raises(EndpointUnavailable, match=r"did not finish within 0\.5 s"):
        await ask(chat_timeout_s=0.5)
    await asyncio.wait_for(chat_server.requests[0].hung_up.wait(), 5)


async def test_an_endpoint_that_falls_silent_is_given_up_early(chat_server, script, ask):
    chat_server.script = [script.hanging("A twist")]
    with pytest.raises(EndpointUnavailable, match=r"fell silent for 0\.2 s"):
        await ask(idle_limit_s=0.2)


async def test_a_reply_cut_in_mid_stream_is_an_error_and_never_repeated(chat_server, script, ask):
    chat_server.script = [script.cutting("A twist is"), script.saying("Never sent.")]
    with pytest.raises(EndpointUnavailable, match="in the middle of its answer"):
        await ask()
    assert len(chat_server.requests) == 1


async def test_a_connection_cut_before_the_first_word_is_retried(chat_server, script, ask):
    chat_server.script = [script.cutting(), script.saying("Here.")]
    assert (await ask())[0] == "Here."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("data: {not json\n\n", id="not JSON"),
        pytest.param(b"data: \xff\xfe\n\n", id="not UTF-8"),
        pytest.param("data: [1, 2]\n\ndata: null\n\n", id="no objects"),
        pytest.param('data: {"choices": "x"}\n\n', id="choices of a wrong type"),
        pytest.param("<html>welcome</html>", id="a web page"),
        pytest.param("", id="nothing"),
    ],
)
async def test_a_malformed_stream_is_a_clear_error(chat_server, script, ask, body):
    chat_server.script = [script.sending(body)] * 3
    with pytest.raises(EndpointUnavailable, match=r"127\.0\.0\.1.*OPENAI_BASE_URL"):
        await ask()


async def test_an_error_inside_the_stream_is_an_error(chat_server, script, ask):
    chat_server.script = [script.sending('data: {"error": {"message": "out of memory"}}\n\n')] * 3
    with pytest.raises(EndpointUnavailable, match=r"127\.0\.0\.1"):
        await ask()


async def test_an_empty_answer_is_an_error(chat_server, script, ask):
    chat_server.script = [script.saying("")]
    with pytest.raises(EndpointUnavailable, match="empty answer"):
        await ask()


async def test_a_withheld_answer_is_an_error(chat_server, script, ask):
    chat_server.script = [script.saying("A", finish="content_filter")]
    with pytest.raises(EndpointUnavailable, match="content filter"):
        await ask()


async def test_an_endpoint_that_refuses_connections_is_named(ask, unused_port):
    with pytest.raises(EndpointUnavailable, match=f"127.0.0.1:{unused_port} cannot be reached"):
        await ask(openai_base_url=f"http://user:pw@127.0.0.1:{unused_port}/v1")


@pytest.fixture
async def unused_port():
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_without_key_and_address_the_remedy_is_said(ask):
    with pytest.raises(EndpointUnavailable, match="Set OPENAI_API_KEY"):
        await ask(openai_base_url="", openai_api_key="")


async def test_an_endpoint_without_a_key_can_be_used(chat_server, script, ask):
    chat_server.script = [script.saying("Here.")]
    assert (await ask(openai_api_key=""))[0] == "Here."


async def test_a_strict_endpoint_is_asked_again_without_what_it_does_not_know(
    chat_server, script, chat_settings
):
    chat_server.script = [
        script.refusing(400, "Unknown field: stream_options"),
        script.refusing(400, "Unsupported parameter: 'max_tokens'; use another"),
        script.saying("Here."),
        script.saying("Again."),
    ]
    endpoint = ChatEndpoint(chat_settings())
    for _ in range(2):
        deltas = [delta async for delta in endpoint.stream(MESSAGES, max_tokens=50)]
    await endpoint.aclose()
    assert deltas[0] == Piece("Again.")
    assert len(chat_server.requests) == 4, "what was learned is kept for the next request"
    last = chat_server.requests[-1].body
    assert "stream_options" not in last
    assert last["max_completion_tokens"] == 50
    assert "max_tokens" not in last


async def test_cancelling_closes_the_stream(chat_server, script, chat_settings):
    chat_server.script = [script.hanging("A twist")]
    endpoint = ChatEndpoint(chat_settings())
    first = asyncio.Event()

    async def read():
        async for _ in endpoint.stream(MESSAGES, max_tokens=50):
            first.set()

    task = asyncio.ensure_future(read())
    await asyncio.wait_for(first.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(chat_server.requests[0].hung_up.wait(), 5)
    await endpoint.aclose()


async def test_closing_the_generator_closes_the_stream(chat_server, script, chat_settings):
    chat_server.script = [script.hanging("A twist")]
    endpoint = ChatEndpoint(chat_settings())
    stream = endpoint.stream(MESSAGES, max_tokens=50)
    assert await anext(stream) == Piece("A twist")
    await stream.aclose()
    await asyncio.wait_for(chat_server.requests[0].hung_up.wait(), 5)
    await endpoint.aclose()


async def test_waiting_for_the_next_attempt_can_be_cancelled(chat_server, script, chat_settings):
    refused = asyncio.Event()

    async def refuse(exchange):
        await script.refusing(429, retry_after="9")(exchange)
        refused.set()

    chat_server.script = [refuse]
    endpoint = ChatEndpoint(chat_settings(chat_timeout_s=60))
    task = asyncio.ensure_future(anext(endpoint.stream(MESSAGES, max_tokens=50)))
    await asyncio.wait_for(refused.wait(), 10)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 5
    await endpoint.aclose()


def test_the_openai_package_is_not_imported_before_the_first_request():
    code = (
        "import sys; from lectern.assistant.endpoint import ChatEndpoint;"
        "from lectern.settings import load_settings;"
        "ChatEndpoint(load_settings(openai_api_key='k')); print('openai' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_waits_grow_stay_below_the_cap_and_are_spread():
    policy = RetryPolicy(retries=9, base_s=1.0, cap_s=4.0)
    rng = random.Random(1)
    for attempt, upper in ((0, 1.0), (1, 2.0), (2, 4.0), (8, 4.0)):
        waits = [policy.delay_s(attempt, None, rng) for _ in range(200)]
        assert 0.9 * upper < max(waits) <= upper
        assert min(waits) < 0.1 * upper
    assert policy.delay_s(9, None, rng) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None), ("nan", None)],
)
def test_retry_after_is_read_in_seconds(value, expected):
    assert retry_after_s({"retry-after": value}) == expected


def test_retry_after_is_read_as_a_date():
    assert retry_after_s({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}) == 0.0
    assert retry_after_s({"retry-after": "Fri, 31 Dec 2199 23:59:59 GMT"}) > 1e9
    assert retry_after_s({}) is None
