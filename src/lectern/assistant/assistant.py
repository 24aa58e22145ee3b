"""From a question to an answer: rewrite, search, decide, answer, and fall back when a model fails.

question ─> rewrite (follow-ups) ─> search ─> does the book answer? ─> generative | extractive
                                                    └─ no: say so, with the nearest sections
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from lectern.assistant.candidates import PASSAGES, Pool, gather
from lectern.assistant.decision import THRESHOLD, answerability, features
from lectern.assistant.extractive import extract
from lectern.assistant.followup import rewrite_followup
from lectern.assistant.generative import GenerativeAnswerer
from lectern.assistant.model import (
    Answer,
    AnswererName,
    AnswerEvent,
    CitationFound,
    Done,
    Meta,
    NearSection,
    Token,
    Turn,
)
from lectern.errors import (
    BudgetExceeded,
    EndpointUnavailable,
    InvalidInput,
    LecternError,
    QuestionTooLong,
)
from lectern.retrieval.search import Found
from lectern.settings import Settings

_NEAR = 3
_PROMPTED = 8  # passages that a model is shown
_PIECE = re.compile(r"\S+\s*|\s+")

Search = Callable[[str, int], Found]


@dataclass(frozen=True)
class _Considered:
    """A question after retrieval, before any answer.

    `said` is what the conversation has had already; empty for a question that stands by itself.
    """

    question: str
    query: str
    found: Found
    pool: Pool
    probability: float
    threshold: float
    started: float
    said: str

    @property
    def answerable(self) -> bool:
        return bool(self.found.passages) and self.probability >= self.threshold


def check_question(question: str, max_chars: int, *, what: str = "question") -> str:
    """Return the question without white space around it.

    Args:
        question: As it came.
        max_chars: How many characters it may have.
        what: What errors call it.

    Raises:
        InvalidInput: There is nothing in it, or it is not valid text.
        QuestionTooLong: It has more than `max_chars` characters.
    """
    stripped = question.replace("\0", "").strip()
    if not stripped:
        raise InvalidInput(f"The {what} is empty.", "Ask something about the book.")
    if len(stripped) > max_chars:
        raise QuestionTooLong(
            f"The {what} has {len(stripped):,} characters; the limit is {max_chars:,}.",
            "Shorten it.",
        )
    try:
        stripped.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"The {what} is not valid text: character {error.start} stands alone.",
            "Send it as UTF-8.",
        ) from error
    return stripped


class Assistant:
    """Answers questions from one book."""

    def __init__(
        self,
        settings: Settings,
        search: Search,
        generative: GenerativeAnswerer | None,
        run: Callable[..., Any],
    ) -> None:
        """Put the parts together.

        Args:
            settings: Supply limits and threshold.
            search: Blocking search for a query and a number of passages.
            generative: Writes answers with a model; None for extractive answers only.
            run: Awaitable that calls a blocking function in a worker thread.
        """
        self._settings = settings
        self._search = search
        self._generative = generative
        self._run = run

    @property
    def answerer(self) -> AnswererName:
        """Which answerer is tried first."""
        return "generative" if self._generative else "extractive"

    async def stream(
        self, question: str, history: Sequence[Turn] = ()
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Yield `Meta`, then tokens and citations, then `Done`.

        If a model endpoint fails midway, `Done` holds the extractive answer with a notice.

        Raises:
            InvalidInput: The question cannot be used.
        """
        checked = check_question(question, self._settings.max_question_chars)
        considered = await self._run(self._consider, checked, history)
        yield Meta(self.answerer, considered.query)
        if not considered.answerable:
            answer = _declined(considered)
        elif self._generative is None:
            answer = await self._run(_extracted, considered)
        else:
            async with aclosing(self._generate(considered, history)) as events:
                async for event in events:
                    yield event
            return
        for event in _replayed(answer):
            yield event

    async def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the whole answer.

        Raises:
            InvalidInput: The question cannot be used.
        """
        async with aclosing(self.stream(question, history)) as events:
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
        raise RuntimeError("an answer stream ended without its last event")

    async def aclose(self) -> None:
        """Close connections to a model endpoint."""
        if self._generative:
            await self._generative.aclose()

    def _consider(self, question: str, history: Sequence[Turn]) -> _Considered:
        started = time.perf_counter()
        query = rewrite_followup(question, history)
        found = self._search(query, PASSAGES)
        pool = gather(found)
        threshold = self._settings.answer_threshold
        return _Considered(
            question=question,
            query=query,
            found=found,
            pool=pool,
            probability=answerability(features(found, pool)),
            threshold=THRESHOLD if threshold is None else threshold,
            started=started,
            said="" if query == question else "\n".join(turn.answer for turn in history),
        )

    async def _generate(
        self, considered: _Considered, history: Sequence[Turn]
    ) -> AsyncGenerator[AnswerEvent, None]:
        assert self._generative is not None
        hits = [passage.hit for passage in considered.found.passages[:_PROMPTED]]
        try:
            events = self._generative.stream(considered.question, history, hits)
            async with aclosing(events):
                async for event in events:
                    yield self._completed(event, considered) if isinstance(event, Done) else event
        except (EndpointUnavailable, BudgetExceeded) as error:
            answer = await self._run(_extracted, considered)
            yield Done(_with_notice(answer, error))

    def _completed(self, event: Done, considered: _Considered) -> Done:
        """Add to the model's answer what only retrieval knows."""
        answer = event.answer
        return Done(
            replace(
                answer,
                near=answer.near if answer.grounded else _near(considered.found),
                timings_ms={**_timings(considered), **answer.timings_ms, **_total(considered)},
                trace={**_trace(considered), **answer.trace},
            )
        )


def _extracted(considered: _Considered) -> Answer:
    before = time.perf_counter()
    made = extract(considered.found, considered.pool, said=considered.said)
    if not made.citations:
        return _declined(considered)
    timings = {**_timings(considered), "answer": (time.perf_counter() - before) * 1e3}
    return Answer(
        question=considered.question,
        answer=made.answer,
        grounded=True,
        citations=made.citations,
        answerer="extractive",
        timings_ms={**timings, **_total(considered)},
        trace=_trace(considered),
    )


def _declined(considered: _Considered) -> Answer:
    near = _near(considered.found)
    text = "The book does not answer this question."
    if near:
        names = "; ".join(" \u203a ".join(section.heading) for section in near)
        text += f" The nearest sections are: {names}."
    return Answer(
        question=considered.question,
        answer=text,
        grounded=False,
        citations=(),
        answerer="extractive",
        timings_ms={**_timings(considered), **_total(considered)},
        near=near,
        trace=_trace(considered),
    )


def _near(found: Found) -> tuple[NearSection, ...]:
    sections: dict[tuple[str, str], NearSection] = {}
    for passage in found.passages:
        hit = passage.hit
        key = (hit.passage.source, hit.passage.anchor or " ".join(hit.passage.heading))
        if key not in sections and len(sections) < _NEAR:
            sections[key] = NearSection(
                passage_id=hit.passage.passage_id,
                title=hit.passage.title,
                heading=hit.passage.heading,
                anchor=hit.passage.anchor,
                source=hit.passage.source,
                score=hit.score,
            )
    return tuple(sections.values())


def _with_notice(answer: Answer, error: LecternError) -> Answer:
    notice = f"The model could not answer, so this is quoted from the book. {error}"
    return replace(answer, notice=notice, notice_code=error.code)


def _replayed(answer: Answer) -> list[AnswerEvent]:
    """Turn a finished answer into the events of a stream."""
    events: list[AnswerEvent] = [
        CitationFound(number, citation) for number, citation in enumerate(answer.citations, 1)
    ]
    events += [Token(piece) for piece in _PIECE.findall(answer.answer)]
    return [*events, Done(answer)]


def _timings(considered: _Considered) -> dict[str, float]:
    timings = considered.found.result.timings_ms
    return {"embed": timings["embed"], "search": timings["search"]}


def _total(considered: _Considered) -> dict[str, float]:
    return {"total": (time.perf_counter() - considered.started) * 1e3}


def _trace(considered: _Considered) -> dict[str, Any]:
    return {
        **considered.found.result.trace,
        "query": considered.query,
        "answerability": round(considered.probability, 4),
        "threshold": considered.threshold,
    }
