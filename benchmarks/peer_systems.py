"""Lectern, LlamaIndex and Haystack behind one small interface, with the same embedder below.

The peers are put together as their own documentation shows hybrid retrieval; where that wants a
model, their hook for a custom embedder calls Lectern's. The texts they get are those that Lectern
embeds and counts: title and text of each document.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from lectern.evaluate import open_corpus
from lectern.retrieval.embedders import make_embedder
from lectern.retrieval.embedders.base import CharSpan, EmbeddedPassage, Embedder, Vectors
from lectern.retrieval.evaluation import corpus_records
from lectern.retrieval.search import Searcher
from lectern.settings import Settings

RESULTS = 10
_BATCH = 64


class TimedEmbedder:
    """Lectern's embedder with a clock, so that every system can be seen without it."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name = inner.name
        self.dimension = inner.dimension
        self.seconds = 0.0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        started = time.perf_counter()
        try:
            return self._inner.embed(texts)
        finally:
            self.seconds += time.perf_counter() - started

    def embed_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[CharSpan]]
    ) -> list[EmbeddedPassage]:
        """See `Embedder.embed_passages`."""
        started = time.perf_counter()
        try:
            return self._inner.embed_passages(texts, spans)
        finally:
            self.seconds += time.perf_counter() - started


class System(Protocol):
    """One way to search."""

    @property
    def depths(self) -> Sequence[int]:
        """Lengths of the lists that may be fused; the first is the documented default."""
        ...

    def index(self, folder: Path) -> int:
        """Take the corpus of a BEIR-form folder in; return the number of documents."""
        ...

    def search(self, question: str, depth: int) -> list[str]:
        """Return the ids of the ten best documents."""
        ...


class LecternSystem:
    """Lectern as it is."""

    depths = (1_000,)

    def __init__(self, settings: Settings, embedder: TimedEmbedder) -> None:
        self._settings = settings
        self._embedder = embedder

    def index(self, folder: Path) -> int:
        """See `System.index`."""
        opened, names = open_corpus(self._settings, folder, self._embedder, lambda _: None)
        self._searcher = Searcher(opened.index, self._embedder, opened.statistics)
        return len(names)

    def search(self, question: str, depth: int) -> list[str]:
        """See `System.search`; the depth is Lectern's own."""
        found = self._searcher.find(question, RESULTS)
        return [hit.passage.passage_id for hit in found.result.hits]


class LlamaIndexSystem:
    """`VectorStoreIndex` and `BM25Retriever` under `QueryFusionRetriever`, reciprocal rerank.

    No queries are generated (that needs a language model), and the retrievers run one after the
    other, which is faster here than an event loop for each query.
    """

    depths = (RESULTS, 100)

    def __init__(self, settings: Settings, embedder: TimedEmbedder) -> None:
        from llama_index.core.base.embeddings.base import BaseEmbedding

        class Adapter(BaseEmbedding):
            def _get_query_embedding(self, query: str) -> list[float]:
                return list(embedder.embed([query])[0].tolist())

            def _get_text_embedding(self, text: str) -> list[float]:
                return self._get_query_embedding(text)

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return list(embedder.embed(texts).tolist())

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return self._get_query_embedding(query)

        self._model = Adapter(model_name=embedder.name, embed_batch_size=_BATCH)

    def index(self, folder: Path) -> int:
        """See `System.index`."""
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        nodes: list[Any] = [
            TextNode(id_=record.passage.passage_id, text=record.text.text)
            for record in corpus_records(folder)
        ]
        index = VectorStoreIndex(nodes=nodes, embed_model=self._model)
        self._retrievers = {depth: self._retriever(index, nodes, depth) for depth in self.depths}
        return len(nodes)

    @staticmethod
    def _retriever(index: Any, nodes: Any, depth: int) -> Any:
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
        from llama_index.retrievers.bm25 import BM25Retriever

        return QueryFusionRetriever(
            [
                index.as_retriever(similarity_top_k=depth),
                BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=depth),
            ],
            llm=MockLLM(),
            mode=FUSION_MODES.RECIPROCAL_RANK,
            similarity_top_k=RESULTS,
            num_queries=1,
            use_async=False,
        )

    def search(self, question: str, depth: int) -> list[str]:
        """See `System.search`."""
        return [found.node.node_id for found in self._retrievers[depth].retrieve(question)]


class HaystackSystem:
    """In-memory BM25 and embedding retrievers under `DocumentJoiner`, reciprocal rank fusion."""

    depths = (RESULTS, 100)

    def __init__(self, settings: Settings, embedder: TimedEmbedder) -> None:
        self._embedder = embedder

    def index(self, folder: Path) -> int:
        """See `System.index`."""
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        records = corpus_records(folder)
        vectors = self._embedder.embed([record.text.text for record in records])
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(
            [
                Document(
                    id=record.passage.passage_id,
                    content=record.text.text,
                    embedding=vector.tolist(),
                )
                for record, vector in zip(records, vectors, strict=True)
            ]
        )
        self._pipelines = {depth: self._pipeline(store, depth) for depth in self.depths}
        return len(records)

    def _pipeline(self, store: Any, depth: int) -> Any:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import (
            InMemoryBM25Retriever,
            InMemoryEmbeddingRetriever,
        )

        pipeline = Pipeline()
        pipeline.add_component("text_embedder", _haystack_embedder(self._embedder))
        pipeline.add_component(
            "embedding_retriever", InMemoryEmbeddingRetriever(store, None, depth)
        )
        pipeline.add_component("bm25_retriever", InMemoryBM25Retriever(store, None, depth))
        pipeline.add_component("joiner", DocumentJoiner("reciprocal_rank_fusion", top_k=RESULTS))
        pipeline.connect("text_embedder.embedding", "embedding_retriever.query_embedding")
        pipeline.connect("embedding_retriever", "joiner")
        pipeline.connect("bm25_retriever", "joiner")
        return pipeline

    def search(self, question: str, depth: int) -> list[str]:
        """See `System.search`."""
        found = self._pipelines[depth].run(
            {"text_embedder": {"text": question}, "bm25_retriever": {"query": question}}
        )
        return [document.id for document in found["joiner"]["documents"]]


def _haystack_embedder(embedder: TimedEmbedder) -> Any:
    from haystack import component

    @component
    class Adapter:
        @component.output_types(embedding=list[float])
        def run(self, text: str) -> dict[str, list[float]]:
            return {"embedding": embedder.embed([text])[0].tolist()}

    return Adapter()


SYSTEMS: dict[str, Callable[[Settings, TimedEmbedder], System]] = {
    "lectern": LecternSystem,
    "llama_index": LlamaIndexSystem,
    "haystack": HaystackSystem,
}


def make_system(name: str, settings: Settings) -> tuple[System, TimedEmbedder]:
    """Build one of `SYSTEMS` by name."""
    embedder = TimedEmbedder(make_embedder(settings))
    return SYSTEMS[name](settings, embedder), embedder
