"""Bytes of a source file, and the text in them."""

from __future__ import annotations

import stat
from pathlib import Path

from lectern.errors import SourceUnreadable

_SPLIT_REMEDY = "Split the file, or raise the limit (LECTERN_MAX_SOURCE_MB)."
_UTF8_REMEDY = "Save the file as UTF-8 text."


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a regular file that is neither empty nor too large.

    Args:
        path: The file.
        max_bytes: Largest size that is accepted.

    Raises:
        SourceUnreadable: The file is missing, no regular file, not permitted, empty or too large.
    """
    try:
        # A named pipe or a device would block or never end, so only regular files are opened.
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceUnreadable(f"{path} is not a regular file.", "Give the path of a file.")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceUnreadable(
            f"{path} cannot be opened: {reason}.", "Check that it exists and may be read."
        ) from error
    if len(data) > max_bytes:
        raise SourceUnreadable(f"{path} is larger than {max_bytes:,} bytes.", _SPLIT_REMEDY)
    if not data.strip():
        raise SourceUnreadable(f"{path} is empty.", "Remove the file or give it content.")
    return data


def decode_utf8(data: bytes, path: Path) -> str:
    """Return the bytes as text, a byte order mark included.

    Raises:
        SourceUnreadable: The bytes are UTF-16, binary, blank or not valid UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceUnreadable(f"{path} is UTF-16 text.", _UTF8_REMEDY)
    if b"\0" in data:
        raise SourceUnreadable(
            f"{path} is binary: byte {data.index(0)} is NUL.", "Leave the file out of the book."
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"{path} is not UTF-8 text: byte {error.start} (0x{data[error.start]:02x}) is invalid.",
            _UTF8_REMEDY,
        ) from error
    if not text.lstrip("\ufeff").strip():
        raise SourceUnreadable(f"{path} is empty.", "Remove the file or give it content.")
    return text


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, which escapes can smuggle in and nothing downstream can encode."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text
