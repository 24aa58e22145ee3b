"""Answers written by a model from passages, and checked before anyone sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from lectern.assistant.budget import Budget, Reservation, estimate_tokens
from lectern.assistant.endpoint import ChatEndpoint, Piece, Usage
from lectern.assistant.model import Answer, AnswerEvent, Citation, CitationFound, Done, Token, Turn
from lectern.assistant.prompt import NOT_ANSWERED, Prompt, build_prompt
from lectern.assistant.support import Embed, Support, SupportCheck, Verdict
from lectern.assistant.units import Unit, UnitStream
from lectern.book.sentences import SentenceKind
from lectern.errors import BudgetExceeded
from lectern.retrieval.model import Hit
from lectern.settings import Settings


@dataclass
class _Draft:
    """An answer as it grows."""

    hits: Sequence[Hit]
    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    dropped: list[dict[str, str]] = field(default_factory=list)
    gap: str = ""
    written: str = ""
    usage: Usage | None = None
    check_ms: float = 0.0

    def number(self, support: Support) -> tuple[int, bool]:
        """Return the number of the citation of a quote, and whether it is a new one."""
        hit = self.hits[support.passage]
        citation = Citation.of(hit.passage, support.start, support.end, hit.score)
        if citation in self.citations:
            return self.citations.index(citation) + 1, False
        self.citations.append(citation)
        return len(self.citations), True


class GenerativeAnswerer:
    """Asks a model for an answer and lets through only what the passages back."""

    def __init__(
        self,
        settings: Settings,
        embed: Embed,
        *,
        endpoint: ChatEndpoint | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Prepare the answerer; nothing is connected yet.

        Args:
            settings: Supplies endpoint, model and limits.
            embed: Turns n texts into unit vectors of shape (n, dimension); called in a thread.
            endpoint: Made from the settings when missing.
            budget: Made from the settings when missing.
        """
        self._settings = settings
        self._embed = embed
        self._endpoint = endpoint or ChatEndpoint(settings)
        self._budget = budget or Budget(settings)

    async def stream(
        self, question: str, history: Sequence[Turn], hits: Sequence[Hit]
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Yield the checked answer: tokens and citations sentence by sentence, then `Done`.

        A citation comes right before the token that refers to it. `Done.answer` is not grounded
        when no sentence was backed; its `near` is left to the caller.

        Args:
            question: As the reader asked it.
            history: The conversation before it, oldest first.
            hits: Passages to answer from, the best first; at least one.

        Raises:
            EndpointUnavailable: The endpoint failed, perhaps after tokens were yielded.
            BudgetExceeded: The request does not fit the limits of tokens or cost.
        """
        began = time.perf_counter()
        limit = self._settings.chat_max_output_tokens
        prompt = build_prompt(
            question,
            history,
            [hit.passage for hit in hits],
            max_tokens=self._settings.chat_max_input_tokens,
        )
        held = await asyncio.to_thread(self._budget.reserve, prompt.tokens, limit)
        draft = _Draft(hits)
        try:
            async with aclosing(self._checked(prompt, draft)) as events:
                async for event in events:
                    yield event
        finally:
            await asyncio.to_thread(self._settle, held, prompt, draft)
        yield Done(self._answer(question, prompt, draft, began))

    async def aclose(self) -> None:
        """Close the connections to the endpoint."""
        await self._endpoint.aclose()

    async def _checked(self, prompt: Prompt, draft: _Draft) -> AsyncGenerator[AnswerEvent, None]:
        check = SupportCheck(prompt.passages, self._embed)
        units = UnitStream()
        deltas = self._endpoint.stream(
            prompt.messages, max_tokens=self._settings.chat_max_output_tokens
        )
        async with aclosing(deltas):
            async for delta in deltas:
                if isinstance(delta, Piece):
                    draft.written += delta.text
                    complete = units.feed(delta.text)
                else:
                    draft.usage = delta
                    complete = units.finish(truncated=delta.truncated)
                for unit in complete:
                    for event in await self._let_through(unit, check, draft):
                        yield event

    async def _let_through(
        self, unit: Unit, check: SupportCheck, draft: _Draft
    ) -> list[AnswerEvent]:
        """Return the events of a unit; none when nothing backs it."""
        began = time.perf_counter()
        # Embedding takes milliseconds of processor time; other readers must not wait for it.
        backed = await asyncio.to_thread(_check, unit, check, draft.dropped)
        draft.check_ms += (time.perf_counter() - began) * 1000.0
        draft.gap = max(draft.gap, unit.gap, key=len)
        if not backed:
            return []
        events: list[AnswerEvent] = []
        parts = []
        for text, supports in backed:
            numbers = []
            for support in supports:
                number, is_new = draft.number(support)
                numbers.append(f"[{number}]")
                if is_new:
                    events.append(CitationFound(number, draft.citations[number - 1]))
            joint = " " if unit.kind in (SentenceKind.TEXT, SentenceKind.ITEM) else "\n"
            parts.append(text + joint + "".join(dict.fromkeys(numbers)))
        # A unit that starts the answer, or follows a dropped one, must not run into its neighbour.
        gap = (draft.gap or " ") if draft.text else ""
        draft.gap = ""
        token = Token(gap + unit.marker + " ".join(parts))
        draft.text += token.text
        return [*events, token]

    def _settle(self, held: Reservation, prompt: Prompt, draft: _Draft) -> None:
        # What cannot be settled stays reserved in full, which keeps the limit all the same.
        with suppress(BudgetExceeded):
            if draft.usage is not None:
                self._budget.settle(held, draft.usage.input_tokens, draft.usage.output_tokens)
            elif draft.written:
                self._budget.settle(held, prompt.tokens, estimate_tokens(draft.written))
            else:
                self._budget.settle(held, 0, 0)

    def _answer(self, question: str, prompt: Prompt, draft: _Draft, began: float) -> Answer:
        total = (time.perf_counter() - began) * 1000.0
        timings = {"generate": total - draft.check_ms, "check": draft.check_ms, "total": total}
        return Answer(
            question=question,
            answer=draft.text or NOT_ANSWERED,
            grounded=bool(draft.text),
            citations=tuple(draft.citations),
            answerer="generative",
            timings_ms={name: round(value, 3) for name, value in timings.items()},
            trace={"generation": self._trace(prompt, draft)},
        )

    def _trace(self, prompt: Prompt, draft: _Draft) -> dict[str, Any]:
        usage = draft.usage
        return {
            "model": self._settings.chat_model,
            "passages": [passage.passage_id for passage in prompt.passages],
            "input_tokens": usage.input_tokens if usage else prompt.tokens,
            "output_tokens": usage.output_tokens if usage else estimate_tokens(draft.written),
            "tokens_estimated": usage.estimated if usage else True,
            "truncated": usage.truncated if usage else False,
            "dropped": draft.dropped,
        }


def _check(
    unit: Unit, check: SupportCheck, dropped: list[dict[str, str]]
) -> list[tuple[str, tuple[Support, ...]]]:
    """Return the parts of a unit that are backed, each with its quotes."""
    cited = [number - 1 for number in unit.cited]
    checks = {
        SentenceKind.CODE: check.code,
        SentenceKind.MATH: check.formula,
        SentenceKind.TABLE: check.table,
    }
    verbatim = checks.get(unit.kind)
    parts = [unit.text] if verbatim else unit.sentences()
    backed = []
    for part in parts:
        verdict = verbatim(part, cited) if verbatim else _check_sentence(part, check, cited)
        if verdict.supports:
            backed.append((part, verdict.supports))
        else:
            dropped.append({"text": part, "reason": verdict.reason})
    return backed


def _check_sentence(text: str, check: SupportCheck, cited: Sequence[int]) -> Verdict:
    if text.strip(" .*_\"'").lower() == NOT_ANSWERED.strip(".").lower():
        return Verdict((), "the model found no answer")
    return check.sentence(text, cited)
