"""Progress on standard error: a bar on a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lectern.cli.output import say

if TYPE_CHECKING:
    from lectern.ingest import Progress

    OnProgress = Callable[[Progress], None]

_NAMES = {"read": "Reading", "embed": "Embedding", "write": "Writing", "search": "Searching"}


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Give a function that shows the progress it is called with."""
    if sys.stderr.isatty():
        with _bar() as on_progress:
            yield on_progress
    else:
        yield _Lines().show


class _Lines:
    """Sparse lines: when a phase begins, and at every tenth of it."""

    def __init__(self) -> None:
        self._said: tuple[str, int] = ("", 0)

    def show(self, progress: Progress) -> None:
        tenth = 10 * progress.done // progress.total if progress.total else 10
        now = (progress.phase, tenth)
        if now != self._said:
            self._said = now
            say(f"{_NAMES[progress.phase]}: {progress.done} of {progress.total}")


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks = {phase: bars.add_task(name, visible=False) for phase, name in _NAMES.items()}
        yield lambda progress: bars.update(
            tasks[progress.phase], completed=progress.done, total=progress.total, visible=True
        )
