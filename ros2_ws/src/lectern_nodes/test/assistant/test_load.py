"""Many questions at once."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

QUESTION = "How does a suction cup hold a part?"


def test_fifty_questions_at_once_are_all_answered(client):
    for number in range(50):
        client.send(QUESTION, f"of fifty {number}")

    answers = [
        client.answers.first(lambda a, n=number: a.question_id == f"of fifty {n}")
        for number in range(50)
    ]

    assert {answer.error_code for answer in answers} == {0}


def test_the_pieces_of_answers_that_are_made_at_once_keep_their_order(client):
    for number in range(20):
        client.send(QUESTION, f"mixed {number}")

    for number in range(20):
        chunks = client.chunks_of(f"mixed {number}")
        assert [chunk.index for chunk in chunks] == list(range(len(chunks)))


def test_more_than_may_wait_are_refused_by_name_and_nothing_is_lost(book, graph):
    assert graph.assistant(**book, workers=1, max_waiting=2).start()
    client = graph.client().meet()

    for number in range(300):
        client.send(QUESTION, str(number))

    answers = client.answers.until(300)
    assert {answer.question_id for answer in answers} == {str(number) for number in range(300)}
    assert {answer.error_code for answer in answers} == {0, 4}
    busy = next(answer for answer in answers if answer.error_code == 4)
    assert "requests are waiting already" in busy.error_msg


def test_the_executor_goes_on_while_every_place_is_taken(book, model, graph, monkeypatch, call):
    from lifecycle_msgs.srv import GetState

    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    assert graph.assistant(
        **book, answerer="generative", answer_threshold=0.0, workers=1, max_waiting=1
    ).start()
    client = graph.client().meet()
    goals = [client.send_goal(QUESTION) for _ in range(2)]
    assert model.asked.wait(60)

    assert call(GetState, "assistant_node/get_state").current_state.label == "active"
    assert client.search("force").error_code == 4
    assert client.ask(QUESTION, "one too many").error_code == 4
    for goal in goals:
        goal.cancel()


def test_fifty_searches_at_once_all_return(client):
    from lectern_interfaces.srv import SearchBook

    calls = [client.searches.call_async(SearchBook.Request(query="force", k=1)) for _ in range(50)]

    for call in calls:
        assert client.wait_for(call).error_code == 0
