"""The pictures of the newest demo runs, kept in memory within bounds."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping

from lectern.errors import PictureUnknown


class KeptRuns:
    """Pictures by run; the oldest run goes when there are too many or they are too large.

    Args:
        max_runs: Runs kept at the same time.
        max_bytes: Size of all pictures together; a larger single run is not kept at all.
    """

    def __init__(self, max_runs: int, max_bytes: int) -> None:
        self._max_runs = max_runs
        self._max_bytes = max_bytes
        self._runs: OrderedDict[str, Mapping[str, bytes]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """Size of everything that is kept."""
        return sum(map(_size, self._runs.values()))

    def keep(self, pictures: Mapping[str, bytes]) -> str:
        """Keep the pictures of one run; return the run's identifier."""
        run = secrets.token_urlsafe(12)
        self._runs[run] = dict(pictures)
        while len(self._runs) > self._max_runs or self.size_bytes > self._max_bytes:
            self._runs.popitem(last=False)
        return run

    def picture(self, run: str, name: str) -> bytes:
        """Return one PNG picture.

        Raises:
            PictureUnknown: There is none of this name, or the run is no longer kept.
        """
        found = self._runs.get(run, {}).get(name)
        if found is None:
            raise PictureUnknown(
                f"There is no picture {name[:80]!r} of the run {run[:80]!r}.",
                "Run the demo again: only the newest runs are kept.",
            )
        return found


def _size(pictures: Mapping[str, bytes]) -> int:
    return sum(map(len, pictures.values()))
