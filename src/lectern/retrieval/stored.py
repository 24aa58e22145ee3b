"""How a passage is laid out in the index: its text to embed, its payload, and back."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lectern.book.model import Passage, SourceKind
from lectern.book.plain import plain_text
from lectern.book.sentences import SentenceKind, Span, split_sentences
from lectern.retrieval.embedders.base import CharSpan, Vectors
from lectern.retrieval.index.base import Payload

# Passages are found by what their section is about, too; beyond three levels titles repeat.
_TRAIL_LEVELS = 3
_INT8 = 127.0


@dataclass(frozen=True)
class IndexText:
    """What is embedded and counted for a passage.

    Attributes:
        text: Trail and plain text.
        sentences: Spans of the passage's own text that may be quoted.
        spans: Where each sentence lies in `text`.
    """

    text: str
    sentences: tuple[Span, ...]
    spans: tuple[CharSpan, ...]


def index_text(passage: Passage) -> IndexText:
    """Put a passage's trail and the plain text of its sentences together."""
    text = " \u203a ".join(passage.heading[-_TRAIL_LEVELS:])
    sentences = tuple(split_sentences(passage.text))
    spans: list[CharSpan] = []
    for sentence in sentences:
        plain = plain_text(passage.text[sentence.start : sentence.end], passage.kind)
        text += "\n" if text else ""
        spans.append((len(text), len(text) + len(plain)))
        text += plain
    return IndexText(text, sentences, tuple(spans))


def to_payload(passage: Passage, indexed: IndexText, sentence_vectors: Vectors) -> Payload:
    """Return what the index stores beside the vectors."""
    quantised = np.clip(np.rint(sentence_vectors * _INT8), -_INT8, _INT8).astype(np.int8)
    return {
        "passage_id": passage.passage_id,
        "source": passage.source,
        "kind": passage.kind.value,
        "title": passage.title,
        "heading": list(passage.heading),
        "anchor": passage.anchor,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "sentences": [[s.start, s.end, s.kind.value] for s in indexed.sentences],
        "sentence_vectors": base64.b64encode(quantised.tobytes()).decode("ascii"),
    }


def to_passage(payload: Payload) -> Passage:
    """Return the passage of a payload."""
    return Passage(
        passage_id=payload["passage_id"],
        source=payload["source"],
        kind=SourceKind(payload["kind"]),
        title=payload["title"],
        heading=tuple(payload["heading"]),
        anchor=payload["anchor"],
        text=payload["text"],
        start=int(payload["start"]),
        end=int(payload["end"]),
    )


@dataclass(frozen=True)
class Sentences:
    """The sentences of a stored passage with their unit vectors, shape (sentences, dimension)."""

    spans: Sequence[Span]
    vectors: Vectors


def to_sentences(payload: Payload) -> Sentences:
    """Return the sentences of a payload."""
    spans = [
        Span(int(start), int(end), SentenceKind(kind)) for start, end, kind in payload["sentences"]
    ]
    raw = np.frombuffer(base64.b64decode(payload["sentence_vectors"]), np.int8)
    vectors = raw.reshape(len(spans), -1).astype(np.float32) / _INT8 if spans else raw.reshape(0, 1)
    return Sentences(spans, np.asarray(vectors, np.float32))
