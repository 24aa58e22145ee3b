"""Questions a second through `POST /api/v1/chat`, and how long each takes, under load.

python -m benchmarks.http_load [--readers N] [--seconds N] [--questions FILE]

`lectern up` runs as it does for a reader; those who ask are a third process on the same machine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.load_generator import Outcome
from benchmarks.report import ROOT, Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from benchmarks.server import running

BAR_PER_SECOND = 60.0
BAR_P95_MS = 400.0
SEED = 7
START_S = 60.0
WARM_UP_S = 2.0
_OPENINGS = (
    *("", "In short: ", "For my homework: ", "I read chapter after chapter and wonder: "),
    *("Quick question. ", "Please explain. ", "On a real robot, ", "As a beginner I ask: "),
    *("For an exam: ", "In this book, ", "Once more: ", "In one sentence: "),
)


class LoadFigures(Figures):
    """All readers together."""

    readers: int
    seconds: float
    requests: int
    requests_per_second: float
    errors: int
    statuses: dict[str, int]
    answered_share: float
    distinct_questions: int
    latency: Percentiles


def distinct_questions(questions: Sequence[str], seed: int = SEED) -> list[str]:
    """Return every question with every opening, shuffled."""
    crossed = itertools.product(_OPENINGS, questions)
    varied = [opening + question for opening, question in crossed]
    random.Random(seed).shuffle(varied)
    return varied


def load(port: int, questions: Sequence[str], seconds: float, readers: int) -> Outcome:
    """Let readers ask from a process of their own."""
    command = [sys.executable, "-m", "benchmarks.load_generator"]
    done = subprocess.run(
        [*command, str(port), str(seconds), str(readers)],
        cwd=ROOT,
        input=json.dumps(list(questions)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + 120,
    )
    return Outcome.model_validate_json(done.stdout)


def summarise(outcome: Outcome, readers: int) -> LoadFigures:
    """Put what the readers saw into figures."""
    requests = sum(outcome.statuses.values())
    answered = len(outcome.times_ms)
    return LoadFigures(
        readers=readers,
        seconds=tidy(outcome.seconds),
        requests=requests,
        requests_per_second=tidy(answered / outcome.seconds),
        errors=requests - answered,
        statuses=outcome.statuses,
        answered_share=tidy(outcome.grounded / answered),
        distinct_questions=outcome.distinct,
        latency=Percentiles.of(outcome.times_ms),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a queries.jsonl")
    options = parser.parse_args()
    watch = Stopwatch()
    questions = distinct_questions(read_questions(options.questions))
    with indexed_book() as settings, running(settings) as server:
        server.wait_for_answer(questions[0], START_S)
        load(server.port, questions[::-1], min(WARM_UP_S, options.seconds), options.readers)
        say(f"{options.readers} readers ask for {options.seconds:g} s ...")
        outcome = load(server.port, questions, options.seconds, options.readers)
    figures = summarise(outcome, options.readers)
    bars = [
        Bar.at_least(
            "questions through HTTP", figures.requests_per_second, BAR_PER_SECOND, "per second"
        ),
        Bar.at_most("question through HTTP, p95", figures.latency.p95_ms, BAR_P95_MS, "ms"),
        Bar.at_most("failed questions through HTTP", figures.errors, 0, "questions"),
    ]
    described = {"workers": settings.workers, "max_waiting": settings.max_waiting}
    publish("http_load", watch, described, [figures], bars)


if __name__ == "__main__":
    main()
