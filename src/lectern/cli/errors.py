"""Exit codes, and the one line on standard error that goes with every failure."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from lectern.cli.output import say
from lectern.errors import InvalidInput, LecternError, SettingsError

DONE = 0
FAILED = 1
WRONG_USE = 2
NOT_ANSWERED = 3


class Commands(TyperGroup):
    """The commands, with every failure turned into one line and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line and end the process."""
        kwargs["standalone_mode"] = False
        sys.exit(exit_code_of(lambda: super(Commands, self).main(*args, **kwargs)))


def exit_code_of(command: Callable[[], Any]) -> int:
    """Run a command; return its exit code, after saying on stderr what went wrong."""
    try:
        code = command()
    except typer.TyperException as error:
        say(f"error: {error.format_message()} {_see_help(error)}")
        return error.exit_code
    except LecternError as error:
        _show_traceback_if_debugging()
        say(f"error: {error}")
        return WRONG_USE if isinstance(error, (InvalidInput, SettingsError)) else FAILED
    except OSError as error:
        _show_traceback_if_debugging()
        name = f": {error.filename}" if error.filename else ""
        say(f"error: {error.strerror or error}{name}")
        return FAILED
    except Exception as error:
        _show_traceback_if_debugging()
        say(
            f"error: {type(error).__name__}: {error}. This is a fault of Lectern; "
            "LECTERN_LOG_LEVEL=debug shows where it is."
        )
        return FAILED
    if code == _INTERRUPTED:
        say("error: Stopped before it was done; an index that was being made is left as it was.")
        return FAILED
    return code if isinstance(code, int) else DONE


_INTERRUPTED = 130  # what typer makes of Ctrl-C


def _see_help(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path if context else 'lectern'} --help`."


def _show_traceback_if_debugging() -> None:
    from lectern.settings import load_settings

    with suppress(Exception):
        if load_settings().log_level == "debug":
            sys.stderr.write(traceback.format_exc())
