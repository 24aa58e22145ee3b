"""The audit log: one JSON object a line, on the disk before anything moves."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lectern.errors import AuditFailed

_log = logging.getLogger(__name__)
_MOST_OWED = 1000


class AuditLog:
    """A file that is only ever appended to; safe to use from any thread.

    `write` returns once the entry is on the disk. `owe` never waits and never fails: what it takes
    is written by another thread, and before every later entry, so that one that cannot be
    written (the disk is full) keeps anything else from being allowed.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it and its folder are made when the first entry is written."""
        self.path = path
        self._lock = threading.Lock()
        self._owed: deque[Mapping[str, Any]] = deque()
        self._lost = 0
        # Held by the one thread that writes what is owed.
        self._working = threading.Lock()

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append an entry, after those that are owed, and wait until the disk has them.

        Raises:
            AuditFailed: The entry is no JSON, or the file cannot be written.
        """
        line = _line(entry)
        with self._lock:
            self._settle()
            self._append(line)

    def owe(self, entry: Mapping[str, Any]) -> None:
        """Take an entry to be written as soon as may be; returns at once and never fails."""
        if len(self._owed) < _MOST_OWED:
            self._owed.append(entry)
        else:
            self._lost += 1
        if self._working.acquire(blocking=False):
            self._start()

    def settle(self) -> None:
        """Write what is owed, and wait until the disk has it.

        Raises:
            AuditFailed: It cannot be written; it stays owed.
        """
        with self._lock:
            self._settle()

    def _start(self) -> None:
        try:
            threading.Thread(target=self._work, daemon=True, name="gate-audit").start()
        except RuntimeError:  # no more threads: the next write settles it
            self._working.release()

    def _work(self) -> None:
        more = True
        while more:
            more = self._settled()
            self._working.release()
            # What was owed since found the lock held and started no thread.
            more = more and bool(self._owed) and self._working.acquire(blocking=False)

    def _settled(self) -> bool:
        try:
            self.settle()
        except Exception:
            _log.exception("what happened could not be recorded yet")
            return False
        return True

    def _settle(self) -> None:
        if count := len(self._owed):
            self._append(b"".join(_line_of_anything(self._owed[i]) for i in range(count)))
            for _ in range(count):
                self._owed.popleft()
        if self._lost:
            self._append(_line({"event": "lost", "entries": self._lost}))
            self._lost = 0

    def _append(self, line: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            handle = os.open(self.path, flags, 0o600)
            try:
                _write_all(handle, _after_a_broken_line(handle) + line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise AuditFailed(
                f"The audit log {self.path.name} cannot be written: {error.strerror or error}.",
                "Make room or make its folder writable; nothing moves until then.",
            ) from error


def read_audit(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log, oldest first; lines that a crash broke are left out."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry


def _line(entry: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(dict(entry), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise AuditFailed(
            f"The audit entry is no JSON: {str(error)[:120]}.", "Report this as a bug."
        ) from error


def _line_of_anything(entry: Mapping[str, Any]) -> bytes:
    """Return a line even for what is no JSON, which must not block the log for ever."""
    try:
        return _line(entry)
    except AuditFailed:
        return _line({key: repr(value)[:400] for key, value in entry.items()})


def _after_a_broken_line(handle: int) -> bytes:
    """Return what must come first, so that an entry starts on a line of its own."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
