"""Embeddings from any OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lectern.errors import EndpointUnavailable, SettingsError
from lectern.retrieval.embedders.base import (
    CharSpan,
    EmbeddedPassage,
    Vectors,
    embed_spans_as_texts,
    unit,
)
from lectern.settings import Settings

# The most texts that OpenAI, Gemini, Ollama and vLLM all take in one request.
_BATCH = 64


class EndpointEmbedder:
    """Embeds through `POST /embeddings`; one request for at most 64 texts."""

    def __init__(self, model: str, settings: Settings) -> None:
        import openai

        key = settings.openai_api_key.get_secret_value()
        if not key and not settings.openai_base_url:
            raise SettingsError(
                f"The embedder openai:{model} needs an endpoint.",
                "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a local one.",
            )
        self._client = openai.OpenAI(
            api_key=key or "none",
            base_url=settings.openai_base_url or None,
            timeout=settings.chat_timeout_s,
            max_retries=settings.chat_retries,
        )
        self._failures = openai.OpenAIError
        self._model = model
        self.name = f"openai:{model}"
        self.dimension = int(self.embed(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension).

        Raises:
            EndpointUnavailable: The endpoint failed after the configured retries.
        """
        rows: list[list[float]] = []
        try:
            for start in range(0, len(texts), _BATCH):
                reply = self._client.embeddings.create(
                    model=self._model,
                    input=list(texts[start : start + _BATCH]),
                    encoding_format="float",
                )
                rows += [item.embedding for item in reply.data]
        except self._failures as error:
            raise EndpointUnavailable(
                f"The embeddings endpoint did not answer for the model {self._model}: {error}",
                "Check OPENAI_BASE_URL, OPENAI_API_KEY and the model's name.",
            ) from error
        if not rows:
            return np.zeros((0, self.dimension), np.float32)
        return unit(np.array(rows, np.float32))

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """Embed texts and spans; see `Embedder.embed_passages`."""
        return embed_spans_as_texts(self, texts, spans)
