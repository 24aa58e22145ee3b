"""Streaming chat completions from any OpenAI-compatible endpoint.

The `openai` package takes most of a second to import, so it is loaded on the first request and in
a thread; a process that only answers extractively never pays for it.
"""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar, Union
from urllib.parse import urlsplit

from lectern.assistant.budget import Message, estimate_message_tokens, estimate_tokens
from lectern.assistant.retrying import RETRIED_STATUS, RetryPolicy, retry_after_s
from lectern.errors import EndpointUnavailable
from lectern.settings import Settings

OPENAI_BASE_URL = "https://api.openai.com/v1"
CONNECT_LIMIT_S = 5.0
# A model may think for long before its first word, but once it writes it writes steadily.
IDLE_LIMIT_S = 10.0


@dataclass(frozen=True)
class Piece:
    """A piece of the text that the model writes, in order."""

    text: str


@dataclass(frozen=True)
class Usage:
    """The last delta of a stream.

    Attributes:
        input_tokens: Tokens of the request.
        output_tokens: Tokens of the reply.
        estimated: True when the endpoint did not count and the numbers are our estimate.
        truncated: True when the reply was cut at the limit of output tokens.
    """

    input_tokens: int
    output_tokens: int
    estimated: bool
    truncated: bool


Delta = Union[Piece, Usage]  # noqa: UP007 - evaluated at run time, on Python 3.10 too
_T = TypeVar("_T")


@dataclass
class _Reply:
    """What is known about a reply while it arrives."""

    stream: Any = None
    text: str = ""
    finish_reason: str = ""
    usage: Any = None


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """One attempt failed; `retry` says whether another may succeed."""

    def __init__(
        self, detail: str, remedy: str, *, retry: bool = False, wait_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.retry = retry
        self.wait_s = wait_s


class ChatEndpoint:
    """One model behind one OpenAI-compatible endpoint.

    Use an instance on one event loop only: it keeps connections open between requests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        retry: RetryPolicy | None = None,
        idle_limit_s: float = IDLE_LIMIT_S,
    ) -> None:
        """Prepare the endpoint; nothing is imported or connected yet.

        Args:
            settings: Supplies key, base URL, model, time limit and number of retries.
            retry: How to wait between attempts; made from `settings.chat_retries` when missing.
            idle_limit_s: Longest pause between two pieces of one reply, in seconds.
        """
        self._settings = settings
        self._base_url = settings.openai_base_url or OPENAI_BASE_URL
        self._retry = retry or RetryPolicy(retries=settings.chat_retries)
        self._idle_limit_s = idle_limit_s
        self._random = random.Random()  # noqa: S311 - spreads retries, protects nothing
        self._client: Any = None
        self._extra: dict[str, Any] = {
            "stream_options": {"include_usage": True},
            "temperature": 0.0,
        }
        self._limit_name = "max_tokens"

    @property
    def host(self) -> str:
        """Host (and port) of the endpoint, as error messages name it."""
        parts = urlsplit(self._base_url)
        return (parts.hostname or self._base_url) + (f":{parts.port}" if parts.port else "")

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Send the messages and yield the reply: `Piece`s, then one `Usage`.

        Failures are retried only as long as nothing was yielded, and only those that may pass:
        408, 409, 429, 5xx and broken connections. Closing the generator, or cancelling the task
        that runs it, closes the HTTP stream.

        Args:
            messages: The conversation, oldest first.
            max_tokens: Limit of the reply, in tokens.

        Raises:
            EndpointUnavailable: The endpoint did not answer in time, or answered with an error.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.chat_timeout_s
        attempt = 0
        while True:
            started = False
            try:
                async with aclosing(self._attempt(messages, max_tokens, deadline)) as deltas:
                    async for delta in deltas:
                        started = True
                        yield delta
                return
            except _Refused as refusal:
                pause = self._pause(refusal, attempt, started, deadline)
                if pause is None:
                    raise EndpointUnavailable(refusal.detail, refusal.remedy) from refusal.__cause__
            attempt += 1
            await asyncio.sleep(pause)

    async def aclose(self) -> None:
        """Close the connections that were kept open."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _pause(
        self, refusal: _Refused, attempt: int, started: bool, deadline: float
    ) -> float | None:
        """Return how long to wait before the next attempt, or None when there is to be none."""
        if started or not refusal.retry:
            return None
        pause = self._retry.delay_s(attempt, refusal.wait_s, self._random)
        left = deadline - asyncio.get_running_loop().time()
        return pause if pause is not None and pause < left else None

    async def _attempt(
        self, messages: Sequence[Message], max_tokens: int, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        reply = _Reply()
        patience_s = self._settings.chat_timeout_s
        try:
            await self._within(deadline, patience_s, self._open(messages, max_tokens, reply))
            while True:
                limit_s = self._idle_limit_s if reply.text else patience_s
                chunk = await self._within(deadline, limit_s, _next(reply.stream))
                if chunk is None:
                    break
                text = _read_chunk(chunk, reply)
                if text:
                    reply.text += text
                    yield Piece(text)
        finally:
            if reply.stream is not None:
                await reply.stream.close()
        self._check_complete(reply)
        yield _usage(reply, messages)

    async def _within(self, deadline: float, limit_s: float, step: Awaitable[_T]) -> _T:
        """Await one step within its time, and name what goes wrong."""
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        try:
            return await _bounded(step, min(limit_s, left))
        except asyncio.TimeoutError as error:
            raise self._too_slow(idle=limit_s < left) from error
        except _Refused:
            raise
        # The client lets errors of its transport and of its parsers through, and which they
        # are differs between its versions; whatever it is, the endpoint gave no answer.
        except Exception as error:
            raise self._refusal(error) from error

    async def _open(self, messages: Sequence[Message], max_tokens: int, reply: _Reply) -> None:
        client = await self._connected()
        while True:
            try:
                reply.stream = await client.chat.completions.create(
                    model=self._settings.chat_model,
                    messages=list(messages),
                    stream=True,
                    **{self._limit_name: max_tokens},
                    **self._extra,
                )
                return
            except Exception as error:
                if not self._adapt(error):
                    raise

    def _adapt(self, error: Exception) -> bool:
        """Drop what a strict endpoint refuses to know; tell whether anything was changed."""
        if getattr(error, "status_code", None) not in (400, 422):
            return False
        message = str(error)
        for name in tuple(self._extra):
            if name in message:
                del self._extra[name]
                return True
        if self._limit_name in message and self._limit_name == "max_tokens":
            self._limit_name = "max_completion_tokens"
            return True
        return False

    async def _connected(self) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(self._make_client)
        return self._client

    def _make_client(self) -> Any:
        key = self._settings.openai_api_key.get_secret_value()
        if not key and not self._settings.openai_base_url:
            raise _Refused(
                f"There is no key for the model endpoint {self.host}.",
                "Set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint that wants none.",
            )
        openai = importlib.import_module("openai")
        timeout_s = self._settings.chat_timeout_s
        client = openai.AsyncOpenAI(
            api_key=key or "unused",
            base_url=self._base_url,
            max_retries=0,
            timeout=openai.Timeout(timeout_s, connect=min(CONNECT_LIMIT_S, timeout_s)),
        )
        _ = client.chat.completions  # imports what the first request would wait for
        return client

    def _check_complete(self, reply: _Reply) -> None:
        if reply.finish_reason == "content_filter":
            raise _Refused(
                f"The model endpoint {self.host} withheld its answer (content filter).",
                "Put the question in other words, or use another model (LECTERN_CHAT_MODEL).",
            )
        if not reply.finish_reason:
            raise _Refused(
                f"The model endpoint {self.host} "
                + ("stopped in the middle of its answer." if reply.text else "sent no answer."),
                "Check that OPENAI_BASE_URL points at an OpenAI-compatible API (often .../v1).",
                retry=not reply.text,
            )
        if not reply.text.strip():
            raise _Refused(
                f"The model endpoint {self.host} sent an empty answer.",
                "Raise LECTERN_CHAT_MAX_OUTPUT_TOKENS, or use another model (LECTERN_CHAT_MODEL).",
            )

    def _too_slow(self, *, idle: bool) -> _Refused:
        if idle:
            return _Refused(
                f"The model endpoint {self.host} fell silent for {self._idle_limit_s:g} s in the "
                "middle of its answer.",
                "Try again, or use a faster model (LECTERN_CHAT_MODEL).",
            )
        return _Refused(
            f"The model endpoint {self.host} did not finish within "
            f"{self._settings.chat_timeout_s:g} s.",
            "Raise LECTERN_CHAT_TIMEOUT_S, or use a faster model (LECTERN_CHAT_MODEL).",
        )

    def _refusal(self, error: Exception) -> _Refused:
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            return self._refused_with_status(status, error)
        if isinstance(error, ValueError):  # not JSON, not UTF-8
            return _Refused(
                f"The model endpoint {self.host} sent something that is no chat completion.",
                "Check that OPENAI_BASE_URL points at an OpenAI-compatible API (often .../v1).",
            )
        return _Refused(
            f"The model endpoint {self.host} cannot be reached or broke off "
            f"({type(error.__cause__ or error).__name__}).",
            "Check OPENAI_BASE_URL and that the endpoint is running.",
            retry=True,
        )

    def _refused_with_status(self, status: int, error: Exception) -> _Refused:
        said = self._said(error) if status not in (401, 403) else ""
        remedies = {
            401: "Check OPENAI_API_KEY.",
            403: "Check that the key may use the model (LECTERN_CHAT_MODEL).",
            404: "Check OPENAI_BASE_URL and the name of the model (LECTERN_CHAT_MODEL).",
            429: "Wait a little, or raise the limits of the account.",
        }
        fallback = "Try again later." if status >= 500 else "Check the model and the limits."
        return _Refused(
            f"The model endpoint {self.host} answered {status}{said}.",
            remedies.get(status, fallback),
            retry=status in RETRIED_STATUS or status >= 500,
            wait_s=retry_after_s(getattr(getattr(error, "response", None), "headers", {})),
        )

    def _said(self, error: Exception) -> str:
        """Quote the endpoint's own words, short and without the key."""
        body = getattr(error, "body", None)
        message = body.get("message") if isinstance(body, dict) else None
        if not isinstance(message, str) or not message.strip():
            return ""
        key = self._settings.openai_api_key.get_secret_value()
        text = " ".join((message.replace(key, "***") if key else message).split())
        return f' ("{text[:157]}...")' if len(text) > 160 else f' ("{text}")'


async def _bounded(step: Awaitable[_T], limit_s: float) -> _T:
    """Await a step for a limited time.

    Unlike `asyncio.wait_for` before Python 3.12, this never swallows a cancellation that arrives
    in the moment in which the step ends.
    """
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task}, timeout=limit_s)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # marks it as seen, for the case that we were cancelled ourselves


async def _next(chunks: Any) -> Any:
    try:
        return await chunks.__anext__()
    except StopAsyncIteration:
        return None


def _read_chunk(chunk: Any, reply: _Reply) -> str:
    """Take one chunk into the reply and return its text; endpoints leave out what they like."""
    reply.usage = getattr(chunk, "usage", None) or reply.usage
    choices = getattr(chunk, "choices", None)
    if not choices:
        return ""
    reply.finish_reason = getattr(choices[0], "finish_reason", None) or reply.finish_reason
    text = getattr(getattr(choices[0], "delta", None), "content", None)
    return text if isinstance(text, str) else ""


def _usage(reply: _Reply, messages: Sequence[Message]) -> Usage:
    sent = getattr(reply.usage, "prompt_tokens", None)
    received = getattr(reply.usage, "completion_tokens", None)
    truncated = reply.finish_reason == "length"
    if isinstance(sent, int) and isinstance(received, int):
        return Usage(sent, received, estimated=False, truncated=truncated)
    return Usage(
        estimate_message_tokens(messages),
        estimate_tokens(reply.text),
        estimated=True,
        truncated=truncated,
    )
