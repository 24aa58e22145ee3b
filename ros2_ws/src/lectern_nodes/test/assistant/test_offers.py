"""The running node offers exactly what its table says."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from lectern_nodes.assistant.offers import ASSISTANT
from rclpy.action import get_action_server_names_and_types_by_node

# What every lifecycle node has.
COMMON = ("/rosout", "/parameter_events", "assistant_node/")


def _table(role, namespace):
    names = {e.name: e.type for e in ASSISTANT.endpoints if e.role == role}
    return {
        name if name.startswith("/") else f"{namespace}/{name}": [kind]
        for name, kind in names.items()
    }


def _own(names_and_types, namespace):
    return {
        name: kinds
        for name, kinds in names_and_types
        if "/_action/" not in name and not name.removeprefix(f"{namespace}/").startswith(COMMON)
    }


def test_the_running_node_offers_what_the_table_says(graph, until):
    node = graph.assistant()
    here, name = graph.namespace, node.get_name()

    def offered():
        return {
            "publishes": node.get_publisher_names_and_types_by_node(name, here),
            "subscribes": node.get_subscriber_names_and_types_by_node(name, here),
            "serves": node.get_service_names_and_types_by_node(name, here),
            "action server": get_action_server_names_and_types_by_node(node, name, here),
        }

    until(lambda: all(offered().values()), "rclpy has heard of all of them")
    for role, names_and_types in offered().items():
        assert _own(names_and_types, here) == _table(role, here)
