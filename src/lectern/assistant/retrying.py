"""When and how long to wait before asking an endpoint again."""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

# Statuses below 500 that may pass by themselves: time-out, conflict, too many requests.
RETRIED_STATUS = frozenset({408, 409, 429})


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with full jitter.

    Attributes:
        retries: Attempts after the first one.
        base_s: Upper end of the first wait, in seconds; it doubles from wait to wait.
        cap_s: No wait that we choose is longer, in seconds.
        patience_s: Longest wait that an endpoint may ask for, in seconds; asking for more is
            taken as a refusal, since the reader would not wait that long.
    """

    retries: int = 2
    base_s: float = 0.5
    cap_s: float = 8.0
    patience_s: float = 10.0

    def delay_s(self, attempt: int, asked_s: float | None, rng: random.Random) -> float | None:
        """Return the wait before the next attempt in seconds, or None to give up.

        Args:
            attempt: Attempts that failed before this one; 0 for the first failure.
            asked_s: What the endpoint asked for (`Retry-After`), if it did.
            rng: Source of the jitter, so that many clients do not come back together.
        """
        if attempt >= self.retries:
            return None
        if asked_s is not None:
            return asked_s if asked_s <= self.patience_s else None
        return rng.uniform(0.0, min(self.cap_s, self.base_s * 2.0**attempt))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, in seconds or as a date; None when missing or unreadable."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        date = email.utils.parsedate_tz(value)
        if date is None:
            return None
        seconds = email.utils.mktime_tz(date) - time.time()
    return max(0.0, seconds) if not math.isnan(seconds) else None
