"""Memory of `lectern up` with the robot running: at rest, after questions, motions and pictures.

python -m benchmarks.memory [--asked N] [--questions FILE]

Twice: with the index already there, and on the first start, when the same process makes the index.
After the questions the arm goes to a pose and back and a demo draws its picture, and last a camera
takes a picture, which loads a software renderer where the machine has no graphics card.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
from collections.abc import Sequence
from pathlib import Path

from benchmarks.book import QUESTIONS, read_questions, temporary_settings
from benchmarks.report import Bar, Figures, Stopwatch, publish, say, tidy
from benchmarks.server import Server, running
from lectern.settings import Settings

BAR_MIB = 700.0
FIRST_START_S = 300.0
DEMO = "jacobian"


class MemoryFigures(Figures):
    """One life of the process, its children included."""

    start: str
    first_answer_resident_mib: float
    robot_ready_resident_mib: float
    asked_resident_mib: float
    resident_mib: float
    peak_mib: float
    camera_resident_mib: float | None
    camera_peak_mib: float | None
    asked: int


def measure(settings: Settings, start: str, questions: Sequence[str]) -> MemoryFigures:
    """Start the server, ask the questions, move, draw, and look at the memory after each."""
    say(f"{start} ...")
    with running(settings) as server:
        server.wait_for_answer(questions[0], FIRST_START_S)
        first = server.memory()
        server.wait_for_robot(FIRST_START_S)
        ready = server.memory()
        for question in questions:
            server.ask(question)
        asked = server.memory()
        move_and_show(server)
        last = server.memory()
        drawn = server.memory() if take_picture(server) else None
    return MemoryFigures(
        start=start,
        first_answer_resident_mib=tidy(first.resident_mib),
        robot_ready_resident_mib=tidy(ready.resident_mib),
        asked_resident_mib=tidy(asked.resident_mib),
        resident_mib=tidy(last.resident_mib),
        peak_mib=tidy(last.peak_mib),
        camera_resident_mib=tidy(drawn.resident_mib) if drawn else None,
        camera_peak_mib=tidy(drawn.peak_mib) if drawn else None,
        asked=len(questions),
    )


def move_and_show(server: Server) -> None:
    """Move to a pose and back, and run a demo."""
    for pose in ("ready", "home"):
        plan = server.command("plan", {"tool": "move_named", "arguments": {"name": pose}})
        server.command("execute", {"digest": plan["digest"]})
    server.command(f"demos/{DEMO}", {})


def take_picture(server: Server) -> bool:
    """Let the overview camera take a picture; False where nothing can be rendered."""
    try:
        server.fetch("picture")
    except http.client.HTTPException as error:
        say(f"No picture: {error}")
        return False
    return True


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
