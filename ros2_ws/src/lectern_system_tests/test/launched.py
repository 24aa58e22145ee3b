"""`ros2 launch` as users run it: its output line by line, its processes, its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Whoever starts these tests in the background of a script makes them and their children ignore
# Ctrl-C; in a terminal nobody does.
AS_IN_A_TERMINAL = ["env", "--default-signal=INT"]
# Of everything: this machine may be busy.
LIMIT_S = 60.0


class Launch:
    """One running `ros2 launch`.

    Args:
        arguments: After `ros2 launch`.
        environment: Added to that of this process.
    """

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [*AS_IN_A_TERMINAL, "ros2", "launch", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything that was written so far."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """Wait until a pattern was written so often; return the places."""

        def found() -> list[re.Match[str]]:
            return list(re.finditer(pattern, "".join(self._lines)))

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, LIMIT_S), (
                f"{pattern} was not written {count} times:\n{''.join(self._lines)}"
            )
            return found()

    def pid(self, node: str, start: int = 1) -> int:
        """Wait until a node was started for the n-th time, and return its process."""
        places = self.wait_for(rf"\[{node}-\d+\]: process started with pid \[(\d+)\]", start)
        return int(places[start - 1][1])

    def stop(self) -> int:
        """Press Ctrl-C, wait for the end and return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end by itself and return the exit code."""
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code

    def kill(self) -> None:
        """Leave nothing behind, whatever happened."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(LIMIT_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()


@contextmanager
def launched(*arguments: str, **environment: str) -> Iterator[Launch]:
    """Run `ros2 launch`; whatever is left of it at the end is killed."""
    launch = Launch(*arguments, **environment)
    try:
        yield launch
    finally:
        launch.kill()


def ros2(command: str, *arguments: str) -> str:
    """Run a `ros2` command to its end and return what it wrote."""
    done = subprocess.run(
        ["ros2", *command.split(), *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
