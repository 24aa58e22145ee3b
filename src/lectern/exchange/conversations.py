"""Short memory of conversations, so that a follow-up question is understood.

It lives in this process, is bounded in every direction, and is lost with the process: it exists to
resolve "and how fast is it?", not to keep records.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from lectern.assistant.model import Turn


@dataclass(frozen=True)
class MemoryLimits:
    """How much is remembered.

    Attributes:
        turns: Exchanges of one conversation; older ones are forgotten.
        conversations: Conversations; the one used longest ago is forgotten first.
        idle_s: Seconds after its last exchange when a conversation is forgotten.
    """

    turns: int = 6
    conversations: int = 1_000
    idle_s: float = 3_600.0


@dataclass(frozen=True)
class _Remembered:
    turns: tuple[Turn, ...]
    used_at: float


class Conversations:
    """The conversations of one face."""

    def __init__(
        self,
        limits: MemoryLimits = MemoryLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()

    def __len__(self) -> int:
        return len(self._remembered)

    @staticmethod
    def new_id() -> str:
        """Return an identifier that nobody can guess."""
        return secrets.token_urlsafe(16)

    def history(self, conversation_id: str) -> tuple[Turn, ...]:
        """Return the remembered exchanges, the oldest first; empty for an unknown conversation."""
        self._forget_idle()
        found = self._remembered.get(conversation_id)
        return found.turns if found else ()

    def remember(self, conversation_id: str, turn: Turn) -> None:
        """Add one exchange to a conversation, new or known."""
        turns = (*self.history(conversation_id), turn)[-self._limits.turns :]
        self._remembered[conversation_id] = _Remembered(turns, self._clock())
        self._remembered.move_to_end(conversation_id)
        while len(self._remembered) > self._limits.conversations:
            self._remembered.popitem(last=False)

    def _forget_idle(self) -> None:
        oldest_kept = self._clock() - self._limits.idle_s
        while self._remembered:
            conversation_id, first = next(iter(self._remembered.items()))
            if first.used_at >= oldest_kept:
                return
            del self._remembered[conversation_id]
