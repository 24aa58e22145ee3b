"""A small assistant over real passages, for tests of the bridge that must steer what happens.

It finds by counting shared rare words and answers with the best sentences, so everything it says
is a true quote; tests can hold it between two tokens or let it fail. Run as a program, it serves
the given files on a free port and prints the address.
"""

from __future__ import annotations

import asyncio
import math
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lectern.assistant.model import (
    Answer,
    AnswerEvent,
    Citation,
    CitationFound,
    Done,
    Meta,
    NearSection,
    Token,
    Turn,
)
from lectern.book.model import Passage
from lectern.book.passages import cut_passages
from lectern.book.readers import read_document
from lectern.book.sentences import split_sentences
from lectern.errors import InvalidInput, PassageNotFound, QuestionTooLong
from lectern.retrieval.model import Hit, SearchResult

_STOP_WORDS = "a an and are as do does for from how i in is it of on or should the to"
_STOP = frozenset(re.findall("[a-z]+", _STOP_WORDS))


@dataclass
class PartIs:
    ready: bool
    detail: str


def words(text: str) -> list[str]:
    return [w.rstrip("s") for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in _STOP]


def _with_reference(quote: str, number: int) -> str:
    # After a formula or a block of code there is no line to put it on.
    return f"{quote}\n\n[{number}]" if "\n" in quote else f"{quote} [{number}]"


@dataclass
class Shelf:
    """Implements what `lectern.bridge.dependencies.Assistant` asks for."""

    files: Sequence[Path]
    max_question_chars: int = 4_000
    part: PartIs = field(default_factory=lambda: PartIs(True, "On the shelf."))
    histories: list[tuple[Turn, ...]] = field(default_factory=list)
    fail_with: Exception | None = None
    fail_after_tokens: int = 0
    notice: str = ""
    notice_code: str = ""
    hold_after_tokens: int | None = None
    release: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._documents = [read_document(file, max_bytes=2**25) for file in self.files]
        self._passages = [p for document in self._documents for p in cut_passages(document)]
        self._words = [Counter(words(" ".join(p.heading) + " " + p.text)) for p in self._passages]
        self._df = Counter(word for counted in self._words for word in counted)

    async def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self._check(question)
        self.histories.append(tuple(history))
        if self.hold_after_tokens is not None:
            await self._hold()
        if self.fail_with:
            raise self.fail_with
        hits = self._find(question, 3)
        if not hits or hits[0].score < 0.45:
            return self._abstain(question, hits)
        citations = tuple(self._cite(hit, question) for hit in hits[:2])
        text = "\n\n".join(_with_reference(c.quote, n) for n, c in enumerate(citations, 1))
        return Answer(
            question=question,
            answer=text,
            grounded=True,
            citations=citations,
            answerer="extractive",
            timings_ms={"embed": 1.5, "search": 0.5, "total": 3.0},
            notice=self.notice,
            notice_code=self.notice_code,
            trace={"passages": [hit.passage.passage_id for hit in hits]},
        )

    async def stream(
        self, question: str, history: Sequence[Turn] = ()
    ) -> AsyncIterator[AnswerEvent]:
        self._check(question)
        self.histories.append(tuple(history))
        fail_with, self.fail_with = self.fail_with, None
        hold_after, self.hold_after_tokens = self.hold_after_tokens, None
        if fail_with and not self.fail_after_tokens:
            raise fail_with
        answer = await self.ask(question)
        self.histories.pop()
        yield Meta(answerer="extractive", search_query=question)
        for number, token in enumerate(re.findall(r"\S+\s*", answer.answer)):
            if number == hold_after:
                await self._hold()
            if fail_with and number == self.fail_after_tokens:
                raise fail_with
            yield Token(token)
        for number, citation in enumerate(answer.citations, 1):
            yield CitationFound(number, citation)
        yield Done(answer)

    async def search(self, query: str, k: int = 10) -> SearchResult:
        self._check(query)
        return SearchResult(query, tuple(self._find(query, k)), {"total": 1.0})

    async def passage(self, passage_id: str) -> Passage:
        for passage in self._passages:
            if passage.passage_id == passage_id:
                return passage
        raise PassageNotFound(f"No passage has the identifier {passage_id!r}.")

    async def document_text(self, source: str) -> str:
        return next(document.text for document in self._documents if document.source == source)

    def parts(self) -> dict[str, PartIs]:
        return {"shelf": self.part}

    async def _hold(self) -> None:
        self.held.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.stopped.set()
            raise

    def _check(self, question: str) -> None:
        if not question.strip():
            raise InvalidInput("The question is empty.", "Type a question.")
        if len(question) > self.max_question_chars:
            raise QuestionTooLong("The question is too long.", "Shorten it.")

    def _find(self, query: str, k: int) -> list[Hit]:
        wanted = set(words(query))
        total = sum(self._weight(word) for word in wanted) or 1.0
        scored = [
            Hit(passage, round(sum(self._weight(w) for w in wanted & set(counted)) / total, 4))
            for passage, counted in zip(self._passages, self._words, strict=True)
        ]
        return sorted(scored, key=lambda hit: -hit.score)[:k]

    def _weight(self, word: str) -> float:
        return math.log(1 + len(self._passages) / (1 + self._df[word]))

    def _cite(self, hit: Hit, question: str) -> Citation:
        passage, wanted = hit.passage, set(words(question))
        best = max(
            split_sentences(passage.text),
            key=lambda span: len(wanted & set(words(passage.text[span.start : span.end]))),
        )
        return Citation(
            passage_id=passage.passage_id,
            title=passage.title,
            heading=passage.heading,
            anchor=passage.anchor,
            source=passage.source,
            quote=passage.text[best.start : best.end],
            start=passage.start + best.start,
            end=passage.start + best.end,
            score=hit.score,
        )

    def _abstain(self, question: str, hits: list[Hit]) -> Answer:
        near = tuple(
            NearSection(p.passage_id, p.title, p.heading, p.anchor, p.source, hit.score)
            for hit in hits
            for p in [hit.passage]
        )
        return Answer(
            question=question,
            answer="The book does not answer this question.",
            grounded=False,
            citations=(),
            answerer="extractive",
            timings_ms={"total": 2.0},
            near=near,
        )


def main() -> None:
    from lectern.bridge.app import create_app
    from lectern.bridge.logs import configure_logs
    from lectern.bridge.server import serve
    from lectern.settings import load_settings

    settings = load_settings(port=0, shutdown_timeout_s=1.0)
    configure_logs(settings)
    app = create_app(Shelf([Path(name) for name in sys.argv[1:]]), settings)
    asyncio.run(serve(app, settings, lambda address: print(address, flush=True)))  # noqa: T201


if __name__ == "__main__":
    main()
