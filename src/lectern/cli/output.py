"""What goes where: one JSON document or readable text on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# Escape sequences in a book or a file name would steer the reader's terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def use_utf8() -> None:
    """Write UTF-8 whatever the locale says.

    Half a surrogate pair, which can stand in a file's name, comes out as its escape in JSON, so a
    program that reads the document gets the name back.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def print_json(document: Any) -> None:
    """Write the one document of `--json`."""
    _write(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2), sys.stdout)


def print_text(text: str) -> None:
    """Write text for people as it is, but for control characters."""
    _write(printable(text), sys.stdout)


def say(line: str) -> None:
    """Write one line to standard error."""
    _write(" ".join(printable(line).split()), sys.stderr)


def printable(text: str) -> str:
    """Leave out control characters other than line feed and tab."""
    return _CONTROL.sub("", text)


def console() -> Console:
    """Return the console for readable output on stdout."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def _write(text: str, stream: TextIO) -> None:
    stream.write(text + "\n")
    # Now, so that a pipe that was closed shows here and not while the interpreter ends.
    stream.flush()
