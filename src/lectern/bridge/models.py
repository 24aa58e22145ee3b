"""What goes over the wire; separate from the values of the core, so that either may change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lectern.assistant.model import Answer, AnswererName, Citation, NearSection
from lectern.book.model import Passage, SourceKind
from lectern.retrieval.model import Hit, SearchResult

MAX_RESULTS = 100
_CITATION: dict[str, Any] = {
    "passage_id": "3f2a9c0d1e4b5a67",
    "title": "Forward kinematics and the Jacobian",
    "heading": ["Forward kinematics and the Jacobian", "The Jacobian"],
    "anchor": "the-jacobian",
    "source": "docs/book/03-kinematics.md",
    "quote": "The Jacobian maps joint velocities to the velocity of the tool.",
    "start": 10_412,
    "end": 10_475,
    "score": 0.91,
}
_ANSWER: dict[str, Any] = {
    "question": "How do I get the tool velocity from the joint velocities?",
    "answer": "The Jacobian maps joint velocities to the velocity of the tool. [1]",
    "grounded": True,
    "citations": [_CITATION],
    "answerer": "extractive",
    "timings_ms": {"embed": 6.2, "search": 1.4, "answer": 5.1, "total": 12.9},
    "near": [],
    "notice": "",
    "notice_code": "",
    "conversation_id": "kT0yJ3bq9sN1vXfZ5wQm2A",
}

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ResultCount = Annotated[int, Field(ge=1, le=MAX_RESULTS, description="How many results.")]


def shown_source(source: str) -> str:
    """Return a path that can be opened, relative to the current folder where it lies below it."""
    path = Path(source)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else source


def _encodable(text: str) -> str:
    # JSON can carry half a surrogate pair, which is no character and cannot be sent back.
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text holds half a surrogate pair, which is no character") from None
    return text


Text = Annotated[str, AfterValidator(_encodable)]


class ChatIn(BaseModel):
    """A question."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": _ANSWER["question"]}]})

    question: Text = Field(description="What you want to know, in your own words.")
    conversation_id: ConversationId | None = Field(
        default=None, description="As a previous answer gave it, to ask a follow-up question."
    )


class SearchIn(BaseModel):
    """A query."""

    query: Text = Field(description="What to look for.", examples=["manipulator Jacobian"])
    k: ResultCount = 10


class CitationOut(BaseModel):
    """The exact place that backs a sentence; `start` and `end` count characters."""

    passage_id: str
    title: str
    heading: list[str]
    anchor: str
    source: str
    quote: str
    start: int
    end: int
    score: float

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        """Convert a citation."""
        return cls(
            passage_id=citation.passage_id,
            title=citation.title,
            heading=list(citation.heading),
            anchor=citation.anchor,
            source=shown_source(citation.source),
            quote=citation.quote,
            start=citation.start,
            end=citation.end,
            score=citation.score,
        )


class NearOut(BaseModel):
    """A section close to a question that the book does not answer."""

    passage_id: str
    title: str
    heading: list[str]
    anchor: str
    source: str
    score: float

    @classmethod
    def of(cls, near: NearSection) -> NearOut:
        """Convert a near section."""
        return cls(
            passage_id=near.passage_id,
            title=near.title,
            heading=list(near.heading),
            anchor=near.anchor,
            source=shown_source(near.source),
            score=near.score,
        )


class ChatOut(BaseModel):
    """An answer; `[n]` in it refers to `citations[n - 1]`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})

    question: str
    answer: str = Field(description="Markdown.")
    grounded: bool = Field(description="False when the book does not answer.")
    citations: list[CitationOut]
    answerer: AnswererName
    timings_ms: dict[str, float]
    near: list[NearOut] = Field(description="Nearest sections when the book does not answer.")
    notice: str = Field(description="What to know about how the answer came about, or empty.")
    notice_code: str
    conversation_id: str
    trace: dict[str, Any] | None = Field(default=None, description="Only with `?trace=true`.")

    @classmethod
    def of(cls, answer: Answer, conversation_id: str, *, trace: bool) -> ChatOut:
        """Convert an answer."""
        return cls(
            question=answer.question,
            answer=answer.answer,
            grounded=answer.grounded,
            citations=[CitationOut.of(citation) for citation in answer.citations],
            answerer=answer.answerer,
            timings_ms=answer.timings_ms,
            near=[NearOut.of(near) for near in answer.near],
            notice=answer.notice,
            notice_code=answer.notice_code,
            conversation_id=conversation_id,
            trace=answer.trace if trace else None,
        )


class MetaEvent(BaseModel):
    """Data of the first event of a stream."""

    conversation_id: str
    request_id: str
    answerer: AnswererName
    search_query: str


class TokenEvent(BaseModel):
    """Data of a `token` event: a piece of the answer."""

    text: str


class CitationEvent(BaseModel):
    """Data of a `citation` event; `number` is the `[n]` in the answer."""

    number: int
    citation: CitationOut


class ResultOut(BaseModel):
    """A passage that was found."""

    passage_id: str
    title: str
    heading: list[str]
    anchor: str
    source: str
    text: str
    score: float

    @classmethod
    def of(cls, hit: Hit) -> ResultOut:
        """Convert a hit."""
        return cls(
            passage_id=hit.passage.passage_id,
            title=hit.passage.title,
            heading=list(hit.passage.heading),
            anchor=hit.passage.anchor,
            source=shown_source(hit.passage.source),
            text=hit.passage.text,
            score=hit.score,
        )


class SearchOut(BaseModel):
    """Passages for one query, the best first."""

    query: str
    results: list[ResultOut]
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, result: SearchResult) -> SearchOut:
        """Convert a search result."""
        return cls(
            query=result.query,
            results=[ResultOut.of(hit) for hit in result.hits],
            timings_ms=result.timings_ms,
        )


class PassageOut(BaseModel):
    """One passage; `text` is the document's text from `start` to `end`, in characters."""

    passage_id: str
    title: str
    heading: list[str]
    anchor: str
    source: str
    kind: SourceKind
    text: str
    start: int
    end: int
    extracted_text: str | None = Field(
        description="For HTML, notebooks and PDF the whole text that offsets refer to; null for "
        "formats whose offsets refer to the file itself."
    )

    @classmethod
    def of(cls, passage: Passage, extracted_text: str | None) -> PassageOut:
        """Convert a passage."""
        return cls(
            passage_id=passage.passage_id,
            title=passage.title,
            heading=list(passage.heading),
            anchor=passage.anchor,
            source=shown_source(passage.source),
            kind=passage.kind,
            text=passage.text,
            start=passage.start,
            end=passage.end,
            extracted_text=extracted_text,
        )


class HealthOut(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"
    version: str


class PartOut(BaseModel):
    """Readiness of one part."""

    ready: bool
    detail: str


class ReadyOut(BaseModel):
    """Readiness as a whole and of each part by name."""

    ready: bool
    parts: dict[str, PartOut]
