"""Which plan each user of the graph has, and whether it is being carried out."""

from __future__ import annotations

from lectern.robot.gate.events import MotionEvent

# Users of the graph; see `lectern_nodes.robot.reports`.
ROS = "ros:"
_OVER = ("ended", "failed", "stopped", "rejected")


class Plans:
    """Hears what the gate says; its events come on a thread of the gate's own."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._running = ""

    def hear(self, event: MotionEvent) -> None:
        """Take an event of the gate."""
        if event.phase == "proposal" and event.proposal is not None:
            if event.proposal.user.startswith(ROS):
                self._digests[event.proposal.user] = event.digest
        elif event.phase == "started":
            self._running = event.digest
        elif event.phase in _OVER and event.digest == self._running:
            self._running = ""

    def digest_of(self, user: str) -> str:
        """Return the digest of a user's newest plan; empty: there was none."""
        return self._digests.get(user, "")

    def running(self, user: str) -> bool:
        """Tell whether the robot was handed a user's newest plan and has not ended it."""
        return self._running != "" and self._digests.get(user) == self._running
