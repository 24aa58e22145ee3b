"""Time from the start command to the first answer.

python -m benchmarks.startup [--runs N]          `lectern up`, index already built
python -m benchmarks.startup --bare-clone        also `make run` in a fresh clone of this repository

The clone holds what is committed. Its packages come from the machine's package caches, or from the
network where they are not cached.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.book import indexed_book
from benchmarks.report import ROOT, Bar, Figures, Stopwatch, publish, say, tidy
from benchmarks.server import free_port, running, started
from lectern.settings import Settings

BAR_BUILT_S = 5.0
BAR_CLONE_S = 120.0
DEADLINE_S = 60.0
CLONE_DEADLINE_S = 1_200.0
QUESTION = "How do I get the tool velocity from the joint velocities?"


class StartFigures(Figures):
    """Starts of one kind."""

    start: str
    runs_s: list[float]
    median_s: float
    slowest_s: float
    grounded: bool

    @classmethod
    def of(cls, start: str, seconds: list[float], *, grounded: bool) -> StartFigures:
        """Summarise at least one start."""
        return cls(
            start=start,
            runs_s=[tidy(run, 3) for run in seconds],
            median_s=tidy(statistics.median(seconds), 3),
            slowest_s=tidy(max(seconds), 3),
            grounded=grounded,
        )


def measure_built(settings: Settings, runs: int) -> StartFigures:
    """Start `lectern up` again and again over one index."""
    seconds, grounded = [], True
    for run in range(runs):
        before = time.perf_counter()
        with running(settings) as server:
            answer = server.wait_for_answer(QUESTION, DEADLINE_S)
            seconds.append(time.perf_counter() - before)
        grounded &= answer["grounded"]
        say(f"Start {run + 1}: {seconds[-1]:.2f} s")
    return StartFigures.of("lectern up, index built", seconds, grounded=grounded)


def measure_clone() -> StartFigures:
    """Clone this repository and `make run` in the clone; the clone itself is counted."""
    with tempfile.TemporaryDirectory(prefix="lectern-clone-") as place:
        folder, port = Path(place) / "clone", free_port()
        say("Cloning, then `make run` ...")
        before = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, folder], check=True)
        # The clone makes its own environment; that of this program must not show through.
        environment = {
            "LECTERN_HOME": str(Path(place) / "home"),
            "LECTERN_ANSWERER": "extractive",
            "VIRTUAL_ENV": "",
            "PYTHONPATH": "",
            "PATH": os.environ["PATH"],
        }
        command = ["make", "run", f"PORT={port}"]
        with started(command, port, Path(place) / "run.log", environment, folder) as server:
            answer = server.wait_for_answer(QUESTION, CLONE_DEADLINE_S)
            seconds = time.perf_counter() - before
    return StartFigures.of("git clone and make run", [seconds], grounded=answer["grounded"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bare-clone", action="store_true", help="measure that as well")
    options = parser.parse_args()
    watch = Stopwatch()
    with indexed_book() as settings:
        figures = [measure_built(settings, options.runs)]
    bars = [Bar.at_most("first answer, index built", figures[0].slowest_s, BAR_BUILT_S, "s")]
    if options.bare_clone:
        figures.append(measure_clone())
        bars.append(Bar.at_most("first answer, bare clone", figures[1].slowest_s, BAR_CLONE_S, "s"))
    publish("startup", watch, {"question": QUESTION}, figures, bars)


if __name__ == "__main__":
    main()
