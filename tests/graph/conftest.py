"""Lectern on a DDS domain of its own, as a program, and somebody else on the same domain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from graphkit import BOOK, Program, clean_environment


@pytest.fixture(autouse=True)
def _no_graph_from_outside(monkeypatch):
    for name in ("ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY", "CYCLONEDDS_URI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def domain() -> int:
    """A domain that no other test on this machine is on, and the two after it.

    Workers are processes of their own, with one number after another.
    """
    return 101 + 3 * (os.getpid() % 43)


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("graph") / "book"
    folder.mkdir()
    for name, text in BOOK.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def start(tmp_path, book) -> Iterator:
    """Start `lectern up` with settings; what still runs at the end is killed."""
    running = []

    def start_one(*flags: str, **settings: str) -> Program:
        program = Program(clean_environment(tmp_path / "home", book, **settings), *flags)
        running.append(program)
        return program

    yield start_one
    for program in running:
        program.kill()


@pytest.fixture(scope="module")
def lectern(tmp_path_factory, book, domain) -> Iterator[Program]:
    """`lectern up` with its robot, for all tests of a module."""
    home = tmp_path_factory.mktemp("home")
    environment = clean_environment(
        home, book, ROS_DOMAIN_ID=str(domain), LECTERN_WORKERS="1", LECTERN_MAX_WAITING="8"
    )
    program = Program(environment)
    program.wait_for_robot()
    yield program
    program.kill()


@pytest.fixture(scope="module")
def peer(domain):
    """Somebody else on the domain of `lectern`."""
    pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")
    from ddspeer import Peer

    with Peer(domain) as someone:
        yield someone
