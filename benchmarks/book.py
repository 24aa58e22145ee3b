"""The textbook and its questions, as the benchmarks use them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import ROOT, say
from lectern.ingest import ingest
from lectern.settings import Settings, load_settings

QUESTIONS = ROOT / "docs" / "questions" / "dev" / "queries.jsonl"


def read_questions(path: Path = QUESTIONS) -> list[str]:
    """Return the texts of a `queries.jsonl`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["text"]) for line in lines if line.strip()]


@contextmanager
def temporary_settings() -> Iterator[Settings]:
    """Give settings whose home is empty and vanishes; answers are extractive."""
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as home:
        yield load_settings(home=Path(home), answerer="extractive")


@contextmanager
def indexed_book() -> Iterator[Settings]:
    """Give settings whose temporary home holds the index of the textbook."""
    with temporary_settings() as settings:
        say(f"Indexing {settings.book} ...")
        report = ingest(settings, [settings.book])
        say(f"{report.passages} passages in {report.seconds:.1f} s")
        yield settings
