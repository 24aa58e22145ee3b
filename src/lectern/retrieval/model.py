"""What retrieval returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lectern.book.model import Passage


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        passage: The passage.
        score: Relevance to the query, 0 to 1; comparable between queries.
    """

    passage: Passage
    score: float


@dataclass(frozen=True)
class SearchResult:
    """Hits for one query, the best first.

    Attributes:
        query: What was searched for (a follow-up question is rewritten before it gets here).
        hits: Best first.
        timings_ms: Milliseconds by step, and `total`.
        trace: How each hit came to its score (JSON-ready).
    """

    query: str
    hits: tuple[Hit, ...]
    timings_ms: dict[str, float]
    trace: dict[str, Any] = field(default_factory=dict)
