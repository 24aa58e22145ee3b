"""The node as a process of its own, started as people start it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

QUESTION = "How does a suction cup hold a part?"
ROS2_RUN = ("ros2", "run", "lectern_nodes", "assistant_node")


def executable():
    """What `ros2 launch` starts: no `ros2 run` around it, which would end on a SIGTERM itself."""
    from ament_index_python import get_package_prefix

    return (f"{get_package_prefix('lectern_nodes')}/lib/lectern_nodes/assistant_node",)


class Process:
    """A running node and what it prints."""

    def __init__(self, command, arguments, parameters):
        given = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
        # A group of its own: `ros2 run` leaves signals to the terminal, which sends them to all.
        self._process = subprocess.Popen(
            [*command, "--ros-args", *arguments, *given],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        self.output.extend(self._process.stdout)

    def signal(self, number):
        os.killpg(self._process.pid, number)

    def exit_code(self):
        code = self._process.wait(60)
        self._reader.join(60)
        return code

    def end(self):
        if self._process.poll() is None:
            self.signal(signal.SIGKILL)
        self._process.wait(60)
        self._reader.join(60)
        self._process.stdout.close()


@contextmanager
def running(*arguments, command=ROS2_RUN, **parameters):
    process = Process(command, arguments, parameters)
    try:
        yield process
    finally:
        process.end()


def is_answered(client):
    """Ask once. The node may hear of who listens later than they hear of the node."""
    from std_msgs.msg import String

    client.question_texts.publish(String(data=QUESTION))
    try:
        client.texts.first(lambda text: not text.data.startswith("error"), limit_s=1.0)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "command"),
    [
        pytest.param(signal.SIGINT, lambda: ROS2_RUN, id="SIGINT"),
        pytest.param(signal.SIGTERM, executable, id="SIGTERM"),
    ],
)
def test_it_answers_once_it_is_started_and_ends_cleanly_on(number, command, book, graph, until):
    namespace = ("-r", f"__ns:={graph.namespace}")
    with running(*namespace, command=command(), **book) as process:
        client = graph.client().meet()
        until(lambda: is_answered(client), "an answer")

        process.signal(number)

        assert process.exit_code() == 0
        assert "Traceback" not in "".join(process.output)


def test_who_waits_is_refused_by_name_when_the_process_is_told_to_stop(
    book, graph, model, monkeypatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    namespace = ("-r", f"__ns:={graph.namespace}")
    parameters = {**book, "answerer": "generative", "answer_threshold": 0.0}
    with running(*namespace, **parameters) as process:
        client = graph.client().meet()
        number = 0
        while not model.asked.is_set():
            # Refused until it is active.
            client.send(QUESTION, f"waits {number}")
            number += 1
            model.asked.wait(0.2)

        process.signal(signal.SIGINT)

        assert client.answers.first(lambda answer: answer.error_code == 5)
        assert process.exit_code() == 0


def test_a_missing_book_is_one_error_line_and_exit_code_1(graph, tmp_path):
    with running(home=tmp_path / "home", book=tmp_path / "nowhere") as process:
        assert process.exit_code() == 1

    errors = [line for line in process.output if "[ERROR]" in line and "nowhere" in line]
    assert len(errors) == 1
    assert "Traceback" not in "".join(process.output)


def test_a_parameter_that_cannot_be_used_is_one_error_line_and_exit_code_1(graph):
    with running(workers=0) as process:
        assert process.exit_code() == 1

    (line,) = [line for line in process.output if line.startswith("error: ")]
    assert "workers" in line
    assert "Traceback" not in "".join(process.output)


def test_a_signal_while_the_book_is_taken_in_ends_it_cleanly(book, tmp_path, until):
    with running(home=tmp_path, book=book["book"]) as process:
        until(lambda: any(line.startswith("Reading") for line in process.output), "it has begun")

        process.signal(signal.SIGINT)

        assert process.exit_code() == 0
        assert "Traceback" not in "".join(process.output)


def test_it_waits_for_a_manager_when_told_to(book, graph, call):
    from lifecycle_msgs.srv import GetState

    with running("-r", f"__ns:={graph.namespace}", autostart="false", **book) as process:
        state = call(GetState, "assistant_node/get_state").current_state

        assert state.label == "unconfigured"
        process.signal(signal.SIGINT)
        assert process.exit_code() == 0
