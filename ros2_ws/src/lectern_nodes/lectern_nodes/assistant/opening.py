"""Opening the book for one node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lectern.app import Lectern
from lectern.cli.opening import open_newest
from lectern.errors import IndexBusy
from lectern.settings import Settings

_RETRY_S = 1.0
_PATIENCE_S = 600.0


def open_patiently(
    settings: Settings, stopping: threading.Event, tell: Callable[[str], None]
) -> Lectern:
    """Open the collection, the book taken in where that is due.

    Several nodes that share a folder may start together: one takes the book in, the others wait.

    Args:
        settings: Of the node.
        stopping: Ends the wait.
        tell: Called once with a sentence if there is a wait.

    Raises:
        IndexBusy: Another process is still writing after ten minutes, or the node is stopping.
        LecternError: As `Lectern.open` and `ingest` do.
    """
    give_up_at = time.monotonic() + _PATIENCE_S
    told = False
    while True:
        try:
            return open_newest(settings)
        except IndexBusy as error:
            if stopping.wait(_RETRY_S) or time.monotonic() > give_up_at:
                raise
            if not told:
                tell(f"Waiting for another process: {error}")
            told = True
