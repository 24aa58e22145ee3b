"""`assistant_node`: the assistant as a process."""

from __future__ import annotations

import sys

from lectern_nodes.lifecycle import ManagedNode
from lectern_nodes.running import run


def _make() -> ManagedNode:
    # Loaded when signals are taken already: it takes seconds on a slow machine.
    from lectern_nodes import logs
    from lectern_nodes.assistant.node import AssistantNode

    node = AssistantNode()
    logs.send_to(node)
    return node


def main() -> None:
    """Run the node as a process."""
    sys.exit(run(_make))


if __name__ == "__main__":
    main()
