"""What the audit log says of one decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from lectern.errors import LecternError
from lectern.robot.gate.clock import Clock


@dataclass
class Record:
    """One request on its way through the checks.

    Attributes:
        event: What is asked for: `propose`, `approve`, `reject`, `execute`, `session`,
            `change_scene`, `reset`, `stop`, `halt`.
        user: Name of who asks.
        tool: Name of the tool.
        arguments: As JSON.
        digest: Of the plan, once there is one.
        check: Name of the check it is at: `tool`, `schema`, `limits`, `planning`, `collision`,
            `continuity`, `policy`, `approval`, `audit`, `motion`.
        step: Which motion of a session; empty: it is no session's.
    """

    event: str
    user: str
    tool: str = ""
    arguments: str = ""
    digest: str = ""
    check: str = "tool"
    step: str = ""

    def entry(self, clock: Clock, verdict: str, **more: Any) -> dict[str, Any]:
        """Return the log's entry, with the time."""
        now = clock.wall()
        return {
            "time": _iso(now),
            "unix_s": now if math.isfinite(now) else None,
            "event": self.event,
            "user": self.user,
            "tool": self.tool,
            "arguments": self.arguments,
            "step": self.step,
            "digest": self.digest,
            "verdict": verdict,
            **more,
        }

    def refusal(self, clock: Clock, error: LecternError) -> dict[str, Any]:
        """Return the log's entry of a refusal: which check refused, and why."""
        return self.entry(clock, "denied", check=self.check, code=error.code, reason=error.detail)


def _iso(unix_s: float) -> str:
    """Return a time in ISO 8601; empty for one that no calendar has."""
    try:
        return datetime.fromtimestamp(unix_s, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def text_of(value: object, most: int) -> str:
    """Return a text from outside, shortened; empty for anything that is no text."""
    return value[:most] if type(value) is str else ""


def name_of(user: object) -> str:
    """Return how the log names whoever asks, be it a `User` or not."""
    name = getattr(user, "name", None)
    return name[:200] if isinstance(name, str) else ""
