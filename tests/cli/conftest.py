"""The command line over a small real book, called in process or as a program of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lectern.cli import app
from lectern.ingest import ingest
from lectern.retrieval.embedders import minilm
from lectern.settings import Settings

LECTERN = Path(sys.executable).with_name("lectern")

JACOBIAN = """# The Jacobian

A robot arm is commanded at its joints and used at its tool.

## Tool velocity

To get the tool velocity from the joint velocities, multiply the joint velocities by the Jacobian
of the present configuration: $v = J(q)\\,\\dot q$. The Jacobian maps joint velocities to the
velocity of the tool.

## Singular configurations

In a singular configuration the Jacobian loses rank, and the tool cannot move in some direction
whatever the joints do. Near it, small tool velocities ask for large joint velocities.
"""
GRIPPERS = """# Grippers

## Closing

A parallel gripper closes two fingers around an object until the force sensor reports contact.
The grip force must exceed the weight of the object divided by twice the friction coefficient.
"""


class Program:
    """Calls `lectern` in process."""

    def __call__(self, *args: str, stdin: str | bytes | None = None) -> Any:
        return CliRunner().invoke(app, list(args), input=stdin, prog_name="lectern")

    def json(self, *args: str, code: int = 0, **kwargs: Any) -> Any:
        result = self(*args, "--json", **kwargs)
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout)


@pytest.fixture
def lectern() -> Program:
    return Program()


@pytest.fixture(scope="session")
def embedder() -> minilm.MiniLmEmbedder:
    return minilm.MiniLmEmbedder()


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "book"
    folder.mkdir()
    (folder / "jacobian.md").write_text(JACOBIAN, encoding="utf-8")
    (folder / "grippers.md").write_text(GRIPPERS, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def ingested_home(book, embedder, tmp_path_factory) -> Path:
    """A home folder into which the small book was taken; not to be changed by a test."""
    home = tmp_path_factory.mktemp("home")
    ingest(Settings(home=home, book=book, _env_file=None), [book], embedder=embedder)
    return home


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path, embedder, book) -> None:
    """An empty home and a small book, and the real model loaded once for all tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LECTERN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LECTERN_BOOK", str(book))
    monkeypatch.setattr(minilm, "MiniLmEmbedder", lambda threads: embedder)


@pytest.fixture
def at_home(monkeypatch, ingested_home) -> Path:
    """Use the home folder that holds the small book."""
    monkeypatch.setenv("LECTERN_HOME", str(ingested_home))
    return ingested_home


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `lectern` as a program of its own; what still runs at the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start_one(*args: str | bytes, **env: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [LECTERN, *args], stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **env}
        )
        running.append(process)
        return process

    yield start_one
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
