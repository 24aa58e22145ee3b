"""Time from a question to its extractive answer, everything counted, in process.

python -m benchmarks.answer_latency [--questions FILE] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.book import QUESTIONS, indexed_book, read_questions
from benchmarks.report import Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from lectern.app import Lectern
from lectern.assistant.model import Answer
from lectern.settings import Settings

BAR_MS = 50.0
WARM_UP = 10


class AnswerFigures(Figures):
    """All questions, one after another."""

    questions: int
    answered_share: float
    total: Percentiles
    mean_ms_by_step: dict[str, float]


async def measure(
    settings: Settings, questions: Sequence[str], rounds: int
) -> tuple[list[float], list[Answer]]:
    """Ask every question `rounds` times; return milliseconds and answers."""
    lectern = Lectern.open(settings)
    try:
        for question in questions[:WARM_UP]:
            await lectern.ask(question)
        times, answers = [], []
        for _ in range(rounds):
            for question in questions:
                started = time.perf_counter()
                answers.append(await lectern.ask(question))
                times.append((time.perf_counter() - started) * 1e3)
        return times, answers
    finally:
        await lectern.close()


def summarise(times: Sequence[float], answers: Sequence[Answer], questions: int) -> AnswerFigures:
    """Put times and answers into figures."""
    steps: dict[str, list[float]] = {}
    for answer in answers:
        for step, milliseconds in answer.timings_ms.items():
            steps.setdefault(step, []).append(milliseconds)
    return AnswerFigures(
        questions=questions,
        answered_share=tidy(sum(answer.grounded for answer in answers) / len(answers)),
        total=Percentiles.of(times),
        mean_ms_by_step={step: tidy(sum(ms) / len(ms)) for step, ms in steps.items()},
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="a queries.jsonl")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is asked")
    options = parser.parse_args()
    watch = Stopwatch()
    questions = read_questions(options.questions)
    with indexed_book() as settings:
        say(f"Asking {len(questions)} questions {options.rounds} times ...")
        times, answers = asyncio.run(measure(settings, questions, options.rounds))
    figures = summarise(times, answers, len(questions))
    bar = Bar.at_most("question to extractive answer, p95", figures.total.p95_ms, BAR_MS, "ms")
    publish("answer_latency", watch, {"rounds": options.rounds}, [figures], [bar])


if __name__ == "__main__":
    main()
