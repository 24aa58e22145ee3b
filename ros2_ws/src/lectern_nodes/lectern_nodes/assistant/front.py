"""What all faces of the node go through: open while the node is active, refusing by name otherwise.

Callable from any thread; the work itself is done on the core's loop.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

from lectern.app import Lectern
from lectern.errors import LecternError
from lectern.exchange.desk import Desk
from lectern.retrieval.model import SearchResult
from lectern_nodes.assistant.asking import Outcome, QuestionAtWork
from lectern_nodes.core_loop import CoreLoop

# How long closing waits until everything at work has been refused, s.
_PATIENCE_S = 3.0


@dataclass(frozen=True)
class Line:
    """The answer line of the core, and the loop it belongs to."""

    core: CoreLoop
    lectern: Lectern
    desk: Desk


class Front:
    """Takes questions and searches while it is open.

    Attributes:
        answered: How many questions were answered.
        refused: How many were not, by code.
        last_duration_s: From the last question's arrival to its answer, s.

    Args:
        why_closed: Called while it is closed, or about to be; says why.
    """

    def __init__(self, why_closed: Callable[[], LecternError]) -> None:
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._why_closed = why_closed
        self._at_work: dict[Future[Any], QuestionAtWork | None] = {}
        self.answered = 0
        self.refused: Counter[str] = Counter()
        self.last_duration_s = 0.0

    @property
    def at_work(self) -> int:
        """How many questions and searches are at work or waiting."""
        return len(self._at_work)

    def open(self, line: Line) -> None:
        """Take questions from now on."""
        with self._lock:
            self._line = line

    def close(self) -> None:
        """Refuse new questions, and those at work; return when all have been."""
        with self._lock:
            line, self._line = self._line, None
            at_work = dict(self._at_work)
        if line is None:
            return
        for question in at_work.values():
            if question is not None:
                line.core.submit(question.take_back(self._why_closed()))
        wait(at_work, _PATIENCE_S)

    def ask(self, question: QuestionAtWork, done: Callable[[Outcome], None]) -> None:
        """Have a question answered; `done` is called once with its outcome, from any thread."""
        with self._lock:
            line = self._line
            if line is not None:
                future = self._begin(line, question.answered(line.desk), question)
        if line is None:
            self._conclude(question.refused(self._why_closed()), done)
        else:
            future.add_done_callback(lambda ended: self._on_answered(ended, done))

    def take_back(self, question: QuestionAtWork, reason: LecternError) -> None:
        """Stop a question; its outcome names the reason, unless it has just been answered."""
        with self._lock:
            if self._line is not None:
                self._line.core.submit(question.take_back(reason))

    def search(self, query: str, k: int) -> Future[SearchResult]:
        """Search; the future fails with a `LecternError`."""
        with self._lock:
            if self._line is not None:
                return self._begin(self._line, _search(self._line, query, k), None)
            refused: Future[SearchResult] = Future()
            refused.set_exception(self._why_closed())
            return refused

    def _begin(
        self, line: Line, work: Coroutine[Any, Any, Any], question: QuestionAtWork | None
    ) -> Future[Any]:
        future = line.core.submit(work)
        self._at_work[future] = question
        # Not with the lock: it may be done already, and then this is called here and now.
        future.add_done_callback(lambda ended: self._at_work.pop(ended, None))
        return future

    def _on_answered(self, ended: Future[Outcome], done: Callable[[Outcome], None]) -> None:
        if not ended.cancelled():
            self._conclude(ended.result(), done)

    def _conclude(self, outcome: Outcome, done: Callable[[Outcome], None]) -> None:
        if outcome.refusal is None:
            self.answered += 1
            self.last_duration_s = outcome.message.duration_s
        else:
            code = getattr(outcome.refusal, "code", LecternError.code)
            self.refused[code] += 1
        done(outcome)


async def _search(line: Line, query: str, k: int) -> SearchResult:
    async with line.desk.admission.enter():
        return await line.lectern.search(query, k)
