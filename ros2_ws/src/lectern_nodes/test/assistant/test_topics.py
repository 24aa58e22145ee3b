"""Questions and answers on topics."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

QUESTION = "How does a suction cup hold a part?"


def test_a_question_in_text_gets_an_answer_in_text_with_its_places(client):
    text = client.ask_text(QUESTION)

    assert "vacuum" in text
    assert "[1] Grippers > Suction cups" in text


def test_a_question_in_text_is_answered_on_the_topic_of_answers_too(client):
    client.ask_text("What does an encoder turn into counts?")

    answer = client.answers.first(lambda a: a.question == "What does an encoder turn into counts?")

    assert answer.grounded
    assert len(answer.question_id) == 32


def test_an_answer_carries_citations_that_are_exact_places_in_the_book(client):
    answer = client.ask(QUESTION, "exact")

    assert (answer.error_code, answer.error_msg, answer.grounded) == (0, "", True)
    assert answer.answerer == "extractive"
    assert answer.question == QUESTION
    assert 0 < answer.duration_s < 60
    assert answer.stamp.sec > 0
    citation = answer.citations[0]
    with open(citation.source, encoding="utf-8") as source:  # noqa: PTH123
        assert source.read()[citation.start : citation.end] == citation.quote


def test_the_pieces_of_an_answer_come_in_order_and_end_with_end(client):
    answer = client.ask(QUESTION, "pieces")
    chunks = client.chunks_of("pieces")

    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.kind for chunk in chunks].count(chunks[0].END) == 1
    assert chunks[0].kind == chunks[0].TOOL
    assert (chunks[0].tool, chunks[0].text) == ("search_book", QUESTION)
    tokens = [chunk.text for chunk in chunks if chunk.kind == chunk.TOKEN]
    assert "".join(tokens) == answer.text
    cited = [chunk.citation[0].quote for chunk in chunks if chunk.kind == chunk.CITATION]
    assert cited == [citation.quote for citation in answer.citations]


def test_what_the_book_does_not_say_is_said_with_the_nearest_sections(client):
    answer = client.ask("Who won the football championship of 1974?", "elsewhere")

    assert (answer.error_code, answer.grounded) == (0, False)
    assert answer.citations == []
    assert answer.near[0].heading


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Wie hält ein Sauger (suction cup) ein glattes Teil? ÄÖÜß", id="umlauts"),
        pytest.param("suction cup 吸盘 如何吸附零件", id="chinese"),
        pytest.param("🤖 suction cup? 👍🏽", id="emoji"),
        pytest.param("suction\u202ecup \u0000 \u200b?", id="controls"),
    ],
)
def test_any_unicode_is_answered(client, text):
    # A text of ROS ends at a zero character, so that none is put into the id.
    answer = client.ask(text, f"unicode {text}".replace("\0", ""))

    assert answer.error_code == 0
    assert answer.text


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        pytest.param("", 2, "The question is empty.", id="empty"),
        pytest.param(" \n\t ", 2, "The question is empty.", id="blank"),
        pytest.param(
            "x" * 501, 100, "The question has 501 characters; the limit is 500.", id="long"
        ),
        pytest.param("x" * 2_000_000, 100, "the limit is 500.", id="huge"),
    ],
)
def test_a_question_that_cannot_be_used_is_refused_by_name(client, text, code, says):
    question_id = f"unusable {len(text)}"
    answer = client.ask(text, question_id)

    assert answer.error_code == code
    assert says in answer.error_msg
    assert answer.text == ""
    assert [chunk.kind for chunk in client.chunks_of(question_id)] == [3]


def test_a_refusal_in_text_begins_with_error(client):
    assert client.ask_text("").startswith("error: The question is empty.")


def test_a_longer_id_than_is_allowed_is_refused_by_name(client):
    client.send(QUESTION, "i" * 129)

    answer = client.answers.first(lambda a: a.question_id == "i" * 128)

    assert answer.error_code == 2
    assert "129 characters" in answer.error_msg


@pytest.mark.parametrize("conversation", ["no identifier", "x" * 65, "../../etc", "ß"])
def test_a_malformed_conversation_is_refused_by_name(client, conversation):
    answer = client.ask(QUESTION, f"conversation {conversation}"[:128], conversation)

    assert answer.error_code == 2
    assert "is no identifier" in answer.error_msg


def test_a_follow_up_question_is_understood_within_its_conversation(client):
    first = client.ask(QUESTION, "first")
    second = client.ask("And what about porous cardboard?", "second", first.conversation_id)

    assert second.conversation_id == first.conversation_id
    search = client.chunks_of("second")[0]
    assert search.kind == search.TOOL
    assert "suction" in search.text.lower()


def test_a_question_without_id_gets_one(client):
    client.send("Which unit does the force have?", "")

    answer = client.answers.first(lambda a: a.question == "Which unit does the force have?")

    assert len(answer.question_id) == 32


def test_a_model_is_heard_while_it_speaks(talker, model):
    first = "A suction cup holds smooth parts by a vacuum of about 60 kPa below the air around it"
    model.pieces = [f"{first} [1]. ", "Porous cardboard "]
    talker.send(QUESTION, "spoken")

    spoken = talker.chunks.first(lambda c: c.kind == c.TOKEN and c.question_id == "spoken")

    assert spoken.text.startswith(first)
    assert not talker.answers.messages
    model.may_end.set()
    answer = talker.answers.first(lambda a: a.question_id == "spoken")
    assert answer.answerer == "generative"
    assert answer.citations
