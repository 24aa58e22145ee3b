"""The action `Ask`."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from action_msgs.msg import GoalStatus

QUESTION = "How does a suction cup hold a part?"


def test_a_goal_streams_its_answer_and_succeeds(client):
    goal = client.send_goal(QUESTION, "goal")

    status, result = goal.result()

    assert status == GoalStatus.STATUS_SUCCEEDED
    assert (result.error_code, result.error_msg) == (0, "")
    assert "vacuum" in result.answer.text
    assert result.answer.question_id == "goal"
    chunks = goal.feedback.messages
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.question_id for chunk in chunks} == {"goal"}
    assert chunks[0].kind == chunks[0].TOOL
    assert chunks[-1].kind == chunks[-1].END
    tokens = [chunk.text for chunk in chunks if chunk.kind == chunk.TOKEN]
    assert "".join(tokens) == result.answer.text


def test_a_goal_without_id_goes_by_the_id_of_the_goal(client):
    goal = client.send_goal(QUESTION)

    _, result = goal.result()

    assert result.answer.question_id == bytes(goal.handle.goal_id.uuid).hex()


def test_a_goal_that_cannot_be_used_is_aborted_by_name(client):
    status, result = client.send_goal("").result()

    assert status == GoalStatus.STATUS_ABORTED
    assert result.error_code == result.answer.error_code == 2
    assert (
        result.error_msg
        == result.answer.error_msg
        == ("The question is empty. Ask something about the book.")
    )


def test_cancelling_stops_the_model_and_is_told_by_name(talker, model):
    goal = talker.send_goal(QUESTION, "cancelled")
    assert model.asked.wait(60)

    assert len(goal.cancel().goals_canceling) == 1

    assert model.hung_up.wait(60)
    status, result = goal.result()
    assert status == GoalStatus.STATUS_CANCELED
    assert result.error_code == 6
    assert result.error_msg == "The question was cancelled."
    assert goal.feedback.first(lambda chunk: chunk.kind == chunk.END)


def test_a_goal_that_waits_for_its_turn_can_be_cancelled(book, model, graph, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    graph.assistant(
        **book, answerer="generative", answer_threshold=0.0, workers=1, max_waiting=1
    ).start()
    client = graph.client().meet()
    client.send_goal(QUESTION, "at work")
    assert model.asked.wait(60)
    waiting = client.send_goal(QUESTION, "waiting")

    waiting.cancel()

    assert waiting.result()[0] == GoalStatus.STATUS_CANCELED
    assert not model.hung_up.is_set()


def test_a_goal_that_has_ended_cannot_be_cancelled(client):
    goal = client.send_goal(QUESTION)
    goal.result()

    assert goal.cancel().goals_canceling == []


def test_fifty_goals_at_once_all_end(client):
    goals = [client.send_goal(QUESTION, f"many {number}") for number in range(50)]

    assert {goal.result()[0] for goal in goals} == {GoalStatus.STATUS_SUCCEEDED}
