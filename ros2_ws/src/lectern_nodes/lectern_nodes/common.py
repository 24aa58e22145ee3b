"""Parameters that every node of Lectern has. Nothing here needs ROS."""

from __future__ import annotations

from lectern_nodes.interface import Parameter

AUTOSTART = Parameter(
    "autostart",
    True,
    "Whether the node configures and activates itself; false leaves that to a lifecycle manager.",
)
