"""Questions and answers between two processes over DDS."""

from __future__ import annotations

import pytest

pytest.importorskip("cyclonedds", reason="needs Python 3.11 and the extra dds")

from ddspeer import T
from graphkit import QUESTION

from lectern.error_numbers import NUMBERS
from lectern.graph.dds import offers
from lectern.graph.messages import CITATION, END, TOKEN, TOOL

pytestmark = pytest.mark.usefixtures("lectern")


def test_a_question_gets_the_answer_with_its_citations(peer):
    answer = peer.ask("mine", QUESTION)

    assert (answer.error_code, answer.error_msg) == (0, "")
    assert answer.grounded
    assert answer.question == QUESTION
    assert answer.answerer == "extractive"
    assert 0 < answer.duration_s < 60
    assert list(answer.citations[0].heading) == ["The Jacobian", "Tool velocity"]
    assert answer.citations[0].quote
    assert answer.conversation_id


def test_a_question_that_the_book_does_not_answer_is_told_so_with_the_nearest_sections(peer):
    answer = peer.ask("moon", "How many people have walked on the moon?")

    assert (answer.error_code, answer.grounded) == (0, False)
    assert list(answer.citations) == []
    assert answer.near


def test_the_pieces_of_an_answer_come_in_order_and_make_up_its_text(peer):
    chunks = peer.reader(offers.ANSWER_CHUNK)
    answer = peer.ask("pieces", QUESTION)

    pieces = []
    while not pieces or pieces[-1].kind != END:
        piece = chunks.next()
        if piece.question_id == "pieces":
            pieces.append(piece)

    assert [piece.index for piece in pieces] == list(range(len(pieces)))
    assert pieces[0].kind == TOOL
    assert "".join(piece.text for piece in pieces if piece.kind == TOKEN) == answer.text
    cited = [piece for piece in pieces if piece.kind == CITATION]
    assert [piece.number for piece in cited] == list(range(1, len(answer.citations) + 1))
    assert [piece.citation[0] for piece in cited] == list(answer.citations)


def test_a_typed_question_gets_a_typed_answer_and_a_full_one(peer):
    texts, answers = peer.reader(offers.ANSWER_TEXT), peer.reader(offers.ANSWER)
    peer.write(offers.QUESTION_TEXT, T.String(data=QUESTION))

    text = texts.next().data
    answer = answers.until(lambda answer: answer.question == QUESTION)

    assert text.startswith(answer.text)
    assert "jacobian.md#" in text
    assert answer.question_id


def test_a_typed_question_that_cannot_be_used_is_answered_with_the_error(peer):
    texts = peer.reader(offers.ANSWER_TEXT)
    peer.write(offers.QUESTION_TEXT, T.String(data="   "))

    assert texts.until(lambda text: text.data.startswith("error: ")).data.endswith(".")


def test_a_question_continues_its_conversation(peer):
    first = peer.ask("first", QUESTION)
    second = peer.ask("second", "And what does it map?", first.conversation_id)

    assert second.error_code == 0
    assert second.conversation_id == first.conversation_id


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        pytest.param(("a" * 128, ""), "invalid_input", "question", id="empty"),
        pytest.param(("long", "a" * 5000), "question_too_long", "4,000", id="long"),
        pytest.param(("talk", QUESTION, "../../etc"), "invalid_input", "etc", id="conversation"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(peer, question, code, said):
    chunks = peer.reader(offers.ANSWER_CHUNK)

    answer = peer.ask(*question)

    assert answer.error_code == NUMBERS[code]
    assert said in answer.error_msg
    assert (answer.text, list(answer.citations)) == ("", [])
    assert chunks.until(lambda chunk: chunk.question_id == question[0]).kind == END


def test_an_id_that_is_too_long_is_refused_with_its_beginning(peer):
    answers = peer.reader(offers.ANSWER)
    peer.write(offers.QUESTION, T.Question(id="b" * 129, text=QUESTION, conversation_id=""))

    answer = answers.until(lambda answer: answer.question_id == "b" * 128)

    assert answer.error_code == NUMBERS["invalid_input"]
    assert "129" in answer.error_msg


@pytest.mark.parametrize("topic", [offers.QUESTION, offers.QUESTION_TEXT], ids=lambda t: t.name)
def test_a_burst_of_questions_is_answered_or_refused_by_name_and_none_is_lost(peer, topic):
    answers = peer.reader(offers.ANSWER)
    peer.writer(topic)
    waiting = {f"{QUESTION} {topic.name} {number}" for number in range(200)}
    for text in sorted(waiting):
        typed = topic is offers.QUESTION_TEXT
        peer.write(topic, T.String(data=text) if typed else question_of(text))

    codes = []
    while waiting:
        answer = answers.until(lambda answer: answer.question in waiting)
        waiting.remove(answer.question)
        codes.append(answer.error_code)

    assert set(codes) == {0, NUMBERS["overloaded"]}  # one worker, eight may wait
    assert codes.count(0) >= 9


def question_of(text):
    return T.Question(id="", text=text, conversation_id="")
