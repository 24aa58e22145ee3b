"""Times from a question on a topic to its answer on a topic, whatever carries the topics.

A program that speaks ROS or DDS hands in `send`, and calls `Arrivals.add` for each answer that
arrives, from any thread.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.report import Bar, Figures, Percentiles, tidy

BAR_P95_MS = 60.0
WARM_UP = 10
BURST = 50
BURST_S = 1.0
LIMIT_S = 30.0

# Publishes one question: its id, its text.
Send: TypeAlias = Callable[[str, str], None]


class TopicFigures(Figures):
    """All questions, one after another."""

    questions: int
    answered_share: float
    refused: dict[str, int]
    total: Percentiles


class BurstFigures(Figures):
    """Many questions within one second, at equal distances."""

    questions: int
    seconds: float
    answered: int
    refused: dict[str, int]
    lost: int
    total: Percentiles | None


@dataclass(frozen=True)
class Arrival:
    """An answer: when it arrived, s of `time.perf_counter`, and its `error_code`."""

    at_s: float
    error_code: int


class Arrivals:
    """The answers that have arrived, by the id of their question."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._by_id: dict[str, Arrival] = {}

    def add(self, question_id: str, error_code: int) -> None:
        """Note an answer, now."""
        arrival = Arrival(time.perf_counter(), error_code)
        with self._changed:
            self._by_id[question_id] = arrival
            self._changed.notify_all()

    def wait(self, question_ids: Sequence[str], limit_s: float) -> dict[str, Arrival]:
        """Return those of the answers that arrived within the limit."""
        with self._changed:
            self._changed.wait_for(lambda: all(i in self._by_id for i in question_ids), limit_s)
            return {i: self._by_id[i] for i in question_ids if i in self._by_id}


def one_by_one(
    send: Send, arrivals: Arrivals, questions: Sequence[str], rounds: int
) -> TopicFigures:
    """Ask each question when the one before has been answered.

    Raises:
        TimeoutError: An answer did not arrive.
    """
    for number, question in enumerate(questions[:WARM_UP]):
        _timed(send, arrivals, f"warm-{number}", question)
    rows = [
        _timed(send, arrivals, f"one-{turn}-{number}", question)
        for turn in range(rounds)
        for number, question in enumerate(questions)
    ]
    refused = Counter(str(code) for _, code in rows if code)
    return TopicFigures(
        questions=len(questions),
        answered_share=tidy(1 - refused.total() / len(rows)),
        refused=dict(refused),
        total=Percentiles.of([milliseconds for milliseconds, _ in rows]),
    )


def _timed(send: Send, arrivals: Arrivals, question_id: str, text: str) -> tuple[float, int]:
    started = time.perf_counter()
    send(question_id, text)
    arrived = arrivals.wait([question_id], LIMIT_S).get(question_id)
    if arrived is None:
        raise TimeoutError(f"no answer to {text!r} within {LIMIT_S:g} s")
    return (arrived.at_s - started) * 1e3, arrived.error_code


def burst(
    send: Send, arrivals: Arrivals, questions: Sequence[str], count: int = BURST
) -> BurstFigures:
    """Ask `count` questions at equal distances within one second; count what becomes of them."""
    sent: dict[str, float] = {}
    started = time.perf_counter()
    for number, question in enumerate(itertools.islice(itertools.cycle(questions), count)):
        time.sleep(max(0.0, started + number * BURST_S / count - time.perf_counter()))
        question_id = f"burst-{count}-{number}"
        sent[question_id] = time.perf_counter()
        send(question_id, question)
    arrived = arrivals.wait(list(sent), LIMIT_S)
    times = [(a.at_s - sent[i]) * 1e3 for i, a in arrived.items() if a.error_code == 0]
    refused = Counter(str(a.error_code) for a in arrived.values() if a.error_code)
    return BurstFigures(
        questions=count,
        seconds=tidy(time.perf_counter() - started),
        answered=len(times),
        refused=dict(refused),
        lost=count - len(arrived),
        total=Percentiles.of(times) if times else None,
    )


def bars(one: TopicFigures, many: BurstFigures) -> list[Bar]:
    """Hold both against the design."""
    return [
        Bar.at_most("question to answer on topics, p95", one.total.p95_ms, BAR_P95_MS, "ms"),
        Bar.at_most(f"lost of {many.questions} questions in a second", many.lost, 0, "questions"),
    ]
