"""Setting a full file aside: `name` becomes `name.1`, that `name.2`, and the last one goes."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

OLDER_FILES = 7


def rotate(path: Path, inode: int) -> None:
    """Set a file aside and bring its new name to the disk.

    Args:
        path: Of the file.
        inode: Of the file that was full; if another process has set it aside, nothing is done.

    Raises:
        OSError: It cannot be renamed.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks: processes there rotate unaligned
            fcntl.flock(folder, fcntl.LOCK_EX)
        if _inode(path) == inode:
            handler = RotatingFileHandler(path, backupCount=OLDER_FILES, delay=True)
            try:
                handler.doRollover()
            finally:
                handler.close()
            os.fsync(folder)
    finally:
        os.close(folder)


def files_of(path: Path) -> tuple[Path, ...]:
    """Return where entries are, oldest first; not all of them need to exist."""
    older = (path.with_name(f"{path.name}.{number}") for number in range(OLDER_FILES, 0, -1))
    return (*older, path)


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return None
