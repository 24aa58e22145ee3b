"""Run every demo with its defaults and keep its picture for docs/demos.md.

python docs/pictures/take_demos.py [NAME ...]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from lectern.robot.arm import textbook_arm
from lectern.robot.demos.catalogue import DEMOS
from lectern.robot.demos.running import run_demo
from lectern.robot.embedded.robot import EmbeddedRobot
from lectern.robot.gate import LOCAL, AuditLog, MotionGate, Policy

FOLDER = Path(__file__).resolve().parent / "demos"


async def take(names: list[str]) -> None:
    """Write NAME.png for each demo."""
    robot = EmbeddedRobot.start(textbook_arm(), paced=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            gate = MotionGate(robot, Policy(), AuditLog(Path(folder) / "motion.jsonl"))
            for name in names:
                run = await run_demo(gate, LOCAL, name, {})
                (picture,) = run.result.pictures.values()
                (FOLDER / f"{name}.png").write_bytes(picture)
                print(f"{name}: {len(picture) / 1000:.0f} kB")
    finally:
        await robot.close()


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1:] or list(DEMOS)))
