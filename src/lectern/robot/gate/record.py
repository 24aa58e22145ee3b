"""What the audit log says of one decision."""

from __future__ import annotations

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
            `change_scene`, `reset`, `stop`.
        user: Name of who asks.
        tool: Name of the tool.
        arguments: As JSON.
        digest: Of the plan, once there is one.
        check: Name of the check it is at: `tool`, `schema`, `limits`, `planning`, `collision`,
            `continuity`, `policy`, `approval`, `audit`, `motion`.
    """

    event: str
    user: str
    tool: str = ""
    arguments: str = ""
    digest: str = ""
    check: str = "tool"

    def entry(self, clock: Clock, verdict: str, **more: Any) -> dict[str, Any]:
        """Return the log's entry, with the time."""
        now = clock.wall()
        return {
            "time": datetime.fromtimestamp(now, timezone.utc).isoformat(),
            "unix_s": now,
            "event": self.event,
            "user": self.user,
            "tool": self.tool,
            "arguments": self.arguments,
            "digest": self.digest,
            "verdict": verdict,
            **more,
        }

    def refusal(self, clock: Clock, error: LecternError) -> dict[str, Any]:
        """Return the log's entry of a refusal: which check refused, and why."""
        return self.entry(clock, "denied", check=self.check, code=error.code, reason=error.detail)


def name_of(user: object) -> str:
    """Return how the log names whoever asks, be it a `User` or not."""
    name = getattr(user, "name", None)
    return name[:200] if isinstance(name, str) else ""
