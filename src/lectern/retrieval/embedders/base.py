"""What an embedding model must offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
CharSpan = tuple[int, int]


@dataclass(frozen=True)
class EmbeddedPassage:
    """Vectors of one text.

    Attributes:
        vector: Unit vector of the text, or of its beginning if the model cannot take it whole,
            shape (dimension,).
        windows: Unit vectors of the further windows of a long text, shape (windows, dimension).
        span_vectors: Unit vectors of the requested spans, shape (spans, dimension).
    """

    vector: Vectors
    windows: Vectors
    span_vectors: Vectors


class Embedder(Protocol):
    """Turns texts into unit vectors whose dot product is their similarity."""

    @property
    def name(self) -> str:
        """Identifier the index remembers, for example `minilm`."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension)."""
        ...

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """Embed each text together with character spans inside it (its sentences)."""
        ...


def unit(vectors: Vectors) -> Vectors:
    """Scale the last axis to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def embed_spans_as_texts(
    embedder: Embedder, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
) -> list[EmbeddedPassage]:
    """Embed spans as texts of their own, for models that cannot pool parts of a text."""
    pieces = [text[start:end] for text, own in zip(texts, spans, strict=True) for start, end in own]
    vectors = embedder.embed([*texts, *pieces])
    embedded, cursor = [], len(texts)
    for index, own in enumerate(spans):
        own_vectors = vectors[cursor : cursor + len(own)]
        embedded.append(EmbeddedPassage(vectors[index], vectors[:0], own_vectors))
        cursor += len(own)
    return embedded
