"""Hybrid search in two rounds: dense and sparse lists are fused, the best passages are fed back.

question -> unit vector, BM25 weights
round 1     nearest dense + nearest sparse -> fused
round 2     query moved and expanded by the three best -> nearest dense + sparse -> fused
relevance   a probability from the exact cosine and the share of the best possible BM25 score
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lectern.retrieval.bm25 import SparseVector, TermStatistics, query_vector, term_id
from lectern.retrieval.embedders.base import Embedder, Vectors
from lectern.retrieval.feedback import expand_dense, expand_sparse, passage_weights
from lectern.retrieval.fusion import FusionParameters, Side, fuse
from lectern.retrieval.index.base import (
    NOTHING,
    PassageIndex,
    Payload,
    PointId,
    Scored,
    StoredVectors,
    by_passage,
    point_id,
)
from lectern.retrieval.model import Hit, SearchResult
from lectern.retrieval.spelling import correct
from lectern.retrieval.stored import Sentences, to_passage, to_sentences
from lectern.retrieval.terms import analyze, stem

# Logistic regression of "this passage is relevant" on (cosine, share of the best possible BM25
# score, 1 / rank), fitted by `benchmarks/fit_answers.py` on the development questions.
RELEVANCE_INTERCEPT = -3.821
RELEVANCE_COSINE = 1.897
RELEVANCE_SHARE = 1.655
RELEVANCE_RANK = 2.579
# Words that carry a question, not its topic: whether a book uses them says nothing about what it
# answers, least of all in a short book.
_QUESTION_WORDS = frozenset(
    stem(word)
    for word in (
        *("how", "what", "why", "when", "where", "which", "who", "whose", "do", "does", "did"),
        *("i", "me", "my", "you", "your", "we", "our", "us", "he", "she", "its", "am", "were"),
        *("can", "could", "should", "would", "may", "might", "must", "shall", "has", "have", "had"),
        *("so", "than", "about", "please", "tell", "explain", "mean", "there", "from", "get", "s"),
    )
)
# Words that say how or how well, not what: they count little, known or not.
_LIGHT_WORDS = frozenset(
    stem(word)
    for word in (
        *("advantage", "disadvantage", "benefit", "drawback", "pros", "cons", "difference"),
        *("differ", "different", "versus", "vs", "compare", "reason", "purpose", "point", "cause"),
        *("example", "thing", "things", "stuff", "way", "kind", "sort", "piece", "information"),
        *("need", "want", "like", "prefer", "help", "try", "know", "think", "understand", "learn"),
        *("good", "bad", "better", "best", "worse", "worst", "great", "easy", "hard", "simple"),
        *("wrong", "right", "weird", "strange", "crazy", "problem", "issue", "trouble", "happen"),
        *("make", "give", "take", "put", "say", "show", "look", "seem", "see", "come", "go"),
        *("keep", "start", "use", "used", "using", "work", "call", "let", "instead", "out", "up"),
        *("always", "never", "often", "sometimes", "almost", "nearly", "very", "quite", "too"),
        *(
            "over",
            "just",
            "only",
            "even",
            "still",
            "again",
            "although",
            "though",
            "while",
            "because",
        ),
        *("some", "any", "all", "every", "each", "many", "much", "more", "most", "lot", "few"),
        *("one", "two", "three", "several", "other", "same", "exactly", "anyone", "anybody"),
        *("possible", "really", "actually", "suddenly", "slowly", "wildly", "without", "own"),
        *("new", "old", "big", "small", "fast", "slow", "now", "then", "everything", "nothing"),
    )
)
_LIGHT = 0.3
# How unknown a word is that was taken for a misspelling of a known one.
_MISSPELT = 0.3
_SHORTEST_UNKNOWN = 3  # shorter ones are parts of identifiers


@dataclass(frozen=True)
class Query:
    """A question in the two forms that are searched for.

    Attributes:
        dense: Unit vector, shape (dimension,).
        sparse: BM25 weights of the terms the collection knows.
        unknown_share: Share of the question's terms that the collection does not know, each
            weighted by its inverse document frequency, 0 to 1.
        topic: Inverse document frequency by term, of the terms that carry the topic, unknown ones
            included; a misspelt word stands under the term it was taken for.
    """

    dense: Vectors
    sparse: SparseVector
    unknown_share: float
    topic: Mapping[str, float]


@dataclass(frozen=True)
class Evidence:
    """How well one passage fits the question as it was asked.

    Attributes:
        cosine: Similarity of the embeddings, -1 to 1.
        share: BM25 score over the highest any passage could have, 0 to 1.
        rank: Place in the ranking, counted from 1.
    """

    cosine: float
    share: float
    rank: int

    @property
    def relevance(self) -> float:
        """Probability that the passage is relevant."""
        logit = (
            RELEVANCE_INTERCEPT
            + RELEVANCE_COSINE * self.cosine
            + RELEVANCE_SHARE * self.share
            + RELEVANCE_RANK / self.rank
        )
        return 1.0 / (1.0 + math.exp(-logit))


@dataclass(frozen=True)
class FoundPassage:
    """A hit with what answering needs beyond it."""

    hit: Hit
    evidence: Evidence
    payload: Payload

    @cached_property
    def sentences(self) -> Sentences:
        """The sentences of the passage with their vectors; unpacked when first asked for."""
        return to_sentences(self.payload)


@dataclass(frozen=True)
class Found:
    """A search with its inner values; `result` is what faces see."""

    query: Query
    passages: tuple[FoundPassage, ...]
    result: SearchResult


@dataclass(frozen=True)
class Round:
    """The lists of one round, the best first."""

    dense: Scored = NOTHING
    sparse: Scored = NOTHING
    fused: Scored = NOTHING


class Searcher:
    """Searches one open index; safe to use from several threads."""

    def __init__(
        self,
        index: PassageIndex,
        embedder: Embedder,
        statistics: TermStatistics,
        parameters: FusionParameters | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._statistics = statistics
        self._parameters = parameters or FusionParameters()

    def understand(self, question: str) -> Query:
        """Embed and analyse a question."""
        return self.understand_vector(question, self._embedder.embed([question])[0])

    def understand_vector(self, question: str, vector: Vectors) -> Query:
        """Analyse a question whose vector is known."""
        known = self._statistics.document_frequency
        terms: list[str] = []
        unknown: dict[str, float] = {}
        for term in analyze(question):
            if term_id(term) in known:
                terms.append(term)
                continue
            meant = correct(term, self._statistics)
            unknown[term] = 1.0 if meant is None else _MISSPELT
            terms += [meant] if meant else []
        topic = {
            term: self._statistics.idf(term_id(term)) * _weight(term)
            for term in terms
            if term not in _QUESTION_WORDS
        }
        missing = {
            term: self._statistics.idf_unknown * share * _weight(term)
            for term, share in unknown.items()
            if term not in _QUESTION_WORDS and len(term) >= _SHORTEST_UNKNOWN
        }
        total = sum(topic.values()) + sum(missing.values())
        return Query(
            dense=vector,
            sparse=query_vector(terms, self._statistics),
            unknown_share=sum(missing.values()) / total if total else float(not terms),
            topic=topic | {term: idf for term, idf in missing.items() if unknown[term] == 1.0},
        )

    def rank(self, query: Query) -> tuple[Round, Round]:
        """Return both rounds; without feedback the second is the first."""
        first = self._round(query.dense, query.sparse)
        seeds = [int(point) for point in first.fused.points[: self._parameters.feedback_passages]]
        stored = self._index.vectors(seeds) if seeds else {}
        kept = [n for n, seed in enumerate(seeds) if seed in stored]
        if not kept:
            return first, first
        vectors = [stored[seeds[n]] for n in kept]
        weights = passage_weights(
            [float(first.fused.scores[n]) for n in kept], self._parameters.feedback_sharpness
        )
        second = self._round(
            expand_dense(query.dense, vectors, weights, self._parameters),
            expand_sparse(query.sparse, vectors, weights, self._statistics, self._parameters),
        )
        return first, second

    def _round(self, dense: Vectors, sparse: SparseVector) -> Round:
        depth, moments = self._parameters.depth, self._statistics.moments
        dense_list = by_passage(self._index.nearest_dense(dense, depth))
        sparse_list = self._index.nearest_sparse(sparse, depth)
        last = float(dense_list.scores[-1]) if len(dense_list) else 0.0
        # A sparse list that is not full holds every passage with a score above 0.
        least = float(sparse_list.scores[-1]) if len(sparse_list) >= depth else 0.0
        fused = fuse(
            Side(dense_list, moments.dense_scale(dense), last),
            Side(sparse_list, moments.sparse_scale(sparse), least),
            self._parameters.dense_weight,
        )
        return Round(dense_list, sparse_list, fused)

    def find(self, question: str, k: int) -> Found:
        """Return the `k` best passages for a question."""
        started = time.perf_counter()
        query = self.understand(question)
        embedded = time.perf_counter()
        first, last = self.rank(query)
        points = [int(point) for point in last.fused.points[:k]]
        passages = self._read(query, first, points)
        finished = time.perf_counter()
        timings = {
            "embed": (embedded - started) * 1e3,
            "search": (finished - embedded) * 1e3,
            "total": (finished - started) * 1e3,
        }
        trace = self._trace(passages, first, last)
        hits = tuple(found.hit for found in passages)
        return Found(query, passages, SearchResult(question, hits, timings, trace))

    def _read(
        self, query: Query, first: Round, points: Sequence[PointId]
    ) -> tuple[FoundPassage, ...]:
        payloads, scores = self._index.payloads(points), self._scores(query, first, points)
        ideal = sum(query.sparse.values()) or 1.0
        found = []
        for rank, point in enumerate(points, start=1):
            if point not in payloads or point not in scores:
                continue  # deleted by an ingest between ranking and reading
            cosine, bm25 = scores[point]
            found.append(_found(payloads[point], Evidence(cosine, min(bm25 / ideal, 1.0), rank)))
        return tuple(found)

    def _scores(
        self, query: Query, first: Round, points: Sequence[PointId]
    ) -> dict[PointId, tuple[float, float]]:
        """Return cosine and BM25 score for the question as it was asked."""
        # Round one has scored most of them: few vectors are left to be read.
        dense, sparse = first.dense.by_point(), first.sparse.by_point()
        listed = {p: (dense[p], sparse[p]) for p in points if p in dense and p in sparse}
        stored = self._index.vectors([point for point in points if point not in listed])
        return listed | {point: _score(query, vectors) for point, vectors in stored.items()}

    def passage_payload(self, point: PointId) -> Payload | None:
        """Return what is stored for one passage."""
        return self._index.payloads([point]).get(point)

    def _trace(self, passages: Sequence[FoundPassage], first: Round, last: Round) -> dict[str, Any]:
        lists = {
            "rank_dense": first.dense,
            "rank_sparse": first.sparse,
            "rank_first_round": first.fused,
            "rank": last.fused,
        }
        ranks = {name: _ranks(scored) for name, scored in lists.items()}
        rows = []
        for found in passages:
            point = point_id(found.hit.passage.passage_id)
            rows.append(
                {
                    "passage_id": found.hit.passage.passage_id,
                    "cosine": round(found.evidence.cosine, 4),
                    "bm25_share": round(found.evidence.share, 4),
                    "relevance": round(found.evidence.relevance, 4),
                    **{name: rank.get(point) for name, rank in ranks.items()},
                }
            )
        return {"hits": rows, "dense_weight": self._parameters.dense_weight}


def _weight(term: str) -> float:
    return _LIGHT if term in _LIGHT_WORDS else 1.0


def _found(payload: Payload, evidence: Evidence) -> FoundPassage:
    hit = Hit(to_passage(payload), evidence.relevance)
    return FoundPassage(hit, evidence, payload)


def _score(query: Query, stored: StoredVectors) -> tuple[float, float]:
    bm25 = sum(weight * stored.sparse.get(term, 0.0) for term, weight in query.sparse.items())
    return float(np.dot(query.dense, stored.dense)), bm25


def _ranks(scored: Scored) -> dict[PointId, int]:
    """Return the rank of each point in a list, counted from 1."""
    return {point: rank for rank, point in enumerate(scored.points.tolist(), start=1)}
