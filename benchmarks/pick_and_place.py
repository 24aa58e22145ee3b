"""Share of seeded runs in which the arm picks up a 4 cm cube and puts it on the tray.

python -m benchmarks.pick_and_place [--runs N] [--first-seed N]

The demo of the book, through the motion gate, in the simulator; each seed puts the cube elsewhere
and turns it otherwise. The robot is reset between two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.report import Bar, Figures, Stopwatch, publish, say, tidy
from lectern.errors import LecternError
from lectern.robot.arm import textbook_arm
from lectern.robot.demos.running import run_demo
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import AuditLog, MotionGate, Policy
from lectern.robot.gate.users import LOCAL

BAR_SHARE = 0.98
DEMO = "pick_and_place"


class Outcome(Figures):
    """All runs."""

    runs: int
    succeeded: int
    failures: dict[str, int]
    median_placing_error_mm: float
    max_placing_error_mm: float
    seconds_per_run: float


async def once(gate: MotionGate, seed: int) -> tuple[str, float]:
    """Run the demo; return why it failed, empty if it did not, and the placing error in mm."""
    try:
        numbers = (await run_demo(gate, LOCAL, DEMO, {}, seed)).result.numbers
    except LecternError as error:
        say(f"  seed {seed}: {error}")
        return error.code, 0.0
    if not numbers["success"]:
        say(f"  seed {seed}: {dict(numbers)}")
    return "" if numbers["success"] else "misplaced", float(numbers["placing_error_mm"])


async def run_all(runs: int, first_seed: int) -> Outcome:
    """Run the demo with as many seeds."""
    began, codes, errors_mm = time.perf_counter(), Counter[str](), []
    robot = EmbeddedRobot.start(textbook_arm(), paced=False)
    with tempfile.TemporaryDirectory() as folder:
        gate = MotionGate(robot, Policy(), AuditLog(Path(folder) / "motion.jsonl"))
        for seed in range(first_seed, first_seed + runs):
            code, error_mm = await once(gate, seed)
            codes[code] += 1
            if not code:
                errors_mm.append(error_mm)
            await gate.reset(LOCAL)
        await gate.close()
    errors_mm.sort()
    return Outcome(
        runs=runs,
        succeeded=codes.pop("", 0),
        failures=dict(codes),
        median_placing_error_mm=tidy(errors_mm[len(errors_mm) // 2] if errors_mm else 0.0, 3),
        max_placing_error_mm=tidy(max(errors_mm, default=0.0), 3),
        seconds_per_run=tidy((time.perf_counter() - began) / runs, 3),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    watch = Stopwatch()
    outcome = asyncio.run(run_all(options.runs, options.first_seed))
    share = outcome.succeeded / outcome.runs
    bars = [Bar.at_least("pick and place, share of runs", share, BAR_SHARE, "")]
    publish("pick_and_place", watch, {**vars(options), "cube_edge_m": 0.04}, [outcome], bars)


if __name__ == "__main__":
    main()
