"""Any model of the `fastembed` package, for those who have it and its model files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lectern.errors import ModelMissing
from lectern.retrieval.embedders.base import (
    CharSpan,
    EmbeddedPassage,
    Vectors,
    embed_spans_as_texts,
    unit,
)


class FastEmbedder:
    """Embeds with `fastembed.TextEmbedding`."""

    def __init__(self, model: str) -> None:
        try:
            from fastembed import TextEmbedding

            self._model = TextEmbedding(model)
        except ImportError as error:
            raise ModelMissing(
                f"The embedder fastembed:{model} needs the package fastembed.",
                "Install fastembed into Lectern's environment.",
            ) from error
        except Exception as error:  # fastembed raises many kinds when a download fails
            raise ModelMissing(
                f"fastembed cannot load the model {model}: {error}.",
                "Check its name and that its files can be downloaded or are cached.",
            ) from error
        self.name = f"fastembed:{model}"
        self.dimension = int(self.embed(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return unit(np.stack(list(self._model.embed(list(texts)))))

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """Embed texts and spans; see `Embedder.embed_passages`."""
        return embed_spans_as_texts(self, texts, spans)
