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
_SHORT = 50  # items for which one line at the end is enough


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Give a function that shows the progress it is called with."""
    if sys.stderr.isatty():
        with _bar() as on_progress:
            yield on_progress
    else:
        yield _Lines().show


class _Lines:
    """Sparse lines: at the end of a phase, and on the way at every tenth of a long one."""

    def __init__(self) -> None:
        self._said = ("", 0)

    def show(self, progress: Progress) -> None:
        step = max(progress.total // 10, _SHORT)
        now = (progress.phase, progress.done // step)
        at_end = progress.done == progress.total
        if at_end or (now[1] > 0 and now != self._said):
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
