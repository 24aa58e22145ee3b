"""Joint states through the WebSocket: rate of each of many readers, and latency.

python -m benchmarks.joint_state_readers [--readers N] [--seconds N] [--rate HZ]

`lectern up` is held on one core, physics, gate and bridge included; the readers are a process on
another core. Once with the arm at rest, and once while it moves without pause, each motion planned
on the same core.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import cycle

from benchmarks.book import indexed_book
from benchmarks.report import ROOT, Bar, Figures, Percentiles, Stopwatch, publish, say, tidy
from benchmarks.server import Server, running
from benchmarks.state_readers import Seen

BAR_RATE_HZ = 30.0
BAR_P95_MS = 50.0
START_S = 60.0
POSES = ("ready", "home")


class ReaderFigures(Figures):
    """All readers together, in one situation."""

    arm: str
    readers: int
    asked_rate_hz: int
    seconds: float
    states: int
    slowest_reader_hz: float
    median_reader_hz: float
    sent_to_arrival: Percentiles
    stamp_to_arrival: Percentiles
    motions: int
    server_core_share: float


class Mover:
    """Sends the arm from pose to pose until it is told to end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._end = threading.Event()
        self.motions = 0

    def run(self) -> None:
        """Plan and execute, one pose after another."""
        for pose in cycle(POSES):
            if self._end.is_set():
                return
            plan = self._server.command("plan", {"tool": "move_named", "arguments": {"name": pose}})
            self._server.command("execute", {"digest": plan["digest"]})
            self.motions += 1

    def end(self) -> None:
        """Let the present motion be the last."""
        self._end.set()


@contextmanager
def moving(server: Server) -> Iterator[Mover]:
    """Keep the arm moving; a motion that is refused is an error at the end."""
    mover = Mover(server)
    with ThreadPoolExecutor(1) as pool:
        motions = pool.submit(mover.run)
        try:
            yield mover
        finally:
            mover.end()
        motions.result()


def read(port: int, options: argparse.Namespace, core: int) -> Seen:
    """Let readers read from a process of their own on a core of their own."""
    arguments = [str(port), str(options.seconds), str(options.readers), str(options.rate)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.state_readers", *arguments, str(core)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=options.seconds + 120,
    )
    return Seen.model_validate_json(done.stdout)


def measure(
    server: Server, options: argparse.Namespace, core: int, *, moves: bool
) -> ReaderFigures:
    """Measure in one situation."""
    say(f"{options.readers} readers, the arm {'moves' if moves else 'rests'} ...")
    before, cpu_s = time.monotonic(), server.cpu_s()
    with moving(server) if moves else nullcontext() as mover:
        seen = read(server.port, options, core)
    share = (server.cpu_s() - cpu_s) / (time.monotonic() - before)
    rates = [states / seen.seconds for states in seen.states]
    return ReaderFigures(
        arm="moving" if moves else "at rest",
        readers=options.readers,
        asked_rate_hz=options.rate,
        seconds=seen.seconds,
        states=sum(seen.states),
        slowest_reader_hz=tidy(min(rates)),
        median_reader_hz=tidy(statistics.median(rates)),
        sent_to_arrival=Percentiles.of(seen.sent_to_arrival_ms),
        stamp_to_arrival=Percentiles.of(seen.stamp_to_arrival_ms),
        motions=mover.motions if mover else 0,
        server_core_share=tidy(share, 3),
    )


def bars(figures: ReaderFigures) -> list[Bar]:
    """Hold one situation against the design."""
    rate, p95 = figures.slowest_reader_hz, figures.stamp_to_arrival.p95_ms
    return [
        Bar.at_least(f"states to the slowest reader, {figures.arm}", rate, BAR_RATE_HZ, "Hz"),
        Bar.at_most(f"stamp to arrival p95, {figures.arm}", p95, BAR_P95_MS, "ms"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=int, default=50, help="Hz that each reader asks for")
    options = parser.parse_args()
    watch = Stopwatch()
    cores = sorted(os.sched_getaffinity(0))
    with indexed_book() as settings, running(settings, core=cores[0]) as server:
        server.wait_for_robot(START_S)
        figures = [measure(server, options, cores[-1], moves=moves) for moves in (False, True)]
    described = {"server_core": cores[0], "reader_core": cores[-1]}
    publish("joint_state_readers", watch, described, figures, [b for f in figures for b in bars(f)])


if __name__ == "__main__":
    main()
