"""Memory of `lectern up`, at rest and after questions.

python -m benchmarks.memory [--asked N] [--questions FILE]

Twice: with the index already there, and on the first start, when the same process makes the index.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

from benchmarks.book import QUESTIONS, read_questions, temporary_settings
from benchmarks.report import Bar, Figures, Stopwatch, publish, say, tidy
from benchmarks.server import running
from lectern.settings import Settings

BAR_MIB = 700.0
FIRST_START_S = 300.0


class MemoryFigures(Figures):
    """One life of the process, its children included."""

    start: str
    first_answer_resident_mib: float
    resident_mib: float
    peak_mib: float
    asked: int


def measure(settings: Settings, start: str, questions: Sequence[str]) -> MemoryFigures:
    """Start the server, ask the questions, look at the memory."""
    say(f"{start} ...")
    with running(settings) as server:
        server.wait_for_answer(questions[0], FIRST_START_S)
        first = server.memory()
        for question in questions:
            server.ask(question)
        last = server.memory()
    return MemoryFigures(
        start=start,
        first_answer_resident_mib=tidy(first.resident_mib),
        resident_mib=tidy(last.resident_mib),
        peak_mib=tidy(last.peak_mib),
        asked=len(questions),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asked", type=int, default=100, help="how many questions are asked")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a queries.jsonl")
    options = parser.parse_args()
    watch = Stopwatch()
    given = read_questions(options.questions)
    questions = list(itertools.islice(itertools.cycle(given), options.asked))
    with temporary_settings() as settings:
        figures = [
            measure(settings, "first start, makes the index", questions),
            measure(settings, "index already there", questions),
        ]
    bars = [
        Bar.at_most(f"peak memory, {row.start}", row.peak_mib, BAR_MIB, "MiB") for row in figures
    ]
    publish("memory", watch, {}, figures, bars)


if __name__ == "__main__":
    main()
