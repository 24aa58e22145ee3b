"""`lectern up` as a program, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LIMIT_S = 60.0
LECTERN = Path(sys.executable).with_name("lectern")
BOOK = {
    "jacobian.md": """# The Jacobian

A robot arm is commanded at its joints and used at its tool.

## Tool velocity

To get the tool velocity from the joint velocities, multiply the joint velocities by the Jacobian
of the present configuration: $v = J(q)\\,\\dot q$. The Jacobian maps joint velocities to the
velocity of the tool.
""",
    "grippers.md": """# Grippers

## Closing

A parallel gripper closes two fingers around an object until the force sensor reports contact.
The grip force must exceed the weight of the object divided by twice the friction coefficient.
""",
}
QUESTION = "How do I get the tool velocity from the joint velocities?"


def clean_environment(home: Path, book: Path, **settings: str) -> dict[str, str]:
    """Return an environment in which nothing but these settings says anything to Lectern."""
    foreign = ("LECTERN_", "OPENAI_", "ROS_", "CYCLONEDDS_", "PYTHONPATH", "LD_LIBRARY_PATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "LECTERN_HOME": str(home), "LECTERN_BOOK": str(book), **settings}


class Program:
    """`lectern up` on a free port; its log is read as it comes."""

    def __init__(self, environment: dict[str, str], *flags: str) -> None:
        self.process = subprocess.Popen(
            [LECTERN, "up", "--port", "0", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=environment["LECTERN_BOOK"],
            text=True,
        )
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.address = self.process.stdout.readline().removeprefix("Lectern is ready at ").strip()
        assert self.address, self.log

    def _read(self) -> None:
        for line in self.process.stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()

    @property
    def log(self) -> str:
        with self._news:
            return "".join(self._lines)

    def wait_for_log(self, text: str) -> str:
        """Return the first line of the log that holds a text."""

        def found() -> str:
            return next((line for line in self._lines if text in line), "")

        with self._news:
            assert self._news.wait_for(found, LIMIT_S), "".join(self._lines)
            return found()

    def wait_for_robot(self) -> None:
        self.wait_for_log("robot ready")

    def parts(self) -> tuple[int, dict[str, Any]]:
        """Return the status and the parts of the readiness."""
        try:
            with urllib.request.urlopen(f"{self.address}/health/ready", timeout=LIMIT_S) as reply:
                return reply.status, json.load(reply)["parts"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)["parts"]

    def post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as reply:
            return json.load(reply)

    def end(self, sign: signal.Signals = signal.SIGINT) -> float:
        """End it as Ctrl-C does; return how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(sign)
        self.process.wait(LIMIT_S)
        took = time.monotonic() - began
        self._reader.join(LIMIT_S)
        return took

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        self.process.stdout.close()
        self.process.stderr.close()
