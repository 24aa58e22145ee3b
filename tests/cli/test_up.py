from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

READY = re.compile(r"Lectern is ready at (http://127\.0\.0\.1:\d+)\n")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_up_indexes_serves_and_ends_in_order(start, ending):
    process = start("up", "--port", "0", "--no-robot")
    address = READY.fullmatch(process.stdout.readline().decode())[1]

    request = urllib.request.Request(
        f"{address}/api/v1/chat",
        json.dumps({"question": "How do I get the tool velocity?"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer = json.load(reply)
    process.send_signal(ending)
    rest, said = process.communicate(timeout=20)

    assert answer["citations"]
    assert process.returncode == 0
    assert rest == b""
    assert b"Took in" in said
    assert b"chat endpoint: None in use" in said
    assert b"Traceback" not in said


def test_up_brings_the_robot_and_ends_in_order(start):
    process = start("up", "--port", "0")
    address = READY.fullmatch(process.stdout.readline().decode())[1]

    end = time.monotonic() + 60
    while not _parts(address)["robot"]["ready"]:
        assert time.monotonic() < end
        # Each question writes a line of log, and nobody reads the pipe before the end.
        threading.Event().wait(0.5)
    with urllib.request.urlopen(f"{address}/api/v1/robot/state", timeout=10) as reply:
        state = json.load(reply)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)

    assert state["activity"] == "idle"
    assert process.returncode == 0, said.decode()
    assert b"Traceback" not in said


def test_up_ends_in_order_while_the_robot_is_still_starting(start):
    process = start("up", "--port", "0")
    READY.fullmatch(process.stdout.readline().decode())

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 0, said.decode()
    assert b"Traceback" not in said


def test_without_a_robot_that_is_said_and_holds_nothing_up(start):
    process = start("up", "--port", "0", "--no-robot")
    address = READY.fullmatch(process.stdout.readline().decode())[1]

    robot = _parts(address)["robot"]

    assert robot == {"ready": True, "detail": "left out (--no-robot or LECTERN_ROBOT=none)"}


def _parts(address):
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=60) as reply:
            return json.load(reply)["parts"]
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)["parts"]


def test_a_port_in_use_is_named_before_anything_is_indexed(lectern, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = lectern("up", "--port", port)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: Port {port} of 127.0.0.1 is in use")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["--port", "70000"], "Invalid value for '--port'", id="port"),
        pytest.param(["--book", "nowhere", "--port", "0"], "does not exist.", id="book"),
    ],
)
def test_wrong_use_exits_with_2(lectern, args, said):
    result = lectern("up", *args)

    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
