"""Pseudo-relevance feedback: the query learns from the first round's best passages.

Sparse side: a relevance model in the manner of RM3 (Abdul-Jaleel et al., TREC 2004) whose term
weights are BM25's own. Dense side: Rocchio's rule on the unit vectors (Rocchio, 1971).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from lectern.retrieval.bm25 import SparseVector, TermStatistics
from lectern.retrieval.embedders.base import Vectors, unit
from lectern.retrieval.fusion import FusionParameters
from lectern.retrieval.index.base import StoredVectors


def passage_weights(scores: Sequence[float], sharpness: float) -> list[float]:
    """Return the softmax of the passages' fused scores."""
    powers = np.exp(sharpness * (np.array(scores) - max(scores)))
    return [float(weight) for weight in powers / powers.sum()]


def expand_sparse(
    query: SparseVector,
    passages: Sequence[StoredVectors],
    weights: Sequence[float],
    statistics: TermStatistics,
    parameters: FusionParameters,
) -> SparseVector:
    """Mix the query with the terms that stand out in the passages.

    Both sides are scaled to sum 1, in units of query term weight without idf, so that
    `feedback_weight` is a share.
    """
    model: dict[int, float] = defaultdict(float)
    for passage, weight in zip(passages, weights, strict=True):
        salience = {t: tf * statistics.idf(t) for t, tf in passage.sparse.items()}
        total = sum(salience.values()) or 1.0
        for term, value in salience.items():
            model[term] += weight * value / total
    chosen = heapq.nlargest(parameters.feedback_terms, ((v, t) for t, v in model.items()))
    model_total = sum(value for value, _ in chosen) or 1.0
    counts = {term: weight / statistics.idf(term) for term, weight in query.items()}
    count_total = sum(counts.values()) or 1.0
    share = parameters.feedback_weight if query else 1.0
    expanded: dict[int, float] = defaultdict(float)
    for term, count in counts.items():
        expanded[term] += (1.0 - share) * count / count_total * statistics.idf(term)
    for value, term in chosen:
        expanded[term] += share * value / model_total * statistics.idf(term)
    return dict(expanded)


def expand_dense(
    query: Vectors,
    passages: Sequence[StoredVectors],
    weights: Sequence[float],
    parameters: FusionParameters,
) -> Vectors:
    """Move the query towards the passages; half of the result stays with the query as asked."""
    centre = np.zeros_like(query)
    for passage, weight in zip(passages, weights, strict=True):
        centre += weight * passage.dense
    moved = unit(query + parameters.feedback_pull * unit(centre))
    return np.asarray((moved + query) / 2.0, np.float32)
