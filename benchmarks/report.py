"""What every benchmark prints: one typed JSON document with machine, versions, settings and bars.

A program fills a `Report` with rows of its own model (their fields are the columns) and with the
bars of the design that the figures are held against, and calls `publish`.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

ROOT = Path(__file__).resolve().parents[1]
# Elsewhere by a variable, so that the results of two machines or commits can be kept apart.
RESULTS = Path(os.environ.get("LECTERN_BENCH_RESULTS", Path(__file__).resolve().parent / "results"))
_PACKAGES = (
    *("lectern", "onnxruntime", "numpy", "qdrant-edge-py", "tokenizers", "PyStemmer", "scipy"),
    *("fastapi", "uvicorn", "ctranslate2", "llama-index-core", "llama-index-retrievers-bm25"),
    *("haystack-ai", "bm25s", "mujoco", "ompl", "pin", "coal", "toppra"),
    *("cyclonedds", "ros2-pyterfaces"),
)


class Figures(BaseModel):
    """Base of all rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(Figures):
    """Where it was measured; memory in GiB."""

    cpu: str
    cores: int
    memory_gib: float
    os: str
    load_at_start: float = Field(description="Processes that wanted a core, mean of a minute.")


class Bar(Figures):
    """A number of the design that a figure is held against."""

    what: str
    measured: float
    sign: Literal["<=", ">="]
    limit: float
    unit: str
    holds: bool

    @classmethod
    def at_most(cls, what: str, measured: float, limit: float, unit: str) -> Bar:
        """Hold a figure below a limit."""
        holds = measured <= limit
        return cls(what=what, measured=measured, sign="<=", limit=limit, unit=unit, holds=holds)

    @classmethod
    def at_least(cls, what: str, measured: float, limit: float, unit: str) -> Bar:
        """Hold a figure above a limit."""
        holds = measured >= limit
        return cls(what=what, measured=measured, sign=">=", limit=limit, unit=unit, holds=holds)


class Report(Figures):
    """One run of one program."""

    benchmark: str
    started: str
    seconds: float
    machine: Machine
    versions: dict[str, str]
    settings: dict[str, Any]
    figures: list[SerializeAsAny[Figures]]
    bars: list[Bar]


class Percentiles(Figures):
    """Spread of repeated times, in milliseconds."""

    count: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Percentiles:
        """Summarise at least one time."""
        p50, p95, p99 = (float(p) for p in np.percentile(milliseconds, [50, 95, 99]))
        return cls(
            count=len(milliseconds),
            mean_ms=tidy(float(np.mean(milliseconds))),
            p50_ms=tidy(p50),
            p95_ms=tidy(p95),
            p99_ms=tidy(p99),
            max_ms=tidy(max(milliseconds)),
        )


class Stopwatch:
    """When a program started, and under which load."""

    def __init__(self) -> None:
        self.started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.load = os.getloadavg()[0]
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start


def publish(
    benchmark: str,
    watch: Stopwatch,
    settings: dict[str, Any],
    figures: Sequence[Figures],
    bars: Sequence[Bar] = (),
) -> None:
    """Print the report as JSON on stdout, and keep it in `RESULTS`."""
    report = Report(
        benchmark=benchmark,
        started=watch.started,
        seconds=tidy(watch.seconds),
        machine=_machine(watch.load),
        versions=_versions(),
        settings=settings,
        figures=list(figures),
        bars=list(bars),
    )
    document = report.model_dump_json(indent=2)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{benchmark}.json").write_text(document + "\n", encoding="utf-8")
    print(document)


def say(message: str) -> None:
    """Report progress on stderr."""
    print(message, file=sys.stderr, flush=True)


def tidy(value: float, digits: int = 4) -> float:
    """Round to significant digits, so that numbers do not look more exact than they are."""
    return float(f"{value:.{digits}g}")


def _machine(load: float) -> Machine:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=tidy(pages * size / 2**30, 3),
        os=_system(),
        load_at_start=tidy(load, 3),
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, kernel {platform.release()}"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
