from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The programs are no installed package: they run from the root of the repository.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

BOOK = """\
# Arms

An arm is a chain of links and joints. Its base stands still and its tool moves.

## The Jacobian

The Jacobian maps joint velocities to the velocity of the tool. It has a column for each joint.

Near a singularity the Jacobian loses rank, and some tool velocities cannot be reached any more.

## Topics

A topic carries messages from publishers to subscribers, and neither knows the other by name.
"""
QUESTIONS = ("What does the Jacobian map?", "What does a topic carry?", "What is an arm?")

RunProgram = Callable[..., dict[str, Any]]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "queries.jsonl"
    rows = [json.dumps({"_id": str(n), "text": text}) for n, text in enumerate(QUESTIONS)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    """Run one program on a small book; return the report it printed."""
    book = tmp_path / "book"
    book.mkdir()
    (book / "arms.md").write_text(BOOK, encoding="utf-8")
    environment = {
        **os.environ,
        "LECTERN_BOOK": str(book),
        "LECTERN_BENCH_RESULTS": str(tmp_path / "results"),
    }

    def run(name: str, *arguments: object) -> dict[str, Any]:
        command: Sequence[str] = [sys.executable, "-m", name, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return run
