"""`lectern up` as a process of its own on a free loopback port, and what /proc says about it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lectern.settings import Settings

HOST = "127.0.0.1"
# Often enough for a figure in tenths of a second, seldom enough not to slow the start down.
_POLL_S = 0.02
_GRACE_S = 15.0
_ROBOT_S = 60.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ServerError(RuntimeError):
    """The server ended or did not answer in time; the message ends with what it printed."""


@dataclass(frozen=True)
class Memory:
    """Memory of a process and its children, in MiB: now, and at most so far."""

    resident_mib: float
    peak_mib: float


@dataclass(frozen=True)
class Server:
    """A running `lectern up`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, question: str, timeout: float = 30.0) -> dict[str, Any]:
        """Return the answer to one question.

        Raises:
            OSError: Nothing listens yet.
            http.client.HTTPException: The server answered with something else than an answer.
        """
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            connection.request(
                "POST",
                "/api/v1/chat",
                json.dumps({"question": question}),
                {"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"{response.status}: {body[:200]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    def wait_for_answer(self, question: str, deadline_s: float) -> dict[str, Any]:
        """Ask until an answer comes.

        Raises:
            ServerError: The process ended, or no answer came within `deadline_s` seconds.
        """
        end = time.monotonic() + deadline_s
        while True:
            try:
                return self.ask(question, timeout=deadline_s)
            except (OSError, http.client.HTTPException) as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise ServerError(f"no answer ({error}); {self._tail()}") from error
            time.sleep(_POLL_S)

    def wait_for_robot(self, deadline_s: float) -> None:
        """Wait until the robot is ready.

        Raises:
            ServerError: The process ended, or the robot was not ready in time.
        """
        end = time.monotonic() + deadline_s
        while not self._has_robot():
            if self.process.poll() is not None or time.monotonic() > end:
                raise ServerError(f"no robot; {self._tail()}")
            time.sleep(_POLL_S)

    def _has_robot(self) -> bool:
        try:
            self.fetch("state")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def command(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to the robot and return what it answers.

        Raises:
            http.client.HTTPException: It refused.
        """
        content = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        document: dict[str, Any] = json.loads(self._call("POST", path, content, headers))
        return document

    def fetch(self, path: str) -> bytes:
        """GET from the robot.

        Raises:
            http.client.HTTPException: It refused.
        """
        return self._call("GET", path)

    def _call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_ROBOT_S)
        try:
            connection.request(method, f"/api/v1/robot/{path}", body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"{path}: {response.status}: {content[:300]!r}")
        return content

    def cpu_s(self) -> float:
        """Return the processor time that the process has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> Memory:
        """Return the memory of the process and all its children."""
        return memory_of(self.process.pid)

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2_000:]


@contextmanager
def running(settings: Settings, core: int | None = None) -> Iterator[Server]:
    """Start `lectern up` with the home, book, answerer and robot of `settings`, and end it after.

    Args:
        settings: What it runs with.
        core: The only core that it may use; None: any.
    """
    port = free_port()
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    command = [*pinned, str(Path(sys.executable).with_name("lectern")), "up", "--port", str(port)]
    environment = {
        "LECTERN_HOME": str(settings.home),
        "LECTERN_BOOK": str(settings.book),
        "LECTERN_ANSWERER": settings.answerer,
        "LECTERN_ROBOT": settings.robot,
    }
    with started(command, port, settings.home / "up.log", environment) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Iterator[Server]:
    """Start a command that serves on `port`, in a process group of its own, and end it."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Server(process, port, log)
    finally:
        _end(process)


def free_port() -> int:
    """Return a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def memory_of(pid: int) -> Memory:
    """Return the memory of a process and all its children."""
    statuses = [_status(member) for member in _family(pid)]
    return Memory(
        resident_mib=sum(status.get("VmRSS", 0) for status in statuses) / 1024,
        peak_mib=sum(status.get("VmHWM", 0) for status in statuses) / 1024,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Tell the group that was started here to end, and make it after a while."""
    for asked in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, asked)
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue


def _status(pid: int) -> dict[str, int]:
    """Return the sizes in /proc/PID/status, in KiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(size) for name, size, _ in pairs}


def _family(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(member for child in children for member in _family(child))]
