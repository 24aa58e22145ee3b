"""From the values of the core to ROS messages, for `rclpy` and for plain DDS alike.

Both have classes with the same names and the same fields, taken by keyword. So the functions below
are given the classes, as attributes of `types`, and know neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from lectern.assistant.model import (
    Answer,
    AnswerEvent,
    Citation,
    CitationFound,
    Meta,
    NearSection,
    Token,
)
from lectern.error_numbers import OK, message_of, number_of
from lectern.retrieval.model import Hit

# As in AnswerChunk.msg.
TOKEN, CITATION, TOOL, END = range(4)
SEARCH_TOOL = "search_book"


def printable(text: str) -> str:
    """Return a path, or what names one, as it can be sent; what is no text in it becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def time_message(types: Any, seconds: float) -> Any:
    """Return a `builtin_interfaces/Time`; the nanoseconds are rounded down."""
    whole = math.floor(seconds)
    return types.Time(sec=int(whole), nanosec=min(int((seconds - whole) * 1e9), 999_999_999))


def answer_message(
    types: Any,
    answer: Answer,
    *,
    question_id: str,
    conversation_id: str,
    stamp: Any,
    since_s: float,
) -> Any:
    """Return an `Answer` message.

    Args:
        types: Holds the message classes.
        answer: Of the core.
        question_id: Of the question.
        conversation_id: Of its conversation.
        stamp: A `Time` message.
        since_s: Time from the question's arrival, s.
    """
    return types.Answer(
        stamp=stamp,
        question_id=question_id,
        conversation_id=conversation_id,
        question=answer.question,
        text=answer.answer,
        grounded=answer.grounded,
        citations=[citation_message(types, citation) for citation in answer.citations],
        near=[_near(types, near) for near in answer.near],
        answerer=answer.answerer,
        notice=answer.notice,
        notice_code=answer.notice_code,
        duration_s=float(since_s),
        error_code=OK,
        error_msg="",
    )


def refusal_message(
    types: Any,
    error: Exception,
    *,
    question_id: str,
    conversation_id: str,
    question: str,
    stamp: Any,
    since_s: float,
) -> Any:
    """Return the `Answer` message of a question that got none, by the name of what went wrong."""
    return types.Answer(
        stamp=stamp,
        question_id=question_id,
        conversation_id=conversation_id,
        question=question,
        text="",
        grounded=False,
        citations=[],
        near=[],
        answerer="",
        notice="",
        notice_code="",
        duration_s=float(since_s),
        error_code=number_of(error),
        error_msg=printable(message_of(error)),
    )


def citation_message(types: Any, citation: Citation) -> Any:
    """Return a `Citation` message."""
    return types.Citation(
        passage_id=citation.passage_id,
        title=citation.title,
        heading=list(citation.heading),
        anchor=citation.anchor,
        source=printable(citation.source),
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        score=float(citation.score),
    )


def hit_messages(types: Any, hits: Iterable[Hit]) -> list[Any]:
    """Return a `SearchHit` message for each hit."""
    return [
        types.SearchHit(
            passage_id=hit.passage.passage_id,
            title=hit.passage.title,
            heading=list(hit.passage.heading),
            anchor=hit.passage.anchor,
            source=printable(hit.passage.source),
            text=hit.passage.text,
            score=float(hit.score),
        )
        for hit in hits
    ]


def answer_text(answer: Answer) -> str:
    """Return an answer for hands on a keyboard: its text, then where each citation leads."""
    places = [
        f"[{number}] {_place(citation)}"
        for number, citation in enumerate(answer.citations, start=1)
    ]
    near = [f"- {' > '.join(near.heading)}" for near in answer.near]
    nearest = ["The nearest sections:", *near] if near else []
    notice = [answer.notice] if answer.notice else []
    return "\n".join([answer.answer, *notice, *places, *nearest])


class Chunks:
    """Numbers the pieces of one answer.

    Args:
        types: Holds the message classes.
        question_id: Of the question.
    """

    def __init__(self, types: Any, question_id: str) -> None:
        self._types = types
        self._question_id = question_id
        self._index = 0

    def of(self, event: AnswerEvent) -> Any | None:
        """Return the `AnswerChunk` of an event; None for the last one, which `end` replaces."""
        if isinstance(event, Token):
            return self._chunk(TOKEN, text=event.text)
        if isinstance(event, CitationFound):
            citation = citation_message(self._types, event.citation)
            return self._chunk(CITATION, number=event.number, citation=[citation])
        if isinstance(event, Meta):
            return self._chunk(TOOL, tool=SEARCH_TOOL, text=event.search_query)
        return None

    def end(self) -> Any:
        """Return the last `AnswerChunk`, however the answer came out."""
        return self._chunk(END)

    def _chunk(self, kind: int, **fields: Any) -> Any:
        given: dict[str, Any] = {"text": "", "number": 0, "citation": [], "tool": "", **fields}
        chunk = self._types.AnswerChunk(
            question_id=self._question_id, index=self._index, kind=kind, **given
        )
        self._index += 1
        return chunk


def _place(citation: Citation) -> str:
    trail = " > ".join(citation.heading)
    return f"{trail} ({printable(citation.source)}#{citation.anchor})"


def _near(types: Any, near: NearSection) -> Any:
    return types.NearSection(
        passage_id=near.passage_id,
        title=near.title,
        heading=list(near.heading),
        anchor=near.anchor,
        source=printable(near.source),
        score=float(near.score),
    )
