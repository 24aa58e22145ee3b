"""Readers that ask over HTTP as fast as answers come; a process of its own beside the server.

python -m benchmarks.load_generator PORT SECONDS READERS < QUESTIONS.json > OUTCOME.json
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from benchmarks.server import HOST

_TIMEOUT_S = 30.0


class Outcome(BaseModel):
    """What all readers saw.

    Attributes:
        seconds: From the first question to the last answer.
        times_ms: Of the questions that were answered.
        statuses: Number of replies by HTTP status, or by the name of the error.
        grounded: Answers that the book gave.
        distinct: Different questions that were asked.
    """

    seconds: float
    times_ms: list[float]
    statuses: dict[str, int]
    grounded: int
    distinct: int


class Readers:
    """Threads that share one list of questions until the time is up."""

    def __init__(self, port: int, questions: Sequence[str], seconds: float) -> None:
        self._port = port
        self._questions: Iterator[tuple[int, str]] = enumerate(itertools.cycle(questions))
        self._seconds = seconds
        self._guard = threading.Lock()
        self._times: list[float] = []
        self._statuses: Counter[str] = Counter()
        self._grounded = 0
        self._asked = 0
        self._available = len(questions)

    def run(self, count: int) -> Outcome:
        """Let `count` readers ask; return when all have their last answer."""
        started = time.perf_counter()
        end = started + self._seconds
        threads = [threading.Thread(target=self._read, args=(end,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Outcome(
            seconds=time.perf_counter() - started,
            times_ms=self._times,
            statuses=dict(self._statuses),
            grounded=self._grounded,
            distinct=min(self._asked, self._available),
        )

    def _read(self, end: float) -> None:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_TIMEOUT_S)
        while time.perf_counter() < end:
            with self._guard:
                number, question = next(self._questions)
                self._asked = max(self._asked, number + 1)
            started = time.perf_counter()
            try:
                status, body = _ask(connection, question)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status, body = type(error).__name__, {}
            self._note(status, body, (time.perf_counter() - started) * 1e3)
        connection.close()

    def _note(self, status: str, body: dict[str, Any], milliseconds: float) -> None:
        with self._guard:
            self._statuses[status] += 1
            if status == "200":
                self._times.append(milliseconds)
                self._grounded += bool(body["grounded"])


def _ask(connection: http.client.HTTPConnection, question: str) -> tuple[str, dict[str, Any]]:
    connection.request(
        "POST",
        "/api/v1/chat",
        json.dumps({"question": question}),
        {"Content-Type": "application/json"},
    )
    response = connection.getresponse()
    return str(response.status), json.loads(response.read())


def main() -> None:
    """Run the readers and print their outcome."""
    port, seconds, readers = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    print(Readers(port, json.load(sys.stdin), seconds).run(readers).model_dump_json())


if __name__ == "__main__":
    main()
