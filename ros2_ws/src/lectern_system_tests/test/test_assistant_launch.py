"""assistant.launch.py: answers, two namespaces, respawn, and what ends it."""

from __future__ import annotations

import os
import signal

import pytest
from launched import launched, ros2
from listening import first
from std_msgs.msg import String

ASSISTANT = ("lectern_bringup", "assistant.launch.py")
TEXT = "std_msgs/msg/String"
QUESTION = "{data: 'How much does a jaw hold at most?'}"


def test_a_question_from_the_shell_is_answered_and_ctrl_c_ends_everything_cleanly(
    new_home, listener
):
    answers = listener.on("/assistant/answer_text", String)
    with launched(*ASSISTANT, **new_home()) as launch:
        listener.until_healthy("assistant_node: node")
        ros2("topic pub --once /assistant/question_text", TEXT, QUESTION)
        assert "16 N" in first(answers).data
        assert "active" in ros2("lifecycle get /assistant_node")
        assert launch.stop() == 0
        launch.wait_for(r"\[assistant_node-1\]: process has finished cleanly")
        assert "Traceback" not in launch.output


def test_two_assistants_in_two_namespaces_answer_only_what_they_are_asked(new_home, listener):
    answers = {side: listener.on(f"/{side}/assistant/answer_text", String) for side in "ab"}
    with (
        launched(*ASSISTANT, "namespace:=a", **new_home()),
        launched(*ASSISTANT, "namespace:=b", **new_home()),
    ):
        for side in "ab":
            listener.until_healthy(f"{side}/assistant_node: node")
        for side in "ba":
            ros2(f"topic pub --once /{side}/assistant/question_text", TEXT, QUESTION)
            assert "16 N" in first(answers[side]).data
        assert all(inbox.empty() for inbox in answers.values())


def test_an_assistant_that_was_killed_comes_back_and_answers(new_home, listener):
    answers = listener.on("/assistant/answer_text", String)
    with launched(*ASSISTANT, **new_home()) as launch:
        listener.until_healthy("assistant_node: node")
        os.kill(launch.pid("assistant_node"), signal.SIGKILL)
        launch.pid("assistant_node", start=2)
        listener.until_healthy("assistant_node: node")
        ros2("topic pub --once /assistant/question_text", TEXT, QUESTION)
        assert "16 N" in first(answers).data
        assert launch.stop() == 0


def test_an_assistant_that_was_killed_stays_down_if_the_launch_says_so(new_home, listener):
    with launched(*ASSISTANT, "respawn:=false", **new_home()) as launch:
        listener.until_healthy("assistant_node: node")
        os.kill(launch.pid("assistant_node"), signal.SIGKILL)
        launch.ended()
        assert launch.output.count("process started") == 1


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        pytest.param("workers: 0", "workers", id="out of range"),
        pytest.param("book: /nowhere/at/all", "/nowhere/at/all", id="no book"),
    ],
)
def test_an_assistant_that_cannot_start_says_why_once_and_is_not_started_again(
    parameters, named, new_home, tmp_path
):
    file = tmp_path / "assistant.yaml"
    file.write_text(f"/**:\n  ros__parameters:\n    {parameters}\n", encoding="utf-8")
    with launched(*ASSISTANT, f"params_file:={file}", **new_home()) as launch:
        launch.ended()
        assert launch.output.count("process started") == 1
        assert "ended by itself and is not started again" in launch.output
        assert named in launch.output
        assert "Traceback" not in launch.output


def test_a_parameter_file_that_is_not_there_ends_the_launch_by_name():
    with launched(*ASSISTANT, "params_file:=/nowhere/my.yaml") as launch:
        assert launch.ended() == 1
        assert "params_file:=/nowhere/my.yaml is no file." in launch.output
        assert "process started" not in launch.output


def test_a_port_that_is_no_number_ends_the_launch_by_name():
    with launched(*ASSISTANT, "bridge_port:=http") as launch:
        assert launch.ended() == 1
        assert "bridge_port:=http is no whole number." in launch.output
