from types import SimpleNamespace

import pytest

from lectern.assistant.model import Answer, Citation, CitationFound, Done, Meta, Token
from lectern.graph.messages import (
    CITATION,
    END,
    TOKEN,
    TOOL,
    Chunks,
    answer_message,
    answer_text,
    time_message,
)


class Types:
    """Message classes that take any field."""

    def __getattr__(self, name: str):
        return lambda **fields: SimpleNamespace(type=name, **fields)


def cited(source: str = "/book/03.md") -> Citation:
    return Citation("p1", "Arms", ("Arms", "Jacobian"), "jacobian", source, "It maps.", 3, 11, 0.5)


def answer(*citations: Citation) -> Answer:
    return Answer("What?", "It maps. [1]", True, citations, "extractive", {"total": 1.0})


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        (0.0, (0, 0)),
        (1.25, (1, 250_000_000)),
        (2.999999999999, (2, 999_999_999)),
        (-0.5, (-1, 5e8)),
    ],
)
def test_a_time_never_has_a_whole_second_of_nanoseconds(seconds, parts):
    stamp = time_message(Types(), seconds)
    assert (stamp.sec, stamp.nanosec) == parts


def test_pieces_are_numbered_without_gaps_and_the_last_says_so():
    chunks = Chunks(Types(), "q7")
    events = (Meta("extractive", "arm"), CitationFound(1, cited()), Token("It "), Token("maps."))
    made = [*map(chunks.of, events), chunks.end()]
    assert [chunk.index for chunk in made] == [0, 1, 2, 3, 4]
    assert [chunk.kind for chunk in made] == [TOOL, CITATION, TOKEN, TOKEN, END]
    assert {chunk.question_id for chunk in made} == {"q7"}
    assert (made[0].tool, made[0].text) == ("search_book", "arm")
    assert (made[1].number, made[1].citation[0].quote) == (1, "It maps.")
    assert chunks.of(Done(answer())) is None


def test_a_source_whose_name_is_no_text_can_be_sent_all_the_same():
    given = answer(cited("/book/\udcff.md"))
    sent = answer_message(
        Types(), given, question_id="q", conversation_id="c", stamp=None, since_s=0.1
    )
    assert sent.citations[0].source == "/book/?.md"
    assert "/book/?.md#jacobian" in answer_text(given).encode().decode()
