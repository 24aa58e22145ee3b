"""What the assistant says: answers, their citations, and the events of a streamed answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from lectern.book.model import Passage

AnswererName = Literal["extractive", "generative"]


@dataclass(frozen=True)
class Citation:
    """The exact place in the book that backs a sentence.

    Attributes:
        passage_id: The passage that holds the quote.
        title: Title of the document.
        heading: Trail of the section, the document's title first.
        anchor: Fragment identifier of the section, without `#`.
        source: Path of the source file, absolute.
        quote: `document.text[start:end]`, character for character.
        start: Offset of the quote in the document's text (see `lectern.book.model`).
        end: Offset after the quote.
        score: Relevance of the passage to the question, 0 to 1.
    """

    passage_id: str
    title: str
    heading: tuple[str, ...]
    anchor: str
    source: str
    quote: str
    start: int
    end: int
    score: float

    @classmethod
    def of(cls, passage: Passage, start: int, end: int, score: float) -> Citation:
        """Cite `passage.text[start:end]`."""
        return cls(
            passage_id=passage.passage_id,
            title=passage.title,
            heading=passage.heading,
            anchor=passage.anchor,
            source=passage.source,
            quote=passage.text[start:end],
            start=passage.start + start,
            end=passage.start + end,
            score=score,
        )


@dataclass(frozen=True)
class NearSection:
    """A section close to a question that the book does not answer."""

    passage_id: str
    title: str
    heading: tuple[str, ...]
    anchor: str
    source: str
    score: float


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: As it was asked.
        answer: Markdown; `[n]` after a sentence refers to `citations[n - 1]`.
        grounded: False when the book does not answer; `citations` is empty then.
        citations: In the order of their numbers.
        answerer: Which answerer wrote it.
        timings_ms: Milliseconds by step, and `total`.
        near: Nearest sections, filled when the book does not answer.
        notice: What the reader should know about how the answer came about, for example that
            the model endpoint failed and the answer is extractive; empty otherwise.
        notice_code: Stable code of the error behind the notice; empty otherwise.
        trace: How retrieval came to its passages (JSON-ready).
    """

    question: str
    answer: str
    grounded: bool
    citations: tuple[Citation, ...]
    answerer: AnswererName
    timings_ms: dict[str, float]
    near: tuple[NearSection, ...] = ()
    notice: str = ""
    notice_code: str = ""
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Meta:
    """First event: what the answer will be made from."""

    answerer: AnswererName
    search_query: str


@dataclass(frozen=True)
class Token:
    """A piece of the answer's text, in order."""

    text: str


@dataclass(frozen=True)
class CitationFound:
    """A citation with its number (counted from 1)."""

    number: int
    citation: Citation


@dataclass(frozen=True)
class Done:
    """Last event; `answer.answer` is authoritative over the tokens before it."""

    answer: Answer


AnswerEvent = Meta | Token | CitationFound | Done


@dataclass(frozen=True)
class Turn:
    """One exchange of a conversation, the oldest first in any list of them."""

    question: str
    answer: str
