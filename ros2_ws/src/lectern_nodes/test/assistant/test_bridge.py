"""The HTTP bridge in the node's process."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from diagnostic_msgs.msg import DiagnosticArray

QUESTION = "How does a suction cup hold a part?"


@pytest.fixture
def address(graph, inbox):
    """Wait for the bridge's address on /diagnostics."""

    def wait(name):
        def of_bridge(message):
            statuses = {status.name: status for status in message.status}
            status = statuses.get(f"{name.lstrip('/')}: bridge")
            return status and {value.key: value.value for value in status.values}.get("address")

        node = graph.client().node
        node.create_subscription(DiagnosticArray, "/diagnostics", inbox.add, 10)
        return of_bridge(inbox.first(of_bridge))

    return wait


def _fetch(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_the_bridge_answers_over_http_at_the_address_that_diagnostics_name(book, graph, address):
    node = graph.assistant(**book, bridge_port=-1)
    assert node.start()

    url = address(node.get_fully_qualified_name())

    assert _fetch(f"{url}/health/ready")
    answer = _fetch(f"{url}/api/v1/chat", {"question": QUESTION})
    assert answer["grounded"]
    assert graph.client().meet().ask(QUESTION, "both").text == answer["answer"]


def test_the_bridge_is_there_while_the_node_is_active_only(book, graph, address):
    node = graph.assistant(**book, bridge_port=-1)
    assert node.start()
    url = address(node.get_fully_qualified_name())

    node.trigger_deactivate()
    with pytest.raises(urllib.error.URLError, match="refused"):
        _fetch(f"{url}/health")

    node.trigger_activate()
    assert _fetch(f"{node.bridge_address}/health")


def test_there_is_no_bridge_unless_it_is_asked_for(book, graph):
    node = graph.assistant(**book)
    assert node.start()

    assert node.bridge_address == ""


def test_a_port_in_use_is_named_before_the_book_is_taken_in(book, graph, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        node = graph.assistant(home=str(tmp_path), book=book["book"], bridge_port=port)

        assert not node.start()

    assert f"Port {port} of 127.0.0.1 is in use" in node.trouble
    assert list(tmp_path.iterdir()) == []


def test_the_bridge_shows_the_robot_simulated_in_the_process(book, graph, address, until):
    pytest.importorskip("mujoco")
    node = graph.assistant(**book, bridge_port=-1, robot="embedded")
    assert node.start()
    url = address(node.get_fully_qualified_name())

    until(lambda: _ready(f"{url}/health/ready"), "the robot is ready")

    assert _fetch(f"{url}/api/v1/robot/state")["activity"] == "idle"


def _ready(url):
    try:
        return bool(_fetch(url))
    except urllib.error.HTTPError:
        return False
