"""The composition root: one `Lectern` built from one `Settings`; every face calls it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lectern.assistant.assistant import Assistant, check_question
from lectern.assistant.model import Answer, AnswerEvent, Turn
from lectern.book.model import Passage
from lectern.errors import IndexMissing, InvalidInput, LecternError, PassageNotFound
from lectern.ingest import document_text
from lectern.retrieval.collection import Collection, OpenIndex
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.embedders.base import Embedder
from lectern.retrieval.index.base import Payload, point_id
from lectern.retrieval.model import SearchResult
from lectern.retrieval.search import Found, Searcher
from lectern.retrieval.stored import to_passage
from lectern.settings import Settings

MAX_RESULTS = 100
_T = TypeVar("_T")


@dataclass(frozen=True)
class PartStatus:
    """Readiness of one part."""

    ready: bool
    detail: str


@dataclass(frozen=True)
class _Reader:
    opened: OpenIndex
    searcher: Searcher


class Lectern:
    """The two lines behind one door; build it with `open`, end it with `close`."""

    def __init__(self, settings: Settings, embedder: Embedder, collection: Collection) -> None:
        self.settings = settings
        self._embedder = embedder
        self._collection = collection
        self._guard = threading.Lock()
        self._reader = self._open_reader()
        self._trouble = ""
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="lectern")
        self._assistant = Assistant(
            settings, self._find, _generative(settings, embedder), self._run
        )

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None) -> Lectern:
        """Open the collection for questions.

        Raises:
            IndexMissing: Nothing has been ingested.
            IndexCorrupt: The index cannot be read.
            IndexMismatch: It was made with another embedding model.
            ModelMissing: The embedding model is not installed.
            ModelCorrupt: The embedding model's files are not the published ones.
        """
        return cls(settings, embedder or make_embedder(settings), Collection(settings))

    async def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Answer a question.

        Raises:
            InvalidInput: The question is empty or not valid text.
            QuestionTooLong: It is longer than `settings.max_question_chars`.
        """
        return await self._assistant.ask(question, history)

    def stream(self, question: str, history: Sequence[Turn] = ()) -> AsyncIterator[AnswerEvent]:
        """Answer piece by piece: `Meta`, tokens and citations, `Done`; errors as in `ask`."""
        return self._assistant.stream(question, history)

    async def search(self, query: str, k: int = 10) -> SearchResult:
        """Return the `k` best passages (1 to 100).

        Raises:
            InvalidInput: The query is empty or not valid text, or `k` is out of range.
            QuestionTooLong: The query is longer than `settings.max_question_chars`.
        """
        if not 1 <= k <= MAX_RESULTS:
            raise InvalidInput(
                f"The number of results is {k}.", f"Ask for 1 to {MAX_RESULTS} results."
            )
        checked = check_question(query, self.settings.max_question_chars, what="query")
        found: Found = await self._run(self._find, checked, k)
        return found.result

    async def passage(self, passage_id: str) -> Passage:
        """Return one passage.

        Raises:
            PassageNotFound: No passage has this identifier.
        """
        payload = await self._run(self._read_payload, passage_id)
        if payload is None or payload["passage_id"] != passage_id:
            raise PassageNotFound(
                f"There is no passage {passage_id[:64]!r}.",
                "Search again: the book may have changed.",
            )
        return to_passage(payload)

    def _read_payload(self, passage_id: str) -> Payload | None:
        return self._current().searcher.passage_payload(point_id(passage_id))

    async def document_text(self, source: str) -> str:
        """Return the text that offsets into a source refer to.

        Raises:
            PassageNotFound: The source is not part of the collection or its file is gone.
        """
        return await self._run(self._read_text, source)

    def _read_text(self, source: str) -> str:
        index = self._current().opened.index
        text = document_text(index, source)
        if text is not None:
            return text
        if index.read_state(f"document:{source}") is not None:
            try:
                return Path(source).read_bytes().decode("utf-8", "surrogatepass")
            except (OSError, UnicodeDecodeError):
                pass
        raise PassageNotFound(
            f"The source {source!r} is not part of this book any more.", "Ingest it again."
        )

    def parts(self) -> Mapping[str, PartStatus]:
        """Return the readiness of each part by name."""
        meta = self._reader.opened.meta
        index = f"{meta.passages} passages in {self.settings.collection!r}, "
        index += "on the Qdrant server" if self.settings.qdrant_url else "in process"
        answerer = self._assistant.answerer
        return {
            "index": PartStatus(not self._trouble, self._trouble or index),
            "embedder": PartStatus(True, f"{self._embedder.name}, {meta.dimension} dimensions"),
            "answerer": PartStatus(
                True,
                f"generative, {self.settings.chat_model}"
                if answerer == "generative"
                else "extractive, no model needed",
            ),
        }

    async def close(self) -> None:
        """Finish what is running and let go of all resources."""
        await self._assistant.aclose()
        await asyncio.to_thread(self._pool.shutdown)
        self._reader.opened.index.close()

    def _open_reader(self) -> _Reader:
        opened = self._collection.open(self._embedder.name)
        return _Reader(opened, Searcher(opened.index, self._embedder, opened.statistics))

    def _current(self) -> _Reader:
        """Return the reader, on the newest generation.

        A newer index that cannot be opened leaves the old one in use and shows in `parts`.
        """
        try:
            if self._is_outdated():
                with self._guard:
                    if self._is_outdated():
                        # The old reader is not closed here: other threads may be searching it. It
                        # closes itself when the last of them lets go of it.
                        self._reader = self._open_reader()
            self._trouble = ""
        except LecternError as error:
            self._trouble = str(error)
        return self._reader

    def _is_outdated(self) -> bool:
        return self._collection.generation() != self._reader.opened.generation

    def _find(self, query: str, k: int) -> Found:
        return self._current().searcher.find(query, k)

    async def _run(self, function: Callable[..., _T], *args: Any) -> _T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(function, *args))


def _generative(settings: Settings, embedder: Embedder) -> Any:
    if not settings.generates:
        return None
    from lectern.assistant.generative import GenerativeAnswerer

    return GenerativeAnswerer(settings, embedder.embed)


def is_ingested(settings: Settings) -> bool:
    """Tell whether the collection holds anything."""
    try:
        return Collection(settings).exists()
    except IndexMissing:
        return False
