"""Embedding models: one in process by default, others by setting."""

from __future__ import annotations

from lectern.errors import SettingsError
from lectern.retrieval.embedders.base import EmbeddedPassage, Embedder, Vectors
from lectern.settings import Settings

__all__ = ["EmbeddedPassage", "Embedder", "Vectors", "make_embedder"]


def make_embedder(settings: Settings) -> Embedder:
    """Build the embedder that `settings.embedder` names.

    Raises:
        SettingsError: No such provider.
        ModelMissing: The provider's package or model is not installed.
        ModelCorrupt: The model's files are not the published ones.
    """
    provider, _, model = settings.embedder.partition(":")
    if provider == "minilm" and not model:
        from lectern.retrieval.embedders.minilm import MiniLmEmbedder

        return MiniLmEmbedder(threads=settings.embed_threads)
    if provider == "fastembed" and model:
        from lectern.retrieval.embedders.fastembed import FastEmbedder

        return FastEmbedder(model)
    if provider == "openai" and model:
        from lectern.retrieval.embedders.endpoint import EndpointEmbedder

        return EndpointEmbedder(model, settings)
    raise SettingsError(
        f"The embedder {settings.embedder!r} is not known.",
        "Set LECTERN_EMBEDDER to minilm, fastembed:MODEL or openai:MODEL.",
    )
