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
from lectern.robot.gate.repeats import EVERY_S, Repeats
from lectern.robot.gate.rotation import files_of, rotate

_log = logging.getLogger(__name__)
_MOST_OWED = 1000
# A file this large is set aside; with the older ones kept, a log takes eight times as much.
MAX_FILE_BYTES = 16 * 2**20


class AuditLog:
    """A file that is only ever appended to; safe to use from any thread.

    `write` returns once the entry is on the disk. `owe` never waits and never fails: what it takes
    is written by another thread, and before every later entry, so that one that cannot be
    written (the disk is full) keeps anything else from being allowed.

    A full file is set aside before the next entry, which is refused if that is not possible.
    """

    def __init__(self, path: Path, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        """Name the file; it and its folder are made when the first entry is written."""
        self.path = path
        self._max_file_bytes = max_file_bytes
        self._often = Repeats()
        # Held while something held back waits for its second to pass.
        self._due = threading.Lock()
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
        self._release_held()
        if len(self._owed) < _MOST_OWED:
            self._owed.append(entry)
        else:
            self._lost += 1
        if self._working.acquire(blocking=False):
            self._start()

    def owe_often(self, entry: Mapping[str, Any]) -> None:
        """Take an entry of a kind that changes nothing and may come very often.

        At most one line a second is written of these; `times` says for how many it stands.
        """
        due = self._often.take(entry)
        if due is not None:
            self.owe(due)
        else:
            self._remember()

    def settle(self) -> None:
        """Write what is owed, and wait until the disk has it.

        Raises:
            AuditFailed: It cannot be written; it stays owed.
        """
        with self._lock:
            self._settle()

    def _remember(self) -> None:
        """See to it that what is held back is written within about a second."""
        if self._due.acquire(blocking=False):
            try:
                timer = threading.Timer(EVERY_S, self._write_held)
                timer.daemon = True
                timer.start()
            except RuntimeError:  # no more threads: the next write settles it
                self._due.release()

    def _write_held(self) -> None:
        self._settled()
        self._due.release()
        # What was held back since found the lock held and started no timer.
        if self._often.waiting:
            self._remember()

    def _release_held(self) -> None:
        if (held := self._often.left()) is not None:
            self._owed.append(held)

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
        self._release_held()
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
            if (full := self._appended(line, self._max_file_bytes)) is not None:
                rotate(self.path, full)
                self._appended(line, None)
        except OSError as error:
            raise AuditFailed(
                f"The audit log {self.path.name} cannot be written: {error.strerror or error}.",
                "Make room or make its folder writable; nothing moves until then.",
            ) from error

    def _appended(self, line: bytes, most: int | None) -> int | None:
        """Append to the file; return its inode instead if it would become larger than `most`."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self.path, flags, 0o600)
        try:
            status = os.fstat(handle)
            if most is not None and status.st_size and status.st_size + len(line) > most:
                return status.st_ino
            _write_all(handle, _after_a_broken_line(handle) + line)
            os.fsync(handle)
            return None
        finally:
            os.close(handle)


def read_audit(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log, oldest first; lines that a crash broke are left out.

    Files that were set aside are read as well.
    """
    for file in files_of(path):
        yield from _entries(file)


def _entries(path: Path) -> Iterator[dict[str, Any]]:
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
