"""The health of `assistant_node` and its parts, for `/diagnostics`."""

from __future__ import annotations

from collections.abc import Iterator

from lectern_nodes.assistant.front import Front, Line
from lectern_nodes.diagnostics import ERROR, OK, WARN, PartHealth
from lectern_nodes.lifecycle import ACTIVE


def node_health(
    state: str, trouble: str, front: Front, line: Line | None, others: int
) -> PartHealth:
    """Return the health of the node itself.

    Args:
        state: Of the lifecycle.
        trouble: Why the last transition failed; empty if it did not.
        front: Of the node.
        line: Of the node; None: it is not configured.
        others: How many more answer on the same topics.
    """
    admission = line.desk.admission if line else None
    values = {
        "state": state,
        "answered": front.answered,
        "refused": sum(front.refused.values()),
        **{f"refused: {code}": count for code, count in sorted(front.refused.items())},
        "waiting": admission.waiting if admission else 0,
        "at work": admission.working if admission else 0,
        "last answer took, s": f"{front.last_duration_s:.3f}",
    }
    if trouble:
        return PartHealth("node", ERROR, trouble, values)
    if others:
        message = f"{state}; {others} more on the same topics, a question gets one answer from each"
        return PartHealth("node", WARN, message, values)
    return PartHealth("node", OK if state == ACTIVE else WARN, state, values)


def line_health(line: Line) -> Iterator[PartHealth]:
    """Return the health of each part of the answer line."""
    for name, part in line.lectern.parts().items():
        yield PartHealth(name, OK if part.ready else ERROR, part.detail)


def bridge_health(wanted: bool, address: str) -> PartHealth:
    """Return the health of the bridge."""
    if not wanted:
        return PartHealth("bridge", OK, "off")
    if not address:
        return PartHealth("bridge", WARN, "not listening")
    return PartHealth("bridge", OK, f"listening on {address}", {"address": address})
